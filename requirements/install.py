"""Install the pinned stack into a virtual environment; run by `make`, standard library only.

    python3.11 requirements/install.py .venv

Every step leaves a mark in the environment, so a second run continues where the first one stopped and
a finished environment is recognised within a second.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MMCV = '2.1.0'
PYTHON = (3, 11)
DISK_GB = 10
STACK = 'mmcv.ops, mmdet.apis, mmpose.apis, mmpretrain'
HEARTBEAT = 60  # seconds between two signs of life of a long step
AGAIN = 'then run the same command again; it continues.'


class SetupError(Exception):
    """A step that cannot go on; the message is one sentence that says the mend."""


def say(text: str) -> None:
    """Print one line about the set-up."""
    print(f'[setup] {text}', flush=True)


def pins(name: str) -> list[str]:
    """The requirement lines of requirements/<name>.txt."""
    lines = (HERE / f'{name}.txt').read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def digest(*names: str) -> str:
    """A key that changes with the requirement lines of these files."""
    text = '\n'.join('\n'.join(pins(name)) for name in names)
    return hashlib.sha256(text.encode()).hexdigest()


# --- what can be judged before anything is done -------------------------------------------------------


def check_python() -> None:
    """Refuse another Python than the one the pins were tested with."""
    if sys.version_info[:2] != PYTHON:
        have = '.'.join(map(str, sys.version_info[:3]))
        want = '.'.join(map(str, PYTHON))
        raise SetupError(
            f'The pinned stack was tested with Python {want} and this is Python {have}: '
            f'install Python {want} and run `make PYTHON=python{want} ...`.'
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
            f'(Debian, Ubuntu: `apt-get install python3.11-dev`), {AGAIN}'
        )


# --- the environment ----------------------------------------------------------------------------------


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
    """What pip printed -> one sentence with the mend."""
    if 'No space left on device' in text:
        return f'The disk is full: free {DISK_GB} GB, {AGAIN}'
    if any(sign in text for sign in NETWORK_SIGNS):
        return (
            'The package index could not be reached, or does not have a pinned package: '
            f'check the network (or PIP_INDEX_URL and the proxy settings), {AGAIN}'
        )
    return f'pip failed and its messages are in {log}: mend what they say, {AGAIN}'


class Environment:
    """A virtual environment and the marks of the steps that it has behind it."""

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
            code = wait_for(subprocess.Popen(command, env=variables, stdout=log, stderr=subprocess.STDOUT))
        if code != 0:
            raise SetupError(explain_pip_failure(self.log.read_text(errors='replace'), self.log))

    def install(self, *arguments: str, needs: str, extra_env: dict[str, str] | None = None) -> None:
        """pip install, then import ``needs``; once more by force where an interrupted run left half a package."""
        self.pip('install', *arguments, extra_env=extra_env)
        if not self.imports(needs):
            say('something does not import: installing it once more')
            self.pip('install', '--force-reinstall', *arguments, extra_env=extra_env)
        if not self.imports(needs):
            raise SetupError(f'`{self.python} -c "import {needs}"` fails: remove {self.folder}, {AGAIN}')

    def output(self, code: str) -> str:
        """What a piece of Python prints in the environment, or '' where it fails."""
        done = subprocess.run([str(self.python), '-c', code], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ''

    def imports(self, names: str) -> bool:
        """Whether ``import <names>`` works in the environment."""
        return self.output(f'import {names}; print("yes")').endswith('yes')


def wait_for(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process with a sign of life every minute; take it along when we are stopped."""
    start = time.monotonic()
    try:
        while True:
            try:
                return process.wait(timeout=HEARTBEAT)
            except subprocess.TimeoutExpired:
                say(f'... still at it after {(time.monotonic() - start) / 60:.0f} min')
    except BaseException:
        process.terminate()
        process.wait()
        raise


def create(env: Environment) -> None:
    """Make the virtual environment, over one of ours but never over somebody else's."""
    if env.folder.exists() and not env.marks.exists():
        raise SetupError(
            f'{env.folder} was not made by this set-up: move it away or run `make clean`, {AGAIN}'
        )
    shutil.rmtree(env.folder, ignore_errors=True)
    env.marks.mkdir(parents=True)
    if subprocess.run([sys.executable, '-m', 'venv', str(env.folder)]).returncode != 0:
        shutil.rmtree(env.folder, ignore_errors=True)
        raise SetupError(
            'Python could not make a virtual environment: install its venv module '
            f'(Debian, Ubuntu: `apt-get install python3.11-venv`), {AGAIN}'
        )


