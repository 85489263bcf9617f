from __future__ import annotations

import os
import sys
from pathlib import Path

import mmcv_wheel
import pytest
from environment import Environment, SetupError

from tests.helpers.setup_errors import put_wheel, sentence_of


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
    python = f'cp{sys.version_info[0]}{sys.version_info[1]}'
    assert mmcv_wheel.shelf('cpu') == cache / f'mmcv-2.1.0-torch2.11.0-{python}-cpu'


def test_cache_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('VITPOSE_MM_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', '/x')
    assert mmcv_wheel.cache_root() == Path('/x/vitpose_mm')
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', '/home/me')
    assert mmcv_wheel.cache_root() == Path('/home/me/.cache/vitpose_mm')


def test_mmcv_is_compiled_once(env: Environment, pip: FakePip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmcv_wheel, 'gpu_kind', lambda env: 'cpu')
    monkeypatch.setenv('CPPFLAGS', '-DMINE')
    mmcv_wheel.add_mmcv(env)
    assert pip.installed == ['built'] and len(pip.built) == 1
    assert pip.built[0]['MMCV_WITH_OPS'] == '1'
    assert (pip.built[0]['FORCE_CUDA'], pip.built[0]['CUDA_VISIBLE_DEVICES']) == ('0', '')
    assert pip.built[0]['CPPFLAGS'] == '-DMINE -g0'
    assert mmcv_wheel.shelf('cpu') in Path(pip.built[0]['CXX']).parents
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
