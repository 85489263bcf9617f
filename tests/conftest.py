"""Fixtures for all tests: data, one thread, mmengine's default scope; what runners switch is put back."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from tests.helpers.tiny_coco import write_coco
from tests.helpers.warm_python import shortcuts

ROOT = Path(__file__).resolve().parents[1]


def pytest_configure() -> None:
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))
    original, known = Config._get_cfg_path, {}

    def find_once(cfg_path: str, filename: str) -> tuple[str, str | None]:
        """MMEngine reads all metafiles of MMPose for each config with a base of MMPose's, which most of ours have."""
        if not cfg_path.startswith(('mmpose::', 'mmdet::')):
            return original(cfg_path, filename)
        if cfg_path not in known:
            known[cfg_path] = original(cfg_path, filename)
        return known[cfg_path]

    Config._get_cfg_path = staticmethod(find_once)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: where two processes share the files, quick ones fill the end."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def fresh_state() -> Iterator[None]:
    """Every test starts from the same random state and in mmpose's scope, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpose'):
        yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False


@pytest.fixture(scope='session', autouse=True)
def quick_runners() -> Iterator[None]:
    """Runners do not lay out the text of their config in each checkpoint, nor look for compilers: a second each."""
    with shortcuts():
        yield


@pytest.fixture(scope='session')
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 random images with a person each; not to be changed."""
    return write_coco(tmp_path_factory.mktemp('coco'), num_images=16)


@pytest.fixture(scope='session')
def root() -> Path:
    """The checkout."""
    return ROOT


SHARED_DATA = Path(os.environ.get('VITPOSE_MM_DATA', ROOT.parent / 'shared' / 'data'))


@pytest.fixture(scope='session')
def shared_data() -> Path:
    """Real images, annotations and weights; they are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f'real data is not at hand: {SHARED_DATA} is not a folder (set VITPOSE_MM_DATA)')
    return SHARED_DATA


@pytest.fixture(scope='session')
def shared_data_or_none() -> Path | None:
    """As ``shared_data``, for tests that can do with synthetic data too."""
    return SHARED_DATA if SHARED_DATA.is_dir() else None
