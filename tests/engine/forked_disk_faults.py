"""A full disk or a folder that is gone ends a training with a sentence; what was saved before stays and is found."""

from __future__ import annotations

import os
import re
import resource
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.hooks import Hook

from tests.helpers.forks import Forks
from tests.helpers.tiny_flags import flags
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.checkpoints import newest_readable
from vitpose_mm.engine import train as engine_train

LIMIT = 100_000  # bytes, more than logs and less than a checkpoint


class Before(Hook):
    """Calls a function before the fourth iteration; three checkpoints are written."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    def before_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        if runner.iter == 3:
            self.function()


def train_and_break(config: Path, work_dir: Path, function: Callable[[], object]) -> None:
    original = engine_train.build_runner

    def build(cfg: Any) -> Any:
        runner = original(cfg)
        runner.register_hook(Before(function))
        return runner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_train, 'build_runner', build)
        engine_train.train(flags(config=str(config), work_dir=str(work_dir), launcher='none'))


@pytest.fixture
def config(coco: Path, tmp_path: Path) -> Path:
    cfg = run_cfg(coco, tmp_path)
    for key in ('work_dir', 'experiment_name'):
        cfg.pop(key)
    cfg.default_hooks.checkpoint.update(backend_args={'backend': 'vitpose_mm'}, max_keep_ckpts=2)
    cfg.dump(tmp_path / 'config.py')
    return tmp_path / 'config.py'


def sentence_of(config: Path, work_dir: Path, function: Callable[[], object] = bool) -> str:
    """What a training says that has to fail."""
    forks = Forks(train_and_break, config, work_dir, function, log=config.with_name('said'))
    codes = forks.codes(limit=120)
    forks.clear()
    said = forks.log.read_text()
    assert codes == [1] and 'Traceback' not in said, said
    (sentence,) = re.findall('^error: .*', said, re.MULTILINE)
    return sentence


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT))


def test_no_room_for_a_checkpoint(config: Path, tmp_path: Path) -> None:
    said = sentence_of(config, tmp_path / 'run', limit_files)
    assert re.search(r'iter_4\.pth cannot be written \(File too large\): earlier checkpoints .* --resume', said)
    assert newest_readable(tmp_path / 'run') == tmp_path / 'run' / 'iter_3.pth'
    assert not list((tmp_path / 'run').glob('.*.part'))


@pytest.mark.slow
def test_no_room_for_another_file(config: Path, tmp_path: Path) -> None:
    def fill() -> None:
        (tmp_path / 'run/last_checkpoint').unlink()
        (tmp_path / 'run/last_checkpoint').symlink_to('/dev/full')

    said = sentence_of(config, tmp_path / 'run', fill)
    assert f'{tmp_path}/run cannot be written (No space left on device)' in said
    assert newest_readable(tmp_path / 'run') == tmp_path / 'run' / 'iter_4.pth'


@pytest.mark.slow
def test_a_pointer_that_is_a_loop(config: Path, tmp_path: Path) -> None:
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run/last_checkpoint').symlink_to('last_checkpoint')
    assert 'last_checkpoint is a link to last_checkpoint' in sentence_of(config, tmp_path / 'run')


@pytest.mark.slow
def test_a_folder_that_is_removed(config: Path, tmp_path: Path) -> None:
    said = sentence_of(config, tmp_path / 'run', lambda: shutil.rmtree(tmp_path / 'run'))
    assert re.search(r'run/.*\.json cannot be written \(No such file', said)


def make_loop(folder: Path) -> Path:
    (folder / 'run').symlink_to('run')
    return folder / 'run'


def make_file(folder: Path) -> Path:
    (folder / 'run').touch()
    return folder / 'run'


FOLDERS: dict[str, Callable[[Path], Path]] = {
    'looping link': make_loop,
    'file': make_file,
    'below a file': lambda folder: make_file(folder) / 'run',
    'read-only': lambda folder: Path('/sys/vitpose_mm/run'),
}


@pytest.mark.parametrize('kind', FOLDERS)
def test_a_work_folder_that_cannot_be(config: Path, tmp_path: Path, kind: str) -> None:
    if kind == 'read-only' and os.access('/sys', os.W_OK) and not os.path.ismount('/sys'):
        pytest.skip('/sys is an ordinary folder')
    work_dir = FOLDERS[kind](tmp_path)
    said = sentence_of(config, work_dir)
    assert 'cannot be written' in said and str(work_dir.parent) in said
