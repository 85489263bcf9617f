"""Which checkpoint of a work folder a training is resumed from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from vitpose_mm.checkpoints import CheckpointError, newest_readable


class Run:
    """A work_dir with checkpoints whose age is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, 1_000_000

    def save(self, name: str, iterations: int, *, optimizer: bool = True, broken: bool = False) -> Path:
        checkpoint: dict[str, Any] = {'meta': {'iter': iterations}, 'state_dict': {'w': torch.ones(50)}}
        if optimizer:
            checkpoint['optimizer'] = {}
        torch.save(checkpoint, self.folder / name)
        if broken:
            (self.folder / name).write_bytes((self.folder / name).read_bytes()[:300])
        self.clock += 10
        os.utime(self.folder / name, (self.clock, self.clock))
        return self.folder / name

    def point(self, name: str) -> None:
        (self.folder / 'last_checkpoint').write_text(f'/moved/away/{name}')


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr('vitpose_mm.checkpoints.reading.print_log', lambda text, **kwargs: lines.append(text))
    return lines


def test_the_newest_readable_is_taken_and_said(tmp_path: Path, said: list[str]) -> None:
    run = Run(tmp_path)
    run.save('epoch_9.pth', 90)
    wanted = run.save('epoch_10.pth', 100)
    run.point('epoch_10.pth')
    run.save('best_AP.pth', 100, optimizer=False)
    run.save('epoch_11.pth', 110, broken=True)
    assert newest_readable(tmp_path) == wanted
    assert len(said) == 2
    assert said[0].startswith('Passed over: ') and 'epoch_11.pth' in said[0]
    assert said[1] == f'Resuming from {wanted} (after 100 iterations)'


def test_a_newer_save_that_the_pointer_does_not_know_is_taken(tmp_path: Path, said: list[str]) -> None:
    run = Run(tmp_path)
    run.save('iter_5.pth', 5)
    run.point('iter_5.pth')
    assert newest_readable(tmp_path) == tmp_path / 'iter_5.pth'
    assert newest_readable(tmp_path) != run.save('iter_8.pth', 8, broken=True)
    assert run.save('iter_9.pth', 9) == newest_readable(tmp_path)


def test_the_pointer_wins_over_copies_with_mixed_up_times_and_over_an_older_longer_run(
    tmp_path: Path, said: list[str]
) -> None:
    run = Run(tmp_path)
    run.save('epoch_50.pth', 500)
    run.save('epoch_2.pth', 20)
    run.save('epoch_1.pth', 10)
    run.point('epoch_2.pth')
    assert newest_readable(tmp_path) == tmp_path / 'epoch_2.pth'


def test_without_a_pointer_the_newest_readable_is_taken(tmp_path: Path, said: list[str]) -> None:
    assert newest_readable(tmp_path) is None
    assert newest_readable(tmp_path / 'nowhere') is None
    run = Run(tmp_path)
    run.save('best_AP.pth', 100, optimizer=False)
    assert newest_readable(tmp_path) is None
    run.save('epoch_1.pth', 10, broken=True)
    with pytest.raises(CheckpointError, match=r'can be read to resume from, such as epoch_1\.pth: put a good one'):
        newest_readable(tmp_path)
    run.save('epoch_2.pth', 20)
    run.save('epoch_3.pth', 30, broken=True)
    run.point('epoch_3.pth')
    assert newest_readable(tmp_path) == tmp_path / 'epoch_2.pth'


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


BAD_FILES = {
    'dangling link': lambda path: path.symlink_to('gone.pth'),
    'looping link': make_loop,
    'folder': Path.mkdir,
    'pipe': os.mkfifo,
    'empty': Path.touch,
    'endless device': lambda path: path.symlink_to('/dev/zero'),
}


@pytest.mark.parametrize('kind', BAD_FILES)
def test_older_checkpoints_are_found_past_a_bad_file(tmp_path: Path, said: list[str], kind: str) -> None:
    run = Run(tmp_path)
    wanted = run.save('epoch_1.pth', 10)
    BAD_FILES[kind](tmp_path / 'epoch_2.pth')
    run.point('epoch_2.pth')
    assert newest_readable(tmp_path) == wanted
    assert any(text.startswith('Passed over') and 'epoch_2.pth' in text for text in said)


BAD_POINTERS = {
    **BAD_FILES,
    'of another folder': lambda path: path.write_text('/elsewhere/epoch_7.pth'),
    'bytes': lambda path: path.write_bytes(bytes(range(256)) * 100),
    'a link to the checkpoint': lambda path: path.symlink_to('epoch_1.pth'),
    'a path upwards': lambda path: path.write_text('../../epoch_1.pth'),
}


@pytest.mark.parametrize('kind', BAD_POINTERS)
def test_a_bad_pointer_hides_no_checkpoint(tmp_path: Path, said: list[str], kind: str) -> None:
    run = Run(tmp_path)
    run.save('epoch_1.pth', 10)
    wanted = run.save('epoch_2.pth', 20)
    (tmp_path / 'last_checkpoint').unlink(missing_ok=True)
    BAD_POINTERS[kind](tmp_path / 'last_checkpoint')
    assert newest_readable(tmp_path) in (wanted, tmp_path / 'epoch_1.pth' if kind == 'a path upwards' else wanted)
