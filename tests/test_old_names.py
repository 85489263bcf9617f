"""Modules that docs and configs of version 0.1 named can still be imported, with one warning that has the new name."""

from __future__ import annotations

import importlib
import sys

import pytest

OLD = {
    'vitpose_mm.engine.sharding': ('vitpose_mm.engine.fsdp', 'ShardedStrategy'),
    'vitpose_mm.inference.datasets': ('vitpose_mm.inference.dataset_selection', 'serve_dataset'),
}


@pytest.mark.parametrize('old', OLD)
def test_an_old_module_gives_the_same_objects_and_names_the_new_one(old: str) -> None:
    new, name = OLD[old]
    sys.modules.pop(old, None)
    with pytest.warns(FutureWarning, match=rf'{old} is called {new} now') as warned:
        module = importlib.import_module(old)
    assert getattr(module, name) is getattr(importlib.import_module(new), name)
    assert len(warned) == 1
