"""The configs as texts: short leaves that say nothing twice, names that nobody else has."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from tests.helpers.shipped_configs import CONFIGS, LEAVES, ident

ROOT = CONFIGS.parent
MOST_LINES, MOST_SHARED = 25, 9


def statements(path: Path) -> list[str]:
    """Lines that say something: no blank ones, no comments."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith('#')]


def test_there_are_configs() -> None:
    assert len(LEAVES) >= 15


@pytest.mark.parametrize('path', LEAVES, ids=ident)
def test_a_leaf_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_no_two_leaves_share_ten_lines() -> None:
    told = {path: Counter(statements(path)) for path in LEAVES}
    shared = {
        (ident(one), ident(other)): (told[one] & told[other]).total()
        for one, other in itertools.combinations(LEAVES, 2)
    }
    assert not {pair: num for pair, num in shared.items() if num > MOST_SHARED}


def test_basenames_are_unique() -> None:
    """`mim train NAME` and `mim run NAME` search the whole package by basename."""
    names = Counter(path.name for folder in (CONFIGS, ROOT / 'tools') for path in folder.rglob('*.py'))
    names.pop('__init__.py', None)
    assert [name for name, num in names.items() if num > 1] == []


def test_traps_of_the_host_are_avoided() -> None:
    assert not (CONFIGS / '_base_/datasets/coco.py').exists()  # mmpose would read its metainfo from it
    assert not (ROOT / 'vitpose_mm/configs').exists()  # mim would look there first
    assert not [path for path in CONFIGS.rglob('*.py') if 'custom_imports' in path.read_text()]
