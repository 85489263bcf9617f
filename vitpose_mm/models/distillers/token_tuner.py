"""Stage 1 of the knowledge token: a frozen teacher, and the token as the only parameter that is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from vitpose_mm.registry import MODELS

from ..backbones import ViT
from .label_loss import label_loss, target_size
from .teacher import load_teacher

START_STD = 0.02  # of the random token, as of the class token in ViTs


@MODELS.register_module()
class KnowledgeTokenTuner(BaseModel):
    """t* = argmin MSE(T({t; X}), K_gt): maps crops and their labels to the loss of the token alone.

    Args:
        teacher: file, ``package::path`` name, or the model's own config; its backbone is a ViT.
        teacher_checkpoint: file of its weights.
        teacher_dtype: number type of its autocast, 'bfloat16'; None: float32.
        num_tokens: T.

    Raises:
        ValueError: a teacher that is missing or takes no tokens, or float16.

    Source: ViTPose sec. 3.4.
    """

    def __init__(
        self,
        teacher: str | dict,
        teacher_checkpoint: str | None = None,
        *,
        teacher_dtype: str | None = None,
        num_tokens: int = 1,
    ) -> None:
        if teacher_dtype == 'float16':
            raise ValueError(
                "teacher_dtype='float16' leaves a token without a gradient, which is too small for that type: set "
                "model.teacher_dtype='bfloat16', or leave it out."
            )
        built = load_teacher(teacher, teacher_checkpoint, dtype=teacher_dtype)
        if not isinstance(built.model.backbone, ViT):
            kind = type(built.model.backbone).__name__
            raise ValueError(f'A {kind} takes no tokens: choose a teacher with vitpose_mm.ViT, or model.token=none.')
        super().__init__(built.model.data_preprocessor)
        self.teacher = built
        self.token = nn.Parameter(torch.empty(1, num_tokens, built.width))
        nn.init.normal_(self.token, std=START_STD)

    def init_weights(self) -> None:
        """Draw the token again, from the random state that the runner has set."""
        super().init_weights()
        nn.init.normal_(self.token, std=START_STD)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> KnowledgeTokenTuner:
        self.teacher.apply(fn)
        return super()._apply(fn, recurse)

    def forward(self, inputs: Tensor, data_samples: list, mode: str = 'tensor') -> Any:
        """Return the loss of (B, 3, h, w) crops and samples, or the teacher's (B, K, h, w) heatmaps with the token."""
        heatmaps = self.teacher.heatmaps(inputs, target_size(data_samples), self.token)
        if mode == 'tensor':
            return heatmaps
        if mode == 'loss':
            labels, flips = data_samples[0].gt_fields.heatmaps, data_samples[0].metainfo.get('flip_indices')
            self.teacher.check_keypoints(len(labels), flips)
            return {'loss_kpt': label_loss(self.teacher.model.head, heatmaps, data_samples)}
        raise ValueError(f'mode={mode!r} is not for tuning a token: it predicts nothing; evaluate the distilled model.')
