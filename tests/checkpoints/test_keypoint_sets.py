"""Every keypoint set of MMPose is taken as it is, and one that would fail later, in drawing or writing, is refused."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import mmpose
import numpy as np
import pytest
import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from vitpose_mm.checkpoints import CheckpointError, load_file
from vitpose_mm.checkpoints.keypoint_sets import NEEDED, is_keypoint_set, keypoint_set_problems
from vitpose_mm.checkpoints.plain import to_plain

SETS = sorted((Path(mmpose.__file__).parent / '.mim' / 'configs' / '_base_' / 'datasets').glob('*.py'))
HOSTILE: dict[str, Any] = {
    'names of ten million letters': {'dataset_name': 'x' * 10**7},
    'a name of a keypoint of ten million letters': {'keypoint_id2name': dict.fromkeys(range(17), 'x' * 10**7)},
    'names by other numbers': {'keypoint_id2name': {i + 5: 'x' for i in range(17)}},
    'names that are lists': {'keypoint_id2name': {i: ['x'] for i in range(17)}},
    'names in a list': {'keypoint_id2name': ['x'] * 17},
    'one name': {'keypoint_id2name': {0: 'nose'}},
    'colours of two numbers': {'keypoint_colors': [[1, 2]] * 17},
    'colours of a million numbers': {'keypoint_colors': [[1] * 60_000] * 17},
    'colours that are numbers': {'keypoint_colors': [1] * 17},
    'colours that are large': {'keypoint_colors': np.full((17, 3), 1e300)},
    'colours that are NaN': {'keypoint_colors': np.full((17, 3), np.nan)},
    'more colours than links': {'skeleton_link_colors': [[1, 2, 3]] * 20},
    'a word as colours of links': {'skeleton_link_colors': 'red'},
    'links without colours': {'skeleton_link_colors': []},
    'deviations that are NaN': {'sigmas': [float('nan')] * 17},
    'deviations below 0': {'sigmas': [-1.0] * 17},
    'deviations that are infinite': {'sigmas': [1e300] * 17},
    'deviations in pairs': {'sigmas': [[1.0, 2.0]] * 17},
    'deviations by name': {'sigmas': dict.fromkeys(range(17), 1.0)},
    'weights below 0': {'dataset_keypoint_weights': [-1.0] * 17},
    'a tensor beside the keypoints': {'anything': torch.zeros(3)},
    'bytes deep inside': {'anything': [{'a': b'bytes'}]},
    'a complex number': {'anything': 2j},
}


def keypoint_set(file: Path) -> dict[str, Any]:
    """Return a keypoint set of MMPose as a checkpoint of ours holds it."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return to_plain(parse_pose_metainfo({'from_file': str(file)}))


def write(file: Path, dataset_meta: dict[str, Any]) -> Path:
    torch.save({'state_dict': {'weight': torch.ones(2)}, 'meta': {'dataset_meta': dataset_meta}}, file)
    return file


def test_every_set_of_mmpose_is_taken(tmp_path: Path) -> None:
    """Many have no deviations or links, and one has a weight less than keypoints."""
    assert len(SETS) > 40
    for file in SETS:
        read = load_file(write(tmp_path / 'a.pth', keypoint_set(file)))['meta']['dataset_meta']
        assert is_keypoint_set(read) and not list(keypoint_set_problems(read)), file.stem


@pytest.mark.parametrize('name', HOSTILE)
def test_a_set_that_would_fail_later_is_refused(name: str, tmp_path: Path) -> None:
    coco = keypoint_set(next(file for file in SETS if file.stem == 'coco'))
    load_file(write(tmp_path / 'good.pth', coco))
    with pytest.raises(CheckpointError, match=r'bad\.pth holds a keypoint set or a log that is damaged') as caught:
        load_file(write(tmp_path / 'bad.pth', coco | HOSTILE[name]))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize('key', NEEDED)
def test_a_set_without_a_part_is_not_used(key: str) -> None:
    coco = keypoint_set(next(file for file in SETS if file.stem == 'coco'))
    assert is_keypoint_set(coco)
    assert not is_keypoint_set({**coco, key: None}) and not is_keypoint_set(
        {name: value for name, value in coco.items() if name != key}
    )
