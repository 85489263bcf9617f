"""Fixtures for all tests: real data where it is at hand, one thread, mmengine's default scope."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))


@pytest.fixture(autouse=True)
def fresh_state() -> Iterator[None]:
    """Every test starts from the same random state and in mmpose's scope, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


SHARED_DATA = Path(os.environ.get('VITPOSE_MM_DATA', ROOT.parent / 'shared' / 'data'))


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real images, annotations and weights; they are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f'real data is not at hand: {SHARED_DATA} is no folder (set VITPOSE_MM_DATA)')
    return SHARED_DATA


@pytest.fixture(scope='session')
def shared_data_or_none() -> Path | None:
    """As ``shared_data``, for tests that can do with synthetic data too."""
    return SHARED_DATA if SHARED_DATA.is_dir() else None
