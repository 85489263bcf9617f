"""The set-up's own modules are found here, and it works on an empty environment with an empty cache."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'requirements'))

from environment import Environment


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
