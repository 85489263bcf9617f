"""One teacher checkpoint for all tests of the distillers."""

from __future__ import annotations

import pytest
from mmengine.registry import init_default_scope

from tests.helpers.tiny_models import model_cfg, write_teacher


@pytest.fixture(scope='session')
def teacher_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Weights of ``model_cfg(24)``; not to be changed."""
    init_default_scope('mmpose')
    return write_teacher(tmp_path_factory.mktemp('teacher') / 'teacher.pth', model_cfg(24))
