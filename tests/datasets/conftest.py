"""Tiny data of the dataset tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.registry import init_default_scope

from tests.datasets.tiny_coco import write_coco


@pytest.fixture(scope='session')
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 random images with a person each; not to be changed."""
    return write_coco(tmp_path_factory.mktemp('coco'))


@pytest.fixture(autouse=True)
def scope() -> None:
    """Bare names of transforms and codecs are mmpose's."""
    init_default_scope('mmpose')
