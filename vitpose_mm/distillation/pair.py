"""Do student and teacher fit together? Asked before the first stage, of models without weights."""

from __future__ import annotations

import torch
from mmengine.config import Config

from ..models.distillers.knowledge_token import check_colours
from ..models.distillers.teacher import Teacher, check_single, read_model_config
from ..registry import MODELS
from .settings import needs_teacher, student_of


def check_pair(cfg: Config) -> None:
    """Config of a distillation -> nothing.

    Raises:
        ValueError: student or teacher have several heads, or they differ in colours or in the number of keypoints.
    """
    student = student_of(cfg)
    with torch.device('meta'):
        built = MODELS.build(student)
    check_single(built.head, 'student')
    if not needs_teacher(cfg):
        return
    model = read_model_config(cfg.model.teacher)
    with torch.device('meta'):
        teacher = Teacher(MODELS.build(model))
    teacher.check_keypoints(built.head.out_channels)
    check_colours(*(MODELS.build(one['data_preprocessor']) for one in (student, model)))
