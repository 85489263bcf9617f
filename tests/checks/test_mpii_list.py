"""Faults of MPII's list and its head boxes: each is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from scipy.io import savemat

from tests.helpers.label_faults.fault import HUGE, INF, MISSING, NAN, show
from tests.helpers.tiny_kites import save
from vitpose_mm.checks.preflight import check_config

NUMBER = 4


def people() -> list[dict]:
    """A good list."""
    joints = [[10.0 + i, 12.0 + i] for i in range(16)]
    return [
        {'image': f'{i:09d}.jpg', 'joints': joints, 'joints_vis': [1] * 16, 'center': [30, 30], 'scale': 0.5}
        for i in range(NUMBER)
    ]


@pytest.fixture
def cfg(tmp_path: Path) -> Config:
    """A config that tests on a good list and its head boxes in ``tmp_path``."""
    for i in range(NUMBER):
        cv2.imwrite(str(tmp_path / f'{i:09d}.jpg'), np.zeros((60, 80, 3), np.uint8))
    save(people(), tmp_path / 'mpii.json')
    savemat(tmp_path / 'gt.mat', {'headboxes_src': np.ones((2, 2, NUMBER))})
    dataset = {
        'type': 'MpiiDataset', 'data_root': str(tmp_path), 'ann_file': 'mpii.json', 'data_prefix': {'img': ''},
        'headbox_file': str(tmp_path / 'gt.mat'), 'test_mode': True,
    }  # fmt: skip
    return Config({
        'work_dir': str(tmp_path / 'out'), 'model': {'head': {'out_channels': 16}},
        'test_dataloader': {'dataset': dataset}, 'test_evaluator': {'type': 'MpiiPCKAccuracy'},
    })  # fmt: skip


def put(key: str, value: Any) -> Callable[[list], None]:
    """Return what sets a key of one person."""

    def change(found: list) -> None:
        if value is MISSING:
            del found[2][key]
        else:
            found[2][key] = value

    return change


def each(key: str, values: tuple) -> list[tuple[str, Callable[[list], Any], str]]:
    """Return a fault for each value of a key."""
    return [(f'{key} {show(value)}', put(key, value), f"person number 2 has '{key}'") for value in values]


FAULTS: list[tuple[str, Callable[[list], Any], str]] = [
    *(
        (f'whole {show(value)}', lambda found, value=value: value, 'it is not a list of people')
        for value in ({}, [], [1], 5)
    ),
    *each('image', (MISSING, None, 5, '', 'a.jpg', '1_2.jpg', '../1.jpg')),
    *each('scale', (MISSING, None, 0, -1, NAN, INF, '1', [1], HUGE)),
    *each('center', (MISSING, None, 5, [1], [1, 2, 3], [NAN, 1], [None, 1], ['1', '2'])),
    *each('joints', (MISSING, None, [], [[1, 2]] * 15, [[1, 2, 3]] * 16, [[NAN, 1]] * 16, ['x'] * 16, 'x')),
    *each('joints_vis', (MISSING, None, [1] * 15, [2] * 16, [-1] * 16, [NAN] * 16, [0.5] * 16, 'x')),
    ('an image that does not exist', put('image', '77.jpg'), '1 of its 4 images in use cannot be read'),
]


@pytest.mark.parametrize(('name', 'change', 'said'), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_faults_of_the_list(name: str, change: Any, said: str, cfg: Config, tmp_path: Path) -> None:
    found: Any = people()
    changed = change(found)
    save(found if changed is None else changed, tmp_path / 'mpii.json')
    with pytest.raises(ValueError, match=said) as caught:
        check_config(cfg, for_training=False)
    assert 'mpii.json' in str(caught.value) and '\n' not in str(caught.value)


def test_a_good_list(cfg: Config) -> None:
    assert check_config(cfg, for_training=False) == []


@pytest.mark.parametrize(
    ('boxes', 'said'),
    [
        (np.ones((2, 2, 3)), 'has 3 boxes, 3 of them of finite numbers, and the list has 4 people'),
        (np.full((2, 2, 4), np.nan), 'has 4 boxes, 0 of them of finite numbers'),
        (np.ones((3, 5)), 'has no headboxes_src of 2 x 2 numbers'),
        ('x', 'has no headboxes_src of 2 x 2 numbers'),
    ],
)
def test_faults_of_head_boxes(boxes: Any, said: str, cfg: Config, tmp_path: Path) -> None:
    savemat(tmp_path / 'gt.mat', {'headboxes_src': boxes})
    with pytest.raises(ValueError, match=said):
        check_config(cfg, for_training=False)


def test_damaged_head_boxes(cfg: Config, tmp_path: Path) -> None:
    path = tmp_path / 'gt.mat'
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(ValueError, match='is not a whole Matlab file'):
        check_config(cfg, for_training=False)
    path.unlink()
    with pytest.raises(ValueError, match='does not exist'):
        check_config(cfg, for_training=False)
    cfg.test_dataloader.dataset.headbox_file = str(tmp_path / 'mpii.json')
    with pytest.raises(ValueError, match=r'does not end in \.mat'):
        check_config(cfg, for_training=False)
