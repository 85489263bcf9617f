"""A missing or untested package is named in one sentence, with what to install."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from vitpose_mm import _versions
from vitpose_mm._versions import TESTED, VersionProblem, check, find_problem, parse_version

PINS = {'torch': '2.11.0+cu130', 'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmdet': '3.3.0', 'mmpose': '1.3.2'}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Versions by distribution name, as importlib.metadata would give them; change them at will."""
    versions = dict(PINS)

    def version(name: str) -> str:
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(_versions, 'version', version)
    monkeypatch.setattr(_versions, 'packages_distributions', lambda: {'numpy': ['numpy']})
    return versions


@pytest.mark.parametrize(
    ('text', 'numbers'),
    [
        ('2.11.0+cu130', (2, 11, 0)),
        ('2.6', (2, 6)),
        ('2.6.0rc1', (2, 6, 0)),
        ('2.7.0a0+git12', (2, 7, 0)),
        ('1.3.2.post1', (1, 3, 2)),
        ('unknown', ()),
    ],
)
def test_parse_version(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


def test_the_pins_are_in_the_tested_range(installed: dict[str, str], root: Path) -> None:
    assert find_problem() is None
    check()
    lines = (root / 'requirements' / 'torch.txt').read_text() + (root / 'requirements' / 'mm.txt').read_text()
    for name in ('torch', 'mmengine', 'mmdet', 'mmpose'):
        assert f'{name}=={PINS[name].split("+")[0]}\n' in lines


@pytest.mark.parametrize('name', TESTED)
def test_a_missing_package(installed: dict[str, str], name: str) -> None:
    del installed[name]
    with pytest.raises(VersionProblem) as info:
        check()
    low, below, fix = TESTED[name]
    assert str(info.value) == f'vitpose_mm needs {name}>={low},<{below} and it is not installed: run `{fix}`.'
    assert f'{name}==' in fix


@pytest.mark.parametrize(
    ('name', 'version', 'fits'),
    [
        ('torch', '2.5.1', False),
        ('torch', '2.6.0+cpu', True),
        ('torch', '2.12.1', True),
        ('torch', '2.13.0', False),
        ('mmengine', '0.10.6', False),
        ('mmengine', '0.11.0', False),
        ('mmcv', '2.2.0', False),
        ('mmcv', '2.2', False),
        ('mmcv', '1.7.2', False),
        ('mmcv', '2.0.1', True),
        ('mmdet', '3.2.0', False),
        ('mmpose', '1.3.1', False),
        ('mmpose', '0.29.0', False),
    ],
)
def test_other_versions(installed: dict[str, str], name: str, version: str, fits: bool) -> None:
    installed[name] = version
    problem = find_problem()
    if fits:
        assert problem is None
        return
    low, below, fix = TESTED[name]
    assert problem == f'vitpose_mm needs {name}>={low},<{below} and {version} is installed: run `{fix}`.'


@pytest.mark.parametrize(
    ('version', 'fits'), [((3, 10, 13), False), ((3, 11, 0), True), ((3, 12, 9), True), ((3, 13, 0), False)]
)
def test_other_pythons(
    installed: dict[str, str], monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], fits: bool
) -> None:
    monkeypatch.setattr(sys, 'version_info', version)
    have = '.'.join(map(str, version))
    assert find_problem() == (
        None
        if fits
        else f'vitpose_mm needs Python>=3.11,<3.13 and this is {have}: make an environment with Python 3.11.'
    )


def test_every_file_names_the_same_pythons(root: Path) -> None:
    project = tomllib.loads((root / 'pyproject.toml').read_text())
    low, below = _versions.PYTHON
    assert project['project']['requires-python'] == f'>={low},<{below}'
    sys_path = str(root / 'requirements')
    code = f'import sys; sys.path.insert(0, {sys_path!r}); from environment import PYTHONS; print(PYTHONS)'
    tried = ast.literal_eval(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stdout)
    names = ['.'.join(map(str, version)) for version in tried]
    prefix = 'Programming Language :: Python :: '
    assert names == [line.removeprefix(prefix) for line in project['project']['classifiers'] if prefix in line]
    assert parse_version(low) == tried[0] and parse_version(below) == (3, tried[-1][1] + 1)
    assert f'| Python | `>={low},<{below}` | {", ".join(names)} |' in (root / 'docs' / 'install.md').read_text()


def test_a_fork_under_another_name(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The maintained forks keep the module names: the version of whoever brings the module counts."""
    monkeypatch.setattr(_versions, 'packages_distributions', lambda: {'mmcv': ['forked-mmcv']})
    del installed['mmcv']
    installed['forked-mmcv'] = '2.1.5'
    assert find_problem() is None
    installed['forked-mmcv'] = '2.3.0'
    assert 'mmcv>=2.0.1,<2.2 and 2.3.0 is installed' in str(find_problem())


def test_mmcv_without_ops(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _versions.has_compiled_ops()
    (tmp_path / 'mmcv').mkdir()
    (tmp_path / 'mmcv' / '__init__.py').touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, 'mmcv', raising=False)
    assert not _versions.has_compiled_ops()
    assert 'compiled ops and this mmcv has none: run `MMCV_WITH_OPS=1 pip install' in str(find_problem())


WRONG_MMPOSE = """
import importlib.metadata as metadata
right = metadata.version
metadata.version = lambda name: '1.2.0' if name == 'mmpose' else right(name)
"""


def test_the_import_fails_with_the_sentence() -> None:
    done = subprocess.run([sys.executable, '-c', f'{WRONG_MMPOSE}\nimport vitpose_mm'], capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith('vitpose_mm._versions.VersionProblem: vitpose_mm needs mmpose>=1.3.2,<1.4')


def test_mmengine_does_not_swallow_the_sentence() -> None:
    """Somebody else's launcher only sees our scope in a config; an ImportError would be lost there."""
    build = "from mmengine.registry import MODELS; MODELS.build(dict(type='vitpose_mm.ViT'))"
    done = subprocess.run([sys.executable, '-c', f'{WRONG_MMPOSE}\n{build}'], capture_output=True, text=True)
    assert done.returncode == 1
    assert 'VersionProblem: vitpose_mm needs mmpose' in done.stderr.splitlines()[-1]


def test_the_import_loads_nothing_heavy() -> None:
    code = 'import sys, vitpose_mm; print(sorted({"torch", "numpy", "mmengine", "mmpose", "cv2"} & set(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
