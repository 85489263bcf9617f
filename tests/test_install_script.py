"""The set-up: it refuses early and in one sentence, continues where it stopped, and builds mmcv once."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REQUIREMENTS = Path(__file__).resolve().parents[1] / 'requirements'
sys.path.insert(0, str(REQUIREMENTS))

import environment  # noqa: E402
import install  # noqa: E402
import mmcv_wheel  # noqa: E402
from environment import Environment, SetupError, explain_pip_failure  # noqa: E402


def sentence_of(call: Callable[[], Any]) -> str:
    """The one sentence that a call fails with."""
    with pytest.raises(SetupError) as info:
        call()
    text = str(info.value)
    assert '\n' not in text and text.endswith('.')
    return text


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    """An environment with nothing done, whose Python is the one that runs the tests."""
    env = Environment(tmp_path / 'env')
    env.marks.mkdir(parents=True)
    env.python = Path(sys.executable)
    return env


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for built wheels."""
    monkeypatch.setenv('VITPOSE_MM_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


# --- the machine ---


def test_wrong_python(monkeypatch: pytest.MonkeyPatch) -> None:
    environment.check_python()
    monkeypatch.setattr(sys, 'version_info', (3, 13, 1))
    assert sentence_of(environment.check_python) == (
        'The pinned stack was tested with Python 3.11 and this is Python 3.13.1: '
        'install Python 3.11 and run `make PYTHON=python3.11 ...`.'
    )


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=9.94e9))
    environment.check_disk(tmp_path, 9.9)
    text = sentence_of(lambda: environment.check_disk(tmp_path))
    assert text.startswith(f'{tmp_path} has 9.9 GB free and the set-up needs 10 GB: free some space')


def test_a_continued_set_up_needs_less_disk(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=6e9))
    sentence_of(lambda: install.judge_machine(env))
    (env.marks / 'torch').write_text('done')
    install.judge_machine(env)


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


def test_the_compiler_is_judged_before_any_download(tmp_path: Path, cache: Path) -> None:
    """The whole script, on a PATH without g++: one line, at once, and nothing is made."""
    folder = tmp_path / 'new'
    command = [sys.executable, str(REQUIREMENTS / 'install.py'), str(folder)]
    variables = {**os.environ, 'PATH': str(tmp_path)}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stdout == ''
    assert done.stderr.startswith('[setup] error: mmcv has to be compiled and there is no C++ compiler g++')
    assert done.stderr.count('\n') == 1
    assert not folder.exists() and not cache.exists()


def test_no_compiler_is_needed_with_a_wheel_in_the_cache(
    env: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: SimpleNamespace(free=1e12))
    sentence_of(lambda: install.judge_machine(env))
    put_wheel('cpu')
    install.judge_machine(env)


# --- pip ---


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


def test_a_long_step_gives_signs_of_life(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(environment, 'HEARTBEAT', 0.05)
    process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(0.4)'])
    assert environment.wait_for(process) == 0
    assert '[setup] ... still at it after 0 min' in capfd.readouterr().out


def test_an_interrupt_takes_the_child_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, 'HEARTBEAT', 0.05)
    monkeypatch.setattr(environment, 'say', interrupt)
    process = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
    with pytest.raises(KeyboardInterrupt):
        environment.wait_for(process)
    assert process.poll() not in (None, 0)


# --- steps ---


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
    monkeypatch.setattr(install, 'judge_machine', lambda env: None)
    monkeypatch.setattr(install, 'create', lambda env: made.append(env))
    monkeypatch.setattr(install, 'install_stack', lambda env: (env.marks / 'build tools').write_text('key'))
    monkeypatch.setattr(install, 'install_project', lambda env: None)
    install.set_up(env.folder)
    install.set_up(env.folder)
    assert len(made) == 1


def test_no_venv_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.subprocess, 'run', lambda *a, **k: SimpleNamespace(returncode=1))
    env = Environment(tmp_path / 'env')
    assert 'install its venv module (Debian, Ubuntu: `apt-get install python3.11-venv`)' in sentence_of(
        lambda: environment.create(env)
    )
    assert not env.folder.exists()