# --- mmcv ---------------------------------------------------------------------------------------------


def cache_root() -> Path:
    """Where built wheels are kept: $VITPOSE_MM_CACHE, or vitpose_mm below the user's cache folder."""
    base = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(os.environ.get('VITPOSE_MM_CACHE') or Path(base) / 'vitpose_mm')


def nvcc() -> str | None:
    """The path of the CUDA compiler, as torch looks for it."""
    home = os.environ.get('CUDA_HOME') or os.environ.get('CUDA_PATH')
    return shutil.which(str(Path(home) / 'bin' / 'nvcc') if home else 'nvcc')


def gpu_kind(env: Environment) -> str:
    """'cpu', or as 'cuda13.0-sm90' what mmcv's CUDA ops have to be built for: a GPU and a fitting nvcc."""
    compiler = nvcc()
    if shutil.which('nvidia-smi') is None or compiler is None:
        return 'cpu'
    probe = (
        'import torch; a, b = torch.cuda.get_device_capability(); print(f"cuda{torch.version.cuda}-sm{a}{b}")'
    )
    kind = env.output(probe)
    text = subprocess.run([compiler, '--version'], capture_output=True, text=True).stdout
    release = re.search(r'release (\d+)\.', text)
    fits = kind and release and kind.startswith(f'cuda{release[1]}.')
    return kind if fits else 'cpu'


def shelf(kind: str) -> Path:
    """The folder that keeps the mmcv wheel built against the pinned torch for 'cpu' or one sort of GPU.

    pip's own cache knows nothing of torch and hands out wheels that fail with an undefined symbol.
    """
    torch = next(line for line in pins('torch') if line.startswith('torch==')).removeprefix('torch==')
    return cache_root() / f'mmcv-{MMCV}-torch{torch}-cp{PYTHON[0]}{PYTHON[1]}-{kind}'


