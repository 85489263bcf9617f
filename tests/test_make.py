from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def test_make_without_python(root: Path) -> None:
    done = subprocess.run(['make', 'setup', 'PYTHON='], cwd=root, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == (
        'error: there is no python3.11 or python3.12: install one, or name one with PYTHON=...'
    )


def test_make_goes_on_with_the_python_of_the_environment(root: Path, tmp_path: Path) -> None:
    """make's default is python3.11; an environment that another Python made keeps that one."""
    tools, venv = tmp_path / 'bin', tmp_path / 'env'
    for folder in (tools, venv):
        folder.mkdir()
    for name in ('python3.11', 'python3.12'):
        (tools / name).write_text('#!/bin/sh\n')
        (tools / name).chmod(0o755)
    command = ['make', 'help', f'VENV={venv}']
    variables = {**os.environ, 'PATH': f'{tools}:/usr/bin:/bin'}
    said = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=True).stdout
    assert f'(now: {tools}/python3.11)' in said
    (venv / 'pyvenv.cfg').write_text('home = /usr/bin\nversion = 3.12.1\n')
    said = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=True).stdout
    assert f'(now: {tools}/python3.12)' in said


def test_make_help_is_the_default(root: Path) -> None:
    done = subprocess.run(['make'], cwd=root, capture_output=True, text=True, check=True)
    for target in ('demo', 'test', 'test-fast', 'soak', 'lint', 'try-python', 'catalogue', 'clean', 'clean-cache'):
        assert f'\nmake {target} ' in f'\n{done.stdout}'


def test_ci_stops_at_the_first_failure(root: Path, tmp_path: Path) -> None:
    """.ci/run on a copy whose Makefile fails in one target."""
    (tmp_path / '.ci').mkdir()
    shutil.copy(root / '.ci' / 'run', tmp_path / '.ci' / 'run')
    (tmp_path / 'Makefile').write_text('test:\n\t@echo tested\nlint:\n\t@false\ndemo:\n\t@echo demonstrated\n')
    done = subprocess.run([str(tmp_path / '.ci' / 'run')], capture_output=True, text=True)
    assert done.returncode != 0
    assert 'tested' in done.stdout and 'demonstrated' not in done.stdout and 'everything passed' not in done.stdout
    (tmp_path / 'Makefile').write_text('test lint:\n\t@true\ndemo:\n\t@test "$(FAST)" = 1\n')
    done = subprocess.run([str(tmp_path / '.ci' / 'run')], capture_output=True, text=True, check=True)
    assert 'everything passed' in done.stdout


def test_ci_takes_the_names_of_steps(root: Path, tmp_path: Path) -> None:
    (tmp_path / '.ci').mkdir()
    run = str(shutil.copy(root / '.ci' / 'run', tmp_path / '.ci' / 'run'))
    (tmp_path / 'Makefile').write_text('test lint demo:\n\t@echo did $@\n')
    done = subprocess.run([run, 'lint'], capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if line.startswith('did')] == ['did lint']
    refused = subprocess.run([run, 'lints'], capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr == 'error: lints is not a step: choose from test, lint, demo\n'