@pytest.mark.parametrize(
    ('error', 'code', 'said'),
    [
        (SetupError('Mend this.'), 1, 'error: Mend this.'),
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


# --- mmcv ---


def put_wheel(kind: str, text: str = 'wheel') -> Path:
    """A wheel on its shelf."""
    mmcv_wheel.shelf(kind).mkdir(parents=True, exist_ok=True)
    wheel = mmcv_wheel.shelf(kind) / 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl'
    wheel.write_text(text)
    return wheel


class FakePip:
    """Stands for pip: builds 'wheels', notes the flags, and installs what was asked."""

    def __init__(self, env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
        self.built: list[dict[str, str]] = []
        self.installed: list[str] = []
        self.fails_for = ''
        monkeypatch.setattr(env, 'pip', self.pip)
        monkeypatch.setattr(env, 'imports', lambda names: self.installed[-1] != 'broken')

    def pip(self, *arguments: str, extra_env: dict[str, str] | None = None) -> None:
        if arguments[0] == 'install':
            self.installed.append(Path(arguments[-1]).read_text())
            return
        assert extra_env is not None and '--no-cache-dir' in arguments and '--no-build-isolation' in arguments
        self.built.append(extra_env)
        if extra_env['FORCE_CUDA'] == self.fails_for:
            raise SetupError('Nvcc is unhappy.')
        folder = Path(arguments[arguments.index('--wheel-dir') + 1])
        (folder / 'mmcv-2.1.0-cp311-cp311-linux_x86_64.whl').write_text('built')


@pytest.fixture
def pip(env: Environment, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    return FakePip(env, monkeypatch)


def test_the_shelf_names_torch_python_and_device(cache: Path) -> None:
    assert mmcv_wheel.shelf('cpu') == cache / 'mmcv-2.1.0-torch2.11.0-cp311-cpu'


def test_cache_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('VITPOSE_MM_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', '/x')
    assert mmcv_wheel.cache_root() == Path('/x/vitpose_mm')
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', '/home/me')
    assert mmcv_wheel.cache_root() == Path('/home/me/.cache/vitpose_mm')


def test_mmcv_is_compiled_once(env: Environment, pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmcv_wheel, 'gpu_kind', lambda env: 'cpu')
    mmcv_wheel.add_mmcv(env)
    assert pip.installed == ['built'] and len(pip.built) == 1
    assert pip.built[0]['MMCV_WITH_OPS'] == '1'
    assert (pip.built[0]['FORCE_CUDA'], pip.built[0]['CUDA_VISIBLE_DEVICES']) == ('0', '')
    assert [path.name for path in mmcv_wheel.shelf('cpu').iterdir()] == ['mmcv-2.1.0-cp311-cp311-linux_x86_64.whl']
    mmcv_wheel.add_mmcv(env)
    assert pip.installed == ['built']  # a second run does nothing
    (env.marks / 'mmcv').unlink()
    mmcv_wheel.add_mmcv(env)
    assert pip.installed == ['built', 'built'] and len(pip.built) == 1  # a new environment takes it from the shelf


def test_a_broken_wheel_is_built_again(env: Environment, pip: FakePip) -> None:
    put_wheel('cpu', 'broken')
    mmcv_wheel.install_mmcv(env, 'cpu')
    assert pip.installed == ['broken', 'built']


def test_a_build_that_never_imports_ends(env: Environment, pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, 'imports', lambda names: False)
    assert 'import mmcv.ops' in sentence_of(lambda: mmcv_wheel.install_mmcv(env, 'cpu'))
    assert len(pip.built) == 2


def test_cuda_ops_fall_back_to_cpu_ops(env: Environment, pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmcv_wheel, 'gpu_kind', lambda env: 'cuda13.0-sm90')
    pip.fails_for = '1'
    mmcv_wheel.add_mmcv(env)
    assert [flags['FORCE_CUDA'] for flags in pip.built] == ['1', '0']
    assert not list(mmcv_wheel.shelf('cuda13.0-sm90').glob('*.whl'))
    assert len(list(mmcv_wheel.shelf('cpu').glob('*.whl'))) == 1
    mmcv_wheel.add_mmcv(env)
    assert len(pip.built) == 2  # not tried again at every run


def test_a_cuda_build_stays_on_a_node_without_gpu(
    env: Environment, pip: FakePip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmcv_wheel, 'gpu_kind', lambda env: 'cuda13.0-sm90')
    mmcv_wheel.add_mmcv(env)
    monkeypatch.setattr(mmcv_wheel, 'gpu_kind', lambda env: 'cpu')
    mmcv_wheel.add_mmcv(env)
    assert len(pip.built) == len(pip.installed) == 1


@pytest.mark.parametrize(
    ('torch_says', 'release', 'kind'),
    [
        ('cuda13.0-sm90', 'release 13.0, V13.0.48', 'cuda13.0-sm90'),
        ('cuda13.0-sm90', 'release 12.8, V12.8.93', 'cpu'),  # torch refuses an nvcc of another major version
        ('', 'release 13.0, V13.0.48', 'cpu'),  # no GPU, or a driver that is too old for this torch
        ('cuda13.0-sm90', None, 'cpu'),
    ],
)
def test_gpu_kind(
    env: Environment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    torch_says: str,
    release: str | None,
    kind: str,
) -> None:
    tools = tmp_path / 'bin'
    tools.mkdir()
    scripts = {'nvidia-smi': 'true'} | (
        {} if release is None else {'nvcc': f'echo "Cuda compilation tools, {release}"'}
    )
    for name, script in scripts.items():
        (tools / name).write_text(f'#!/bin/sh\n{script}\n')
        (tools / name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{tools}:/usr/bin:/bin')
    for name in ('CUDA_HOME', 'CUDA_PATH'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(env, 'output', lambda code: torch_says)
    if release is None:
        monkeypatch.setattr(mmcv_wheel, 'nvcc', lambda: None)
    assert mmcv_wheel.gpu_kind(env) == kind


def test_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(64)))
    monkeypatch.setattr(os, 'sysconf', lambda name: {'SC_PAGE_SIZE': 4096, 'SC_PHYS_PAGES': 8 * 2**18}[name])
    assert mmcv_wheel.jobs() == 4  # 8 GB


# --- what is installed ---


def test_every_requirement_has_an_exact_version() -> None:
    exact = {canonicalize_name(Requirement(line).name): Requirement(line) for line in mmcv_wheel.pins('constraints')}
    assert all(str(requirement.specifier).startswith('==') for requirement in exact.values())
    for file in ('build', 'runtime', 'dev'):
        for line in mmcv_wheel.pins(file):
            wanted = Requirement(line)
            if not str(wanted.specifier).startswith('=='):
                version = str(exact[canonicalize_name(wanted.name)].specifier).removeprefix('==')
                assert wanted.specifier.contains(version), line


def test_digest_changes_with_a_pin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mmcv_wheel, 'HERE', tmp_path)
    (tmp_path / 'torch.txt').write_text('# why\ntorch==2.11.0\n')
    first = mmcv_wheel.digest('torch')
    (tmp_path / 'torch.txt').write_text('# another comment\n\ntorch==2.11.0\n')
    assert mmcv_wheel.digest('torch') == first
    (tmp_path / 'torch.txt').write_text('torch==2.12.0\n')
    assert mmcv_wheel.digest('torch') != first


def test_the_editable_install_has_what_mim_and_mmengine_look_for(
    env: Environment, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, checkout = tmp_path / 'site', tmp_path / 'checkout'
    site.mkdir()
    (checkout / 'vitpose_mm').mkdir(parents=True)
    for name in ('configs', 'tools'):
        (checkout / name).mkdir()
    shutil.copy(root / 'vitpose_mm.pth', checkout)
    (checkout / 'model-index.yml').write_text('Import: []\n')
    (site / 'vitpose_mm').symlink_to(tmp_path / 'a_checkout_that_is_gone')
    monkeypatch.setattr(install, 'ROOT', checkout)
    monkeypatch.setattr(env, 'pip', lambda *arguments: None)
    monkeypatch.setattr(env, 'output', lambda code: str(site))
    for _ in range(2):  # again over its own links
        install.install_project(env)
    mim = site / 'vitpose_mm' / '.mim'
    assert mim.resolve() == (checkout / 'vitpose_mm' / '.mim').resolve()
    assert (mim / 'model-index.yml').read_text() == 'Import: []\n'
    assert (mim / 'configs').is_dir() and (mim / 'tools').is_dir()
    assert (site / 'vitpose_mm.pth').read_text() == (root / 'vitpose_mm.pth').read_text()


def test_make_without_python(root: Path) -> None:
    done = subprocess.run(['make', 'setup', 'PYTHON='], cwd=root, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == ('error: there is no python3.11: install it, or name one with PYTHON=...')


def test_make_help_is_the_default(root: Path) -> None:
    done = subprocess.run(['make'], cwd=root, capture_output=True, text=True, check=True)
    for target in ('make demo', 'make test', 'make lint', 'make clean', 'make clean-cache'):
        assert target in done.stdout


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
