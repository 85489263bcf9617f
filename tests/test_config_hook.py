"""`vitpose_mm::` is known to mmengine in every process, at next to no cost, and nothing can break on it."""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

from vitpose_mm import _config_hook
from vitpose_mm._config_hook import TABLE, AddName, install


def run(code: str, *flags: str) -> str:
    """Output of a fresh Python."""
    done = subprocess.run([sys.executable, *flags, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'Error processing' not in done.stderr
    return done.stdout.strip()


def start_line(root: Path) -> str:
    """The one line that Python executes at its start."""
    return (root / 'vitpose_mm.pth').read_text()


def execute(line: str, site: Path) -> None:
    """Do what Python's site module does with a line of a .pth file in this folder."""
    exec(line, {}, {'sitedir': str(site)})  # noqa: S102


def test_known_in_a_process_that_never_imports_us() -> None:
    code = (
        'import sys; from mmengine.config import utils; '
        'print(utils.MODULE2PACKAGE["vitpose_mm"], "vitpose_mm" in sys.modules)'
    )
    assert run(code) == 'vitpose_mm False'


def test_known_to_a_process_without_pth_that_imports_us() -> None:
    """Our own tools need no .pth: the package installs the hook itself, before or after mmengine."""
    start = 'import sys; sys.meta_path[:] = [f for f in sys.meta_path if not hasattr(f, "adds")]; '
    before = 'import vitpose_mm; from mmengine.config.utils import MODULE2PACKAGE as m; print("vitpose_mm" in m)'
    after = 'from mmengine.config.utils import MODULE2PACKAGE as m; import vitpose_mm; print("vitpose_mm" in m)'
    never = 'from mmengine.config.utils import MODULE2PACKAGE as m; print("vitpose_mm" in m)'
    assert run(start + before) == 'True'
    assert run(start + after) == 'True'
    assert run(start + never) == 'False'


def test_base_is_resolved_in_a_bare_process(tmp_path: Path) -> None:
    child = tmp_path / 'child.py'
    child.write_text("_base_ = 'vitpose_mm::coco/vitpose_small_simple_coco-256x192.py'\n")
    code = (
        'import sys; from mmengine.config import Config; '
        f'cfg = Config.fromfile({str(child)!r}); '
        'print(cfg.model.backbone.type, cfg.model.head.type, "vitpose_mm" in sys.modules)'
    )
    assert run(code) == 'vitpose_mm.ViT vitpose_mm.SimpleHead False'


def test_start_of_python_stays_light() -> None:
    assert (
        run('import sys; print([m for m in sys.modules if m.split(".")[0] in ("torch", "mmengine", "vitpose_mm")])')
        == '[]'
    )


@pytest.fixture
def path_hooks(monkeypatch: pytest.MonkeyPatch) -> list:
    """sys.meta_path without our finder, and put back afterwards."""
    finders = [finder for finder in sys.meta_path if not hasattr(finder, 'adds')]
    monkeypatch.setattr(sys, 'meta_path', finders)
    monkeypatch.delitem(sys.modules, TABLE, raising=False)
    return finders


def test_installed_once(path_hooks: list) -> None:
    install()
    install()
    assert [hasattr(finder, 'adds') for finder in sys.meta_path].count(True) == 1


def test_pth_and_package_count_as_one(path_hooks: list, root: Path) -> None:
    execute(start_line(root), root)
    install()
    assert [hasattr(finder, 'adds') for finder in sys.meta_path].count(True) == 1


def test_other_modules_are_not_ours() -> None:
    assert AddName().find_spec('mmengine.config') is None
    assert AddName().find_spec('json', None) is None


class Stubborn:
    """A loader that takes no attribute, as a compiled one may."""

    __slots__ = ()

    def exec_module(self, module: ModuleType) -> None:
        raise AssertionError('not reached')


class StubbornFinder:
    """A finder that answers with such a loader, or breaks."""

    def __init__(self, breaks: bool) -> None:
        self.breaks = breaks

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if self.breaks:
            raise OSError('disk on fire')
        return ModuleSpec(fullname, Stubborn())  # type: ignore[arg-type]


@pytest.mark.parametrize('breaks', [True, False])
def test_never_raises(path_hooks: list, breaks: bool) -> None:
    path_hooks.insert(0, StubbornFinder(breaks))
    assert AddName().find_spec(TABLE) is None


def test_a_table_of_another_shape_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, TABLE, ModuleType(TABLE))
    install()


def test_the_pth_survives_an_absent_package(tmp_path: Path, root: Path) -> None:
    execute(start_line(root), tmp_path)


def test_the_hook_is_plain_ascii(root: Path) -> None:
    """It is read in whatever encoding the machine has."""
    Path(_config_hook.__file__).read_bytes().decode('ascii')
    assert (root / 'vitpose_mm.pth').read_bytes().decode('ascii').count('\n') == 1
