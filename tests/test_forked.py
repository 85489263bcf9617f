"""Tests that fork trainings: PyTorch refuses that once a process has computed gradients, so each file has its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'tests').rglob('forked_*.py'))


def test_there_are_some() -> None:
    assert len(FILES) == 7


@pytest.mark.slow
@pytest.mark.parametrize('file', FILES)
def test_in_a_process_of_its_own(file: str) -> None:
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-5000:]
    assert ' passed' in done.stdout
