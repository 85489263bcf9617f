"""Do student and teacher fit together? Asked before the first stage, of models without weights."""

from __future__ import annotations

import copy
from typing import Any

import torch
from mmengine.config import Config

from ..models.distillers.knowledge_token import check_preprocessors
from ..models.distillers.teacher import Teacher, check_single, read_model_config
from ..registry import MODELS
from .stage_configs import needs_teacher, student_of

PLAIN = {'type': 'mmengine.BaseDataPreprocessor'}  # of a model that names none


def check_compatibility(cfg: Config) -> None:
    """Config of a distillation -> nothing.

    Raises:
        ValueError: student or teacher have several heads, or they differ in colours or in the number of keypoints.
    """
    student = student_of(cfg)
    head = _build(student).head
    check_single(head, 'student')
    if not needs_teacher(cfg):
        return
    model = read_model_config(cfg.model.teacher)
    Teacher(_build(model)).check_keypoints(head.out_channels)
    check_preprocessors(*(MODELS.build(one.get('data_preprocessor') or PLAIN) for one in (student, model)))


def _build(model: dict) -> Any:
    """Config -> model without weights, or with random ones where its constructor reads numbers."""
    try:
        with torch.device('meta'):
            return MODELS.build(copy.deepcopy(model))
    except RuntimeError:
        return MODELS.build(copy.deepcopy(model))
