"""A checkpoint is complete or not there, whatever ends its writing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.model import BaseModel
from mmengine.runner import Runner

import vitpose_mm.registry  # noqa: F401  # which gives MMEngine the backend
from vitpose_mm.checkpoints.atomic_backend import AtomicLocalBackend


def test_mmengine_finds_it_by_name(tmp_path: Path) -> None:
    backend = get_file_backend(str(tmp_path), backend_args={'backend': 'vitpose_mm'})
    assert isinstance(backend, AtomicLocalBackend)
    backend.put(b'weights', tmp_path / 'new' / 'a.pth')
    assert (tmp_path / 'new' / 'a.pth').read_bytes() == b'weights'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.pth']


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / 'a.pth'
    file.write_bytes(b'old')

    def fail(descriptor: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(ValueError, match=r'a\.pth cannot be written \(No space left on device\): earlier checkpoints'):
        AtomicLocalBackend().put(b'new', file)
    assert file.read_bytes() == b'old'
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']


def test_a_killed_write_leaves_the_old_file_and_is_cleaned_up(tmp_path: Path) -> None:
    file = tmp_path / 'a.pth'
    file.write_bytes(b'old')
    code = f"""
import os, signal
from pathlib import Path
from vitpose_mm.checkpoints.atomic_backend import AtomicLocalBackend
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
AtomicLocalBackend().put(b'new' * 1000, Path({str(file)!r}))
"""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True)
    assert done.returncode == -9
    assert file.read_bytes() == b'old'
    assert len(list(tmp_path.iterdir())) == 2
    AtomicLocalBackend().put(b'newer', file)
    assert file.read_bytes() == b'newer'
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / 'work').write_text('')
    with pytest.raises(ValueError, match='cannot be written'):
        AtomicLocalBackend().put(b'new', tmp_path / 'work' / 'a.pth')


def train(work_dir: Path, monkeypatch: pytest.MonkeyPatch, *, fail_at: int) -> None:
    """Train for three epochs with ``max_keep_ckpts=1`` on a disk that is full from some write on."""
    writes = 0

    def fsync(descriptor: int) -> None:
        nonlocal writes
        writes += 1
        if writes >= fail_at:
            raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fsync)
    checkpoint = {
        'type': 'CheckpointHook',
        'interval': 1,
        'max_keep_ckpts': 1,
        'backend_args': {'backend': 'vitpose_mm'},
    }
    runner = Runner(
        Line(),
        str(work_dir),
        train_dataloader={
            'batch_size': 1,
            'dataset': [{'inputs': torch.ones(1)}],
            'sampler': {'type': 'DefaultSampler'},
            'collate_fn': {'type': 'default_collate'},
        },
        train_cfg={'by_epoch': True, 'max_epochs': 3},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.01}},
        default_hooks={'checkpoint': checkpoint},
        experiment_name=str(work_dir),
        log_level='ERROR',
    )
    runner.train()


class Line(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict[str, torch.Tensor]:
        return {'loss': self.layer(inputs).sum()}


def test_the_only_checkpoint_goes_after_the_next_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(tmp_path, monkeypatch, fail_at=100)
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_3.pth']


def test_a_full_disk_leaves_the_only_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r'epoch_2\.pth cannot be written'):
        train(tmp_path, monkeypatch, fail_at=2)
    assert [path.name for path in tmp_path.glob('*.pth')] == ['epoch_1.pth']
    assert not AtomicLocalBackend.removed  # nothing of it is removed by a later run
