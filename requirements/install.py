"""Install the pinned stack into a virtual environment; run by `make`, standard library only.

    python3.11 requirements/install.py .venv

Every step leaves a mark in the environment, so a second run continues where the first one stopped and
a finished environment is recognised within a second.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import shutil
import sys
import time
from pathlib import Path

from environment import (
    AGAIN,
    DISK_GB,
    Environment,
    SetupError,
    check_compiler,
    check_disk,
    check_python,
    check_same_python,
    create,
)
from mmcv_wheel import MMCV, add_mmcv, cache_root, digest, pins, shelf
from progress import say

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
EXACT = ('-c', str(HERE / 'constraints.txt'))
STACK = 'mmcv.ops, mmdet.apis, mmpose.apis, mmpretrain'


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


def install_packages(env: Environment) -> None:
    """mmengine, mmdet, mmpose, mmpretrain without their own requirements, and what they really need."""
    env.pip('install', *pins('runtime'), *pins('dev'), *pins('torch'), *EXACT)
    env.install('--no-deps', *pins('mm'), needs='mmengine, timm, pandas, xtcocotools, cv2')


def check_stack(env: Environment) -> None:
    """Refuse an environment in which MMPose's models do not import."""
    if not env.imports(STACK):
        raise SetupError(f'`{env.python} -c "import {STACK}"` fails: remove {env.folder} and {cache_root()}, {AGAIN}')


def check_machine(env: Environment) -> None:
    """Refuse now what would stop the set-up after minutes of downloads."""
    check_python()
    if env.mark('build tools'):
        check_same_python(env.folder)
    if not env.mark('mmcv') and not list(cache_root().glob(f'{shelf("").name}*/mmcv-*.whl')):
        check_compiler()
    if not env.mark('packages'):
        check_disk(env.folder.parent, DISK_GB / 2 if env.mark('torch') else DISK_GB)


def install_stack(env: Environment) -> None:
    """The steps up to an environment in which MMPose and its packages work."""
    env.step(
        'build tools',
        digest('build', 'constraints'),
        'installing build tools: under a minute',
        lambda: env.pip('install', *pins('build'), *EXACT),
    )
    env.step(
        'torch',
        digest('torch', 'build', 'constraints'),
        'downloading and installing torch and torchvision: 2.5 GB, 2 to 10 minutes',
        lambda: env.install('numpy', *pins('torch'), *EXACT, needs='torch, torchvision, numpy'),
    )
    env.step(
        'packages',
        digest('runtime', 'mm', 'dev', 'torch', 'constraints'),
        'installing mmengine, mmdet, mmpose, mmpretrain and what they need: 1 to 3 minutes',
        lambda: install_packages(env),
    )
    add_mmcv(env)
    key = digest('runtime', 'mm', 'torch', 'constraints') + MMCV
    env.step('check', key, 'checking that the packages work together: seconds', lambda: check_stack(env))


def set_up(folder: Path) -> None:
    """Make or complete the environment in ``folder``."""
    start = time.monotonic()
    env = Environment(folder)
    check_machine(env)
    if not env.python.exists() or not env.mark('build tools'):
        create(env)  # again where it was stopped before pip could be used
    install_stack(env)
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
        fix = f'free {DISK_GB} GB' if full else 'give this user the right to write there'
        print(f'[setup] error: {error}: {fix}, {AGAIN}', file=sys.stderr)
    except KeyboardInterrupt:
        print('[setup] stopped; the same command continues here.', file=sys.stderr)
        return 130
    else:
        return 0
    return 1


if __name__ == '__main__':
    sys.exit(main())
