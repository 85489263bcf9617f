"""A virtual environment that is filled step by step, and one sentence for each way in which that can fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

from progress import say, wait_for

PYTHONS = ((3, 11), (3, 12))  # tried by `make try-python`; the first one is what every test runs with
DISK_GB = 10
AGAIN = 'then run the same command again; it continues.'


class SetupError(Exception):
    """A step that cannot go on; the message is one sentence that says the fix."""


def current_python() -> str:
    """The version of the running Python, as '3.11'."""
    return '.'.join(map(str, sys.version_info[:2]))


def check_python() -> None:
    """Refuse a Python that the pinned packages were not tried with."""
    if sys.version_info[:2] not in PYTHONS:
        have = '.'.join(map(str, sys.version_info[:3]))
        tried = ['.'.join(map(str, version)) for version in PYTHONS]
        raise SetupError(
            f'The pinned packages work with Python {" and ".join(tried)} and this is Python {have}: '
            f'install Python {tried[0]} and run `make PYTHON=python{tried[0]} ...`.'
        )


def check_same_python(folder: Path) -> None:
    """Refuse to continue with another Python in an environment that is begun."""
    settings = folder / 'pyvenv.cfg'
    version = re.search(r'^version *= *(\d+\.\d+)', settings.read_text(), re.MULTILINE) if settings.exists() else None
    if version and version[1] != current_python():
        raise SetupError(
            f'{folder} was made with Python {version[1]} and this is Python {current_python()}: run '
            f'`make PYTHON=python{version[1]} ...`, or `make clean` to make it again.'
        )


def check_disk(folder: Path, needed: float = DISK_GB) -> None:
    """Refuse a disk with less than ``needed`` GB free."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < needed:
        raise SetupError(
            f'{folder} has {free:.1f} GB free and the set-up needs {needed:g} GB: '
            f'free some space, or clone to a larger disk, {AGAIN}'
        )


def check_compiler() -> None:
    """Refuse a machine on which mmcv cannot be compiled."""
    compiler = os.environ.get('CXX', 'g++').split()[0]
    if shutil.which(compiler) is None:
        raise SetupError(
            f'mmcv has to be compiled and there is no C++ compiler {compiler}: '
            f'install one (Debian, Ubuntu: `apt-get install g++`) or set CXX, {AGAIN}'
        )
    header = Path(sysconfig.get_paths()['include']) / 'Python.h'
    if not header.exists():
        raise SetupError(
            f'mmcv has to be compiled and {header} is missing: install the headers of this Python '
            f'(Debian, Ubuntu: `apt-get install python{current_python()}-dev`), {AGAIN}'
        )


NETWORK_SIGNS = (
    'NewConnectionError',
    'Temporary failure in name resolution',
    'ConnectTimeoutError',
    'ReadTimeoutError',
    'Read timed out',
    'Connection refused',
    'Network is unreachable',
    'ProxyError',
    'No matching distribution found',
)


def explain_pip_failure(text: str, log: Path) -> str:
    """Return what pip printed as one sentence with the fix."""
    if 'No space left on device' in text:
        return f'The disk is full: free {DISK_GB} GB, {AGAIN}'
    if any(sign in text for sign in NETWORK_SIGNS):
        return (
            'The package index could not be reached, or does not have a pinned package: '
            f'check the network (or PIP_INDEX_URL and the proxy settings), {AGAIN}'
        )
    return f'pip failed and its messages are in {log}: fix what they say, {AGAIN}'


class Environment:
    """A virtual environment and the marks of the steps that are done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / 'bin' / 'python'
        self.marks = folder / '.vitpose_mm'
        self.log = self.marks / 'pip.log'

    def mark(self, name: str) -> str:
        """The key that a step was done with, or '' where it is still to be done."""
        path = self.marks / name
        return path.read_text() if path.exists() else ''

    def step(self, name: str, key: str, what: str, action: Callable[[], None]) -> None:
        """Run ``action`` unless the same step with the same key is done."""
        if self.mark(name) == key:
            return
        say(what)
        start = time.monotonic()
        action()
        (self.marks / name).write_text(key)
        say(f'{name}: done in {time.monotonic() - start:.0f} s')

    def pip(self, *arguments: str, extra_env: dict[str, str] | None = None) -> None:
        """Run pip with its messages in the log; a failure becomes one sentence."""
        command = [str(self.python), '-m', 'pip', *arguments]
        variables = {
            **os.environ,
            'PIP_DISABLE_PIP_VERSION_CHECK': '1',
            'PIP_NO_INPUT': '1',
            **(extra_env or {}),
        }
        with self.log.open('w') as log:
            code = wait_for(subprocess.Popen(command, env=variables, stdout=log, stderr=subprocess.STDOUT), self.log)
        if code < 0:
            raise SetupError(f'pip was stopped by signal {-code}, as a full memory does: make room, {AGAIN}')
        if code != 0:
            raise SetupError(explain_pip_failure(self.log.read_text(errors='replace'), self.log))

    def install(self, *arguments: str, needs: str, extra_env: dict[str, str] | None = None) -> None:
        """pip install, then import ``needs``; by force where an interrupted run left half a package."""
        self.pip('install', *arguments, extra_env=extra_env)
        if not self.imports(needs):
            say('something does not import: installing it once more')
            self.pip('install', '--force-reinstall', *arguments, extra_env=extra_env)
        if not self.imports(needs):
            raise SetupError(f'`{self.python} -c "import {needs}"` fails: remove {self.folder}, {AGAIN}')

    def output(self, code: str) -> str:
        """Return what a piece of Python prints in the environment, or '' where it fails."""
        done = subprocess.run([str(self.python), '-c', code], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ''

    def imports(self, names: str) -> bool:
        """Whether ``import <names>`` works in the environment."""
        return self.output(f'import {names}; print("yes")').endswith('yes')


def create(env: Environment) -> None:
    """Make the virtual environment, over one of ours but never over somebody else's."""
    if env.folder.exists() and not env.marks.exists():
        raise SetupError(f'{env.folder} was not made by this set-up: move it away or run `make clean`, {AGAIN}')
    shutil.rmtree(env.folder, ignore_errors=True)
    env.marks.mkdir(parents=True)
    say('making a virtual environment')
    if subprocess.run([sys.executable, '-m', 'venv', str(env.folder)], capture_output=True).returncode != 0:
        shutil.rmtree(env.folder, ignore_errors=True)
        raise SetupError(
            'Python could not make a virtual environment: install its venv module '
            f'(Debian, Ubuntu: `apt-get install python{current_python()}-venv`), {AGAIN}'
        )
