"""mmcv with compiled ops: built once against the pinned torch and kept in a cache of our own."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from environment import Environment, SetupError, check_compiler, current_python
from precompiled_header import write_compiler
from progress import say

HERE = Path(__file__).resolve().parent
MMCV = '2.1.0'


def pins(name: str) -> list[str]:
    """The requirement lines of requirements/<name>.txt."""
    lines = (HERE / f'{name}.txt').read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def digest(*names: str) -> str:
    """A key that changes with the requirement lines of these files."""
    text = '\n'.join('\n'.join(pins(name)) for name in names)
    return hashlib.sha256(text.encode()).hexdigest()


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
    probe = 'import torch; a, b = torch.cuda.get_device_capability(); print(f"cuda{torch.version.cuda}-sm{a}{b}")'
    kind = env.output(probe)
    text = subprocess.run([compiler, '--version'], capture_output=True, text=True).stdout
    release = re.search(r'release (\d+)\.', text)
    fits = kind and release and kind.startswith(f'cuda{release[1]}.')
    return kind if fits else 'cpu'


def shelf(kind: str) -> Path:
    """The folder that keeps the mmcv wheel built against the pinned torch for 'cpu' or one kind of GPU.

    pip's own cache knows nothing of torch and hands out wheels that fail with an undefined symbol.
    """
    torch = next(line for line in pins('torch') if line.startswith('torch==')).removeprefix('torch==')
    return cache_root() / f'mmcv-{MMCV}-torch{torch}-cp{current_python().replace(".", "")}-{kind}'


def jobs() -> int:
    """Compilers to run at once: as many as cores, at 2 GB of memory each."""
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(memory // 2)))


def compile_mmcv(env: Environment, kind: str) -> None:
    """Build the wheel of mmcv with its compiled ops onto its shelf."""
    check_compiler()
    ops = 'CPU ops: 3 to 5 minutes on two cores' if kind == 'cpu' else 'CUDA and CPU ops, which takes longer'
    say(f'compiling mmcv {MMCV} with its {ops}, once; kept in {shelf(kind)}')
    shelf(kind).mkdir(parents=True, exist_ok=True)
    flags = {'MMCV_WITH_OPS': '1', 'MAX_JOBS': os.environ.get('MAX_JOBS', str(jobs()))}
    flags |= {'FORCE_CUDA': '0', 'CUDA_VISIBLE_DEVICES': ''} if kind == 'cpu' else {'FORCE_CUDA': '1'}
    # CPPFLAGS is added to the interpreter's own flags; CFLAGS would take the place of its -O3.
    flags['CPPFLAGS'] = f'{os.environ.get("CPPFLAGS", "")} -g0'.strip()
    with tempfile.TemporaryDirectory(dir=shelf(kind)) as build:
        flags['CXX'] = str(write_compiler(Path(build)))
        env.pip(
            *('wheel', '--verbose', '--no-cache-dir', '--no-build-isolation', '--no-deps', '--no-binary', 'mmcv'),
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
    raise SetupError(f'mmcv was compiled and `{env.python} -c "import mmcv.ops"` fails: run that and fix what it says.')


def add_mmcv(env: Environment) -> None:
    """Step: mmcv with CUDA ops where they can be built, else with CPU ops: pose models need no more."""
    kind = gpu_kind(env)
    base = digest('torch', 'build', 'constraints') + MMCV
    if kind == 'cpu' and env.mark('mmcv').startswith(base):
        return  # built for a GPU that this machine happens not to have: it serves a CPU as well
    if kind == 'cpu' and shutil.which('nvidia-smi') is not None:
        say(
            "there is a GPU, and no nvcc of torch's CUDA version or no fitting driver: mmcv gets CPU ops only, and "
            'detectors run on the CPU; with the CUDA toolkit installed, run make again'
        )
    try:
        env.step('mmcv', base + kind, f'installing mmcv {MMCV}', lambda: install_mmcv(env, kind))
    except SetupError as error:
        if kind == 'cpu':
            raise
        say(f'the CUDA ops could not be built ({error}) and pose models need none: going on with the CPU ops')
        env.step('mmcv', base + kind, f'installing mmcv {MMCV}', lambda: install_mmcv(env, 'cpu'))
