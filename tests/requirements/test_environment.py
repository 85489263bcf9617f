from __future__ import annotations

import errno
import sys
from pathlib import Path
from types import SimpleNamespace

import environment
import install
import pytest
from environment import Environment, SetupError

from tests.helpers.setup_errors import sentence_of


def test_a_step_is_done_once(env: Environment, capsys: pytest.CaptureFixture) -> None:
    done = []
    for key in ('a', 'a', 'b'):
        env.step('torch', key, 'downloading torch', lambda key=key: done.append(key))  # type: ignore[misc]
    assert done == ['a', 'b']
    assert capsys.readouterr().out.count('[setup] downloading torch\n') == 2


def test_an_interrupted_step_is_done_again(env: Environment) -> None:
    def broken() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        env.step('torch', 'a', 'downloading', broken)
    done = []
    env.step('torch', 'a', 'downloading', lambda: done.append(1))
    assert done == [1]


def test_somebody_elses_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'env' / 'bin').mkdir(parents=True)
    (tmp_path / 'env' / 'precious').touch()
    assert 'was not made by this set-up' in sentence_of(lambda: environment.create(Environment(tmp_path / 'env')))
    assert (tmp_path / 'env' / 'precious').exists()


@pytest.mark.slow
def test_a_half_made_environment_of_ours_is_made_anew(tmp_path: Path) -> None:
    env = Environment(tmp_path / 'env')
    env.marks.mkdir(parents=True)
    (env.marks / 'torch').write_text('of a Python that is gone')
    environment.create(env)
    assert env.imports('sys, pip')
    assert env.mark('torch') == ''


def test_an_environment_without_pip_is_made_anew(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An interrupt while Python makes the environment leaves one that has a python and no pip."""
    made = []
    monkeypatch.setattr(install, 'Environment', lambda folder: env)
    monkeypatch.setattr(install, 'check_machine', lambda env: None)
    monkeypatch.setattr(install, 'create', lambda env: made.append(env))
    monkeypatch.setattr(install, 'install_stack', lambda env: (env.marks / 'build tools').write_text('key'))
    monkeypatch.setattr(install, 'install_project', lambda env: None)
    install.set_up(env.folder)
    install.set_up(env.folder)
    assert len(made) == 1


def test_no_venv_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.subprocess, 'run', lambda *a, **k: SimpleNamespace(returncode=1))
    env = Environment(tmp_path / 'env')
    monkeypatch.setattr(sys, 'version_info', (3, 12, 1))
    assert 'install its venv module (Debian, Ubuntu: `apt-get install python3.12-venv`)' in sentence_of(
        lambda: environment.create(env)
    )
    assert not env.folder.exists()


@pytest.mark.parametrize(
    ('error', 'code', 'said'),
    [
        (SetupError('Fix this.'), 1, 'error: Fix this.'),
        (KeyboardInterrupt(), 130, 'stopped; the same command continues here.'),
        (OSError(errno.ENOSPC, 'No space left on device'), 1, 'free 10 GB, then run the same command again'),
        (PermissionError(errno.EACCES, 'Permission denied', '/root/.cache'), 1, "'/root/.cache': give this user"),
    ],
)
def test_every_end_is_one_line(
    error: BaseException,
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
) -> None:
    def set_up(folder: Path) -> None:
        raise error

    monkeypatch.setattr(install, 'set_up', set_up)
    monkeypatch.setattr(sys, 'argv', ['install.py', str(tmp_path / 'env')])
    assert install.main() == code
    text = capsys.readouterr().err
    assert said in text and text.count('\n') == 1
