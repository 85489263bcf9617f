from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import environment
import install
import pytest
from environment import Environment

from tests.helpers.setup_errors import put_wheel, sentence_of


def test_wrong_python(monkeypatch: pytest.MonkeyPatch) -> None:
    environment.check_python()
    monkeypatch.setattr(sys, 'version_info', (3, 13, 1))
    assert sentence_of(environment.check_python) == (
        'The pinned packages work with Python 3.11 and 3.12 and this is Python 3.13.1: '
        'install Python 3.11 and run `make PYTHON=python3.11 ...`.'
    )


def test_another_python_than_the_environments(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = env.folder / 'pyvenv.cfg'
    settings.write_text('home = /usr/bin\nversion = 3.11.7\n')
    monkeypatch.setattr(sys, 'version_info', (3, 11, 9))
    environment.check_same_python(env.folder)
    monkeypatch.setattr(sys, 'version_info', (3, 12, 1))
    assert sentence_of(lambda: environment.check_same_python(env.folder)) == (
        f'{env.folder} was made with Python 3.11 and this is Python 3.12: '
        'run `make PYTHON=python3.11 ...`, or `make clean` to make it again.'
    )
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=1e12))
    install.check_machine(env)  # nothing is installed there yet: it is made again
    (env.marks / 'build tools').write_text('done')
    sentence_of(lambda: install.check_machine(env))


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=9.94e9))
    environment.check_disk(tmp_path, 9.9)
    text = sentence_of(lambda: environment.check_disk(tmp_path))
    assert text.startswith(f'{tmp_path} has 9.9 GB free and the set-up needs 10 GB: free some space')


def test_a_continued_set_up_needs_less_disk(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=6e9))
    sentence_of(lambda: install.check_machine(env))
    (env.marks / 'torch').write_text('done')
    install.check_machine(env)


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.check_compiler()
    monkeypatch.setenv('PATH', str(tmp_path))
    assert 'there is no C++ compiler g++: install one (Debian, Ubuntu: `apt-get install g++`)' in sentence_of(
        environment.check_compiler
    )
    monkeypatch.setenv('CXX', 'clang++-18 -O2')
    assert 'no C++ compiler clang++-18:' in sentence_of(environment.check_compiler)


def test_no_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment.sysconfig, 'get_paths', lambda: {'include': str(tmp_path)})
    assert f'{tmp_path}/Python.h is missing: install the headers of this Python' in sentence_of(
        environment.check_compiler
    )


def test_the_compiler_is_checked_before_any_download(root: Path, tmp_path: Path, cache: Path) -> None:
    """The whole script, on a PATH without g++: one line, at once, and nothing is made."""
    folder = tmp_path / 'new'
    command = [sys.executable, str(root / 'requirements' / 'install.py'), str(folder)]
    variables = {**os.environ, 'PATH': str(tmp_path)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stdout == ''
    assert done.stderr.startswith('[setup] error: mmcv has to be compiled and there is no C++ compiler g++')
    assert done.stderr.count('\n') == 1
    assert not folder.exists() and not cache.exists()


def test_the_compiler_is_checked_before_the_disk(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So that the test of the whole script does not depend on the disk."""
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=0))
    assert 'there is no C++ compiler g++' in sentence_of(lambda: install.check_machine(env))


def test_no_compiler_is_needed_with_a_wheel_in_the_cache(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=1e12))
    sentence_of(lambda: install.check_machine(env))
    put_wheel('cpu')
    install.check_machine(env)
