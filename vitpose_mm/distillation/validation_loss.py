"""The loss of models on people that they have not been trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor, nn

from ..models.distillers.label_loss import label_loss, target_size
from ..models.distillers.teacher import Teacher
from .crops import batches, labelled_validation_set

Heatmaps = Callable[[Tensor, tuple[int, int]], Tensor]  # (B, 3, h, w) crops, (h', w') -> (B, K, h', w')


@torch.no_grad()
def validation_losses(
    cfg: Config, models: Mapping[str, Heatmaps], *, head: Any, preprocess: nn.Module
) -> dict[str, float]:
    """Return the mean loss to the labels by name of the model, rounded to 6 digits.

    Args:
        cfg: whole config; its ``val_dataloader`` and ``codec`` make crops and targets, in ground-truth boxes.
        models: functions that return heatmaps, of models in eval mode.
        head: head whose loss is computed.
        preprocess: the models' data preprocessor, on their device.
    """
    sums = dict.fromkeys(models, 0.0)
    seen = 0
    for inputs, samples in batches(labelled_validation_set(cfg), preprocess):
        seen += len(samples)
        for name, heatmaps in models.items():
            loss = label_loss(head, heatmaps(inputs, target_size(samples)), samples)
            sums[name] += len(samples) * float(loss)
    return {name: float(f'{total / seen:.6g}') for name, total in sums.items()}


def teacher_losses(cfg: Config, teacher: Teacher, token: Tensor) -> dict[str, float]:
    """Return a teacher's validation loss without and with a (1, T, C) token at its width."""
    models: dict[str, Heatmaps] = {
        'teacher/held_out_loss': teacher.heatmaps,
        'teacher/held_out_loss_with_token': lambda inputs, size: teacher.heatmaps(inputs, size, token),
    }
    return validation_losses(cfg, models, head=teacher.model.head, preprocess=teacher.model.data_preprocessor)


def student_loss(cfg: Config, student: Any) -> dict[str, float]:
    """Return the validation loss of a trained student."""
    student.eval()
    models: dict[str, Heatmaps] = {'student/held_out_loss': lambda inputs, size: student(inputs, None)}
    return validation_losses(cfg, models, head=student.head, preprocess=student.data_preprocessor)
