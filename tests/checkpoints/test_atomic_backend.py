"""A checkpoint is complete or not there, whatever ends its writing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.fileio import get_file_backend

from vitpose_mm.checkpoints.atomic_backend import AtomicLocalBackend


def test_mmengine_finds_it_by_name(tmp_path: Path) -> None:
    import vitpose_mm.registry  # noqa: F401

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
