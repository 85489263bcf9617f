"""Tiny data of the engine tests; what a runner switches for the whole process is put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope

from tests.datasets.tiny_coco import write_coco


@pytest.fixture(scope='session')
def coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 random images with a person each; not to be changed."""
    return write_coco(tmp_path_factory.mktemp('coco'), num_images=16)


@pytest.fixture(scope='module', autouse=True)
def no_report() -> Iterator[None]:
    """Runners do not ask the compilers for their versions, which takes a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.runner.runner.collect_env', lambda: {})
        yield


@pytest.fixture(autouse=True)
def host_settings() -> Iterator[None]:
    """Bare names are mmpose's; no deterministic algorithms after the test."""
    init_default_scope('mmpose')
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False