def jobs() -> int:
    """Compilers to run at once: as many as cores, at 2 GB of memory each."""
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(memory // 2)))


def compile_mmcv(env: Environment, kind: str) -> None:
    """Build the wheel of mmcv with its compiled ops onto its shelf."""
    check_compiler()
    ops = 'CPU' if kind == 'cpu' else 'CUDA and CPU'
    say(
        f'compiling mmcv {MMCV} with its {ops} ops: 8 to 15 minutes on two cores, once; kept in {shelf(kind)}'
    )
    shelf(kind).mkdir(parents=True, exist_ok=True)
    flags = {'MMCV_WITH_OPS': '1', 'MAX_JOBS': os.environ.get('MAX_JOBS', str(jobs()))}
    flags |= {'FORCE_CUDA': '0', 'CUDA_VISIBLE_DEVICES': ''} if kind == 'cpu' else {'FORCE_CUDA': '1'}
    with tempfile.TemporaryDirectory(dir=shelf(kind)) as build:
        env.pip(
            *('wheel', '--no-cache-dir', '--no-build-isolation', '--no-deps', '--no-binary', 'mmcv'),
            *('--wheel-dir', build, f'mmcv=={MMCV}'),
            extra_env=flags,
        )
        for wheel in Path(build).glob('mmcv-*.whl'):
            wheel.replace(shelf(kind) / wheel.name)


def install_mmcv(env: Environment, kind: str) -> None:
    """Install mmcv from its shelf; build it first where it is absent or does not fit this machine."""
    for _ in range(2):
        if not list(shelf(kind).glob('mmcv-*.whl')):
            compile_mmcv(env, kind)
        wheel = sorted(shelf(kind).glob('mmcv-*.whl'))[-1]
        env.pip('install', '--no-deps', '--force-reinstall', str(wheel))
        if env.imports('mmcv.ops'):
            return
        say(f'{wheel.name} from {shelf(kind)} does not import here: building it again')
        wheel.unlink()
    raise SetupError(
        f'mmcv was compiled and `{env.python} -c "import mmcv.ops"` fails: run that and mend what it says.'
    )


def add_mmcv(env: Environment) -> None:
    """Step: mmcv with CUDA ops where they can be built, else with CPU ops, which is enough for pose models."""
    kind = gpu_kind(env)
    base = digest('torch', 'build', 'constraints') + MMCV
    if kind == 'cpu' and env.mark('mmcv').startswith(base):
        return  # built for a GPU that this machine happens not to have: it serves a CPU as well
    try:
        env.step('mmcv', base + kind, f'installing mmcv {MMCV}', lambda: install_mmcv(env, kind))
    except SetupError as error:
        if kind == 'cpu':
            raise
        say(f'the CUDA ops could not be built ({error}) and pose models need none: going on with the CPU ops')
        env.step('mmcv', base + kind, f'installing mmcv {MMCV}', lambda: install_mmcv(env, 'cpu'))


# --- the whole ----------------------------------------------------------------------------------------


def install_project(env: Environment) -> None:
    """Editable install that mim and `vitpose_mm::` configs understand.

    Both look for site-packages/vitpose_mm/.mim, which no editable mode of setuptools makes: a link
    to the package and a folder of links inside it (git ignores it) stand in.
    """
    env.pip('install', '--no-deps', '--no-build-isolation', '--editable', str(ROOT))
    site = Path(env.output('import sysconfig; print(sysconfig.get_path("purelib"))'))
    package = ROOT / 'vitpose_mm'
    link = site / 'vitpose_mm'
    link.unlink(missing_ok=True)
    link.symlink_to(package, target_is_directory=True)
    shutil.copy(ROOT / 'vitpose_mm.pth', site / 'vitpose_mm.pth')
    mim = package / '.mim'
    mim.mkdir(exist_ok=True)
    for name in ('configs', 'tools', 'model-index.yml'):
        target = mim / name
        if not target.is_symlink():
            target.symlink_to(Path('..') / '..' / name)


def install_packages(env: Environment, constraints: str) -> None:
    """mmengine, mmdet, mmpose, mmpretrain without their own requirements, and what they really need."""
    env.pip('install', *pins('runtime'), *pins('dev'), *pins('torch'), '-c', constraints)
    env.install('--no-deps', *pins('mm'), needs='mmengine, timm, pandas, xtcocotools, cv2')


def check_stack(env: Environment) -> None:
    """Refuse an environment in which the models of the host do not import."""
    if not env.imports(STACK):
        raise SetupError(
            f'`{env.python} -c "import {STACK}"` fails: remove {env.folder} and {cache_root()}, {AGAIN}'
        )


def set_up(folder: Path) -> None:
    """Make or complete the environment in ``folder``."""
    check_python()
    env = Environment(folder)
    start = time.monotonic()
    if not env.mark('packages'):
        check_disk(folder.parent, DISK_GB / 2 if env.mark('torch') else DISK_GB)
    if not env.mark('mmcv') and not list(cache_root().glob(f'{shelf("").name}*/mmcv-*.whl')):
        check_compiler()
    if not env.python.exists() or not env.marks.exists():
        create(env)

    constraints = str(HERE / 'constraints.txt')
    env.step(
        'build tools',
        digest('build', 'constraints'),
        'installing build tools: under a minute',
        lambda: env.pip('install', *pins('build'), '-c', constraints),
    )
    env.step(
        'torch',
        digest('torch', 'build', 'constraints'),
        'downloading and installing torch and torchvision: 2.5 GB, 2 to 10 minutes',
        lambda: env.install('numpy', *pins('torch'), '-c', constraints, needs='torch, torchvision, numpy'),
    )
    env.step(
        'packages',
        digest('runtime', 'mm', 'dev', 'torch', 'constraints'),
        'installing mmengine, mmdet, mmpose, mmpretrain and what they need: 1 to 3 minutes',
        lambda: install_packages(env, constraints),
    )
    add_mmcv(env)
    key = digest('runtime', 'mm', 'torch', 'constraints') + MMCV
    env.step('check', key, 'checking that the packages work together: seconds', lambda: check_stack(env))
    files = [ROOT / 'setup.py', ROOT / 'pyproject.toml', ROOT / 'vitpose_mm.pth', Path(__file__)]
    key = hashlib.sha256(b''.join(file.read_bytes() for file in files)).hexdigest() + str(ROOT)
    env.step('project', key, 'installing vitpose_mm: seconds', lambda: install_project(env))
    took = time.monotonic() - start
    if took > 5:
        say(f'ready after {took / 60:.1f} minutes: {folder}')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='the virtual environment to make or complete')
    folder = parser.parse_args().folder.absolute()
    try:
        set_up(folder)
    except SetupError as error:
        print(f'[setup] error: {error}', file=sys.stderr)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        mend = f'free {DISK_GB} GB' if full else 'give this user the right to write there'
        print(f'[setup] error: {error}: {mend}, {AGAIN}', file=sys.stderr)
    except KeyboardInterrupt:
        print('[setup] stopped; the same command continues here.', file=sys.stderr)
        return 130
    else:
        return 0
    return 1


if __name__ == '__main__':
    sys.exit(main())
