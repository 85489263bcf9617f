"""Whether a training signal reaches a knowledge token: its gradient over batches, and the attention it gets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..models.distillers.teacher import Teacher


def gradient_signal(gradients: Sequence[Tensor]) -> dict[str, float]:
    """Return the L2 norm of the mean of (D,) gradients, their standard deviation over batches, and its standard error.

    Where the norm does not exceed the standard error, the batches do not agree on any direction.
    """
    stacked = torch.stack(list(gradients))
    mean = stacked.mean(0)
    deviation = float((stacked - mean).pow(2).sum(1).sum().div(len(stacked) - 1).sqrt())
    return {
        'L2 norm of the mean': float(mean.norm()),
        'standard deviation of a batch': deviation,
        'standard error of the mean': deviation / math.sqrt(len(stacked)),
    }


@torch.no_grad()
def attention_to_token(teacher: Teacher, token: Tensor, crops: Tensor) -> list[float]:
    """Return, for each block, the mean attention of the patch tokens to one token, times the number of keys.

    1 is uniform attention. Blocks without full attention are left out.
    """
    shares: list[float] = []

    def read(module: Any, inputs: tuple[Tensor, ...]) -> None:
        q, k, _ = (module._split_heads(part) for part in module.qkv(inputs[0]).chunk(3, -1))
        weights = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1)
        shares.append(float(weights[..., :-1, -1].mean()) * k.shape[-2])

    blocks = [block.attn for block in teacher.model.backbone.blocks if block.attn.window is None]
    hooks = [attention.register_forward_pre_hook(read) for attention in blocks]
    try:
        teacher.heatmaps(crops, (1, 1), token)
    finally:
        for hook in hooks:
            hook.remove()
    return shares
