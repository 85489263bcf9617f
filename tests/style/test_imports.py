"""Imports inside functions run late: each must name a module and an attribute that exist."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def unknown_imports(source: str) -> list[str]:
    """Imports from this package in some source code that fail, as `module.name`."""
    unknown = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] == 'vitpose_mm' and not node.level:
            for alias in node.names:
                try:
                    if not hasattr(importlib.import_module(node.module or ''), alias.name):
                        importlib.import_module(f'{node.module}.{alias.name}')
                except ModuleNotFoundError:
                    unknown.append(f'{node.module}.{alias.name}')
    return unknown


@pytest.mark.parametrize('folder', ['vitpose_mm', 'tools', 'tests'])
def test_every_import_exists(folder: str) -> None:
    paths = sorted((ROOT / folder).rglob('*.py'))
    assert paths
    assert {str(path): unknown for path in paths if (unknown := unknown_imports(path.read_text()))} == {}


def test_a_moved_module_is_found() -> None:
    assert unknown_imports(
        'def f():\n    from vitpose_mm.gone import a\n    from vitpose_mm.zoo import no_such_name'
    ) == [
        'vitpose_mm.gone.a',
        'vitpose_mm.zoo.no_such_name',
    ]
