"""Check that a student and its teacher fit together, before the first stage, on models without weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch

from ..models.distillers.knowledge_token import check_preprocessors
from ..models.distillers.teacher import Teacher, check_single, read_model_config
from ..registry import MODELS

DEFAULT_PREPROCESSOR = {'type': 'mmengine.BaseDataPreprocessor'}  # of a model that names none


def check_compatibility(student: Mapping[str, Any], teacher: str | Mapping[str, Any] | None) -> None:
    """Compare a student's config with its teacher's: one head each, the same keypoints, the same preprocessing.

    Args:
        student: config of its model.
        teacher: config of its model, or a file or ``package::path`` name of one; None where no stage needs a teacher.

    Raises:
        ValueError: student or teacher have several heads, or they differ in data preprocessors or keypoints.
    """
    head = _build(student).head
    check_single(head, 'student')
    if teacher is None:
        return
    model = read_model_config(teacher)
    Teacher(_build(model)).check_keypoints(head.out_channels)
    check_preprocessors(
        *(MODELS.build(one.get('data_preprocessor') or DEFAULT_PREPROCESSOR) for one in (student, model))
    )


def _build(model: Mapping[str, Any]) -> Any:
    """Build a model without weights, or with random ones where its constructor reads numbers."""
    try:
        with torch.device('meta'):
            return MODELS.build(copy.deepcopy(dict(model)))
    except RuntimeError:
        return MODELS.build(copy.deepcopy(dict(model)))
