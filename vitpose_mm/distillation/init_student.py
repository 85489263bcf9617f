"""Between the stages: initialise the student, and map the token to the student's space."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.runner import set_random_seed
from torch import Tensor

from ..checkpoints.writing import save_file
from ..checks.pretrained import pretrained_warnings
from ..models.distillers.teacher import Teacher, load_teacher
from ..models.distillers.token_file import load_token, save_token
from ..registry import MODELS
from .crops import batches, training_set
from .least_squares import LeastSquares
from .stage_configs import student_of

FIT_CROPS = 512


def write_initial_weights(cfg: Config, *, tuned: Path | None, token: Path, start: Path) -> dict[str, float]:
    """Initialise the student, and write its weights and its token to files.

    The student is initialised here and not when its training starts, because the map is fitted to its
    patch embedding: both have to be of the same weights, and one seed starts all settings from the same.

    Args:
        cfg: whole config; ``model`` is a KnowledgeTokenDistiller with its teacher's checkpoint.
        tuned: what stage 1 wrote; None without a token.
        token: file that the token is written to, at the width of the student.
        start: file that the weights are written to, after the token.

    Returns:
        ``token/explained``, the share of the student's tokens that the map explains, where one was fitted.
    """
    model = cfg.model
    set_random_seed((cfg.get('randomness') or {}).get('seed') or 0)
    student = MODELS.build(student_of(cfg))
    for line in pretrained_warnings(student, None):
        print_log(line, 'current', logging.WARNING)
    student.init_weights()
    found: dict[str, float] = {}
    if tuned is not None:
        value = load_token(tuned)
        width = student.backbone.tokens.shape[-1]
        if value.shape[-1] != width:
            teacher = load_teacher(model.teacher, model.teacher_checkpoint, dtype=model.get('teacher_dtype'))
            if value.shape[-1] != teacher.width:
                raise ValueError(
                    f'{tuned} holds a token {value.shape[-1]} wide, and the teacher is {teacher.width} wide: give the '
                    f'tuned_token.pth of this teacher, or the token.pth of this student ({width} wide).'
                )
            weights, found['token/explained'] = fit_map(cfg, teacher, student)
            value = (value.double() @ weights.T).float()
        save_token(value, token, meta=found)
    state = {f'student.{name}': value for name, value in student.state_dict().items() if name != 'backbone.tokens'}
    save_file(state, start, meta={})
    return found


@torch.no_grad()
def fit_map(cfg: Config, teacher: Teacher, student: Any) -> tuple[Tensor, float]:
    """Fit the (C, C') map of the teacher's tokens, where they enter its first block, to the student's.

    Both are taken over augmented training crops, with position embeddings added, as the token joins patch tokens
    that have them.
    A teacher with another grid has its tokens resized to the student's.
    """
    device = torch.device(get_device())
    student = student.to(device).eval()
    teacher.apply(lambda tensor: tensor.to(device))
    squares = LeastSquares()
    for inputs, _ in batches(training_set(cfg), student.data_preprocessor, max_crops=FIT_CROPS):
        wanted = student.backbone.embed(inputs)  # (B, H, W, C)
        given = teacher.embed(inputs, (wanted.shape[1], wanted.shape[2]))
        squares.add(given.flatten(0, 2), wanted.flatten(0, 2))
    student.cpu()
    weights, explained = squares.solve()
    return weights.cpu(), explained
