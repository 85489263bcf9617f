"""What we write opens for everybody, and comes back as MMEngine works with it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer

from vitpose_mm.checkpoints import load_file
from vitpose_mm.checkpoints.plain import to_plain

METAINFO: dict[str, Any] = {
    'dataset_name': 'coco',
    'sigmas': np.linspace(0, 1, 5, dtype=np.float32),
    'dataset_keypoint_weights': np.ones(5, np.float32),
    'keypoint_colors': np.arange(15, dtype=np.uint8).reshape(5, 3),
    'skeleton_link_colors': np.array([], np.uint8),  # as mmpose makes it where there are no links
    'flip_pairs': [(1, 2), [3, 4]],
    'keypoint_id2name': {0: 'nose'},
}


def open_elsewhere(path: Path) -> str:
    """What torch.load says in a process that imports nothing else."""
    code = 'import sys, torch; print(sorted(torch.load(sys.argv[1], weights_only=True)))'
    done = subprocess.run([sys.executable, '-c', code, str(path)], capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def test_a_training_checkpoint_opens_elsewhere_and_comes_back_equal(
    tmp_path: Path, training_checkpoint: dict[str, Any]
) -> None:
    training_checkpoint['meta']['dataset_meta'] = {**METAINFO, 'subsets': {'a': dict(METAINFO)}}
    training_checkpoint['param_schedulers'].append({'milestones': Counter({3: 1}), 'box': ConfigDict(a=1)})
    plain = to_plain(training_checkpoint)
    torch.save(plain, tmp_path / 'c.pth')
    assert "['message_hub', 'meta', 'optimizer', 'param_schedulers', 'state_dict']" in open_elsewhere(
        tmp_path / 'c.pth'
    )
    loaded = load_file(tmp_path / 'c.pth')
    found = loaded['meta']['dataset_meta']
    for part in (found, found['subsets']['a']):
        for key, value in METAINFO.items():
            assert type(part[key]) is type(value)
            if isinstance(value, np.ndarray):
                assert part[key].dtype == value.dtype and part[key].shape == value.shape
                assert np.array_equal(part[key], value)
            else:
                assert part[key] == value
    history = loaded['message_hub']['log_scalars']['train/loss']
    first = training_checkpoint['message_hub']['log_scalars']['train/loss']
    assert type(history) is HistoryBuffer and history.max_length == first.max_length
    for ours, theirs in zip(history.data, first.data, strict=True):
        assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    assert history.statistics('mean') == first.statistics('mean')
    assert loaded['message_hub']['runtime_info'] == {'iter': 7, 'eta': 1.5, 'flag': True}
    assert loaded['param_schedulers'][1] == {'milestones': Counter({3: 1}), 'box': {'a': 1}}
    assert type(loaded['param_schedulers'][1]['milestones']) is Counter


def test_versions_of_modules_are_kept(tmp_path: Path) -> None:
    state = torch.nn.BatchNorm1d(2).state_dict()
    plain = to_plain({'state_dict': state})
    assert plain['state_dict']._metadata == OrderedDict({'': {'version': 2}})
    torch.save(plain, tmp_path / 'c.pth')
    assert load_file(tmp_path / 'c.pth')['state_dict']._metadata == {'': {'version': 2}}


def test_what_cannot_be_read_back_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr('vitpose_mm.checkpoints.plain.print_log', lambda text, **kwargs: lines.append(text))
    found = to_plain({'meta': {'path': Path('a'), 'items': [1, Path('b')], 'x': np.array([None])}})
    assert found == {'meta': {'items': [1]}}
    assert len(lines) == 3 and lines[0].startswith('checkpoint.meta.path is a PosixPath, which cannot be read back')


@pytest.mark.parametrize(
    ('value', 'plain'),
    [
        (np.float32(0.1), float(np.float32(0.1))),
        (np.bool_(True), True),
        (np.int64(3), 3),
        (np.str_('a'), 'a'),
        ({1, 2}, [1, 2]),
        (np.array(['a']), ['a']),
    ],
)
def test_numbers_and_texts_of_numpy_become_pythons(value: Any, plain: Any) -> None:
    found = to_plain({'a': value})['a']
    assert found == plain and type(found) is type(plain)
