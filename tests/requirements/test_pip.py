from __future__ import annotations

from pathlib import Path

import pytest
from environment import Environment, explain_pip_failure

from tests.helpers.setup_errors import sentence_of


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('OSError: [Errno 28] No space left on device', 'The disk is full: free 10 GB'),
        ('NewConnectionError: Failed to establish a new connection', 'The package index could not be reached'),
        ('ReadTimeoutError(...): Read timed out.', 'The package index could not be reached'),
        ('ERROR: No matching distribution found for mmcv==2.1.0', 'does not have a pinned package: check the network'),
        ('error: subprocess-exited-with-error', 'pip failed and its messages are in /x/pip.log'),
    ],
)
def test_explain_pip_failure(text: str, sentence: str) -> None:
    explained = explain_pip_failure(f'Collecting things\n{text}\n', Path('/x/pip.log'))
    assert sentence in explained
    assert explained.endswith('then run the same command again; it continues.')


def test_no_network(env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A closed port of this machine stands for an index that cannot be reached."""
    monkeypatch.setenv('PIP_INDEX_URL', 'http://127.0.0.1:9/simple')
    monkeypatch.setenv('PIP_RETRIES', '0')
    for name in ('PIP_FIND_LINKS', 'PIP_EXTRA_INDEX_URL', 'PIP_NO_INDEX'):
        monkeypatch.delenv(name, raising=False)
    call = ['download', 'a-package-that-is-not-here', '--dest', str(tmp_path)]
    assert 'The package index could not be reached' in sentence_of(lambda: env.pip(*call))
    assert 'a-package-that-is-not-here' in env.log.read_text()


def test_a_killed_pip(env: Environment, tmp_path: Path) -> None:
    """What the kernel does when memory runs out."""
    env.python = tmp_path / 'python'
    env.python.write_text('#!/bin/sh\nkill -9 $$\n')
    env.python.chmod(0o755)
    assert 'pip was stopped by signal 9' in sentence_of(lambda: env.pip('install', 'a'))


def test_a_package_left_half_is_installed_once_more(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(env, 'pip', lambda *arguments, extra_env=None: calls.append(arguments))
    env.install('json-like', needs='json')
    assert calls == [('install', 'json-like')]
    calls.clear()
    answers = iter([False, True])
    monkeypatch.setattr(env, 'imports', lambda names: next(answers))
    env.install('torch==1', needs='torch')
    assert calls == [('install', 'torch==1'), ('install', '--force-reinstall', 'torch==1')]
    monkeypatch.setattr(env, 'imports', lambda names: False)
    assert '-c "import torch"` fails: remove' in sentence_of(lambda: env.install('torch==1', needs='torch'))


def test_imports(env: Environment) -> None:
    assert env.imports('json, sys')
    assert not env.imports('json, a_module_that_is_not_here')
