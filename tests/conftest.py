"""Fixtures for all tests: real data where it is at hand, one thread, mmengine's default scope."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test starts from the same random state."""
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real images, annotations and weights; they are not part of the project."""
    folder = Path(os.environ.get('VITPOSE_MM_DATA', ROOT.parent / 'shared' / 'data'))
    if not folder.is_dir():
        pytest.skip(f'real data is not at hand: {folder} is no folder (set VITPOSE_MM_DATA)')
    return folder
