"""Tiny data, a teacher, and one whole distillation that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.registry import init_default_scope

from tests.helpers.tiny_distillation import distillation_cfg
from tests.helpers.tiny_models import model_cfg, write_teacher
from vitpose_mm.distillation import Distillation


@pytest.fixture(scope='session')
def teacher_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Weights of ``model_cfg(24)``; not to be changed."""
    init_default_scope('mmpose')
    return write_teacher(tmp_path_factory.mktemp('teacher') / 'teacher.pth', model_cfg(24))


@pytest.fixture(scope='session')
def whole(coco: Path, teacher_file: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work folder of a distillation with both losses that was never stopped; not to be changed."""
    init_default_scope('mmpose')
    folder = tmp_path_factory.mktemp('whole') / 'work'
    Distillation(distillation_cfg(coco, folder, teacher_file), say=str, progress=False).run()
    return folder
