"""Tiny data of the dataset tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.tiny_coco import write_coco


@pytest.fixture(scope='session')
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 random images with a person each; not to be changed."""
    return write_coco(tmp_path_factory.mktemp('coco'), num_images=20)
