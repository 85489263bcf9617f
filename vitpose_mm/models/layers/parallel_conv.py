"""ViTAE's parallel convolution module (PCM)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import Tensor, nn


class ParallelConv(nn.Module):
    """Maps (B, H, W, C) to (B, H, W, C): conv 3x3 (C -> 4C) - BN - SiLU - conv 3x3 (4C -> C), C/4 groups.

    A checkpoint whose kernels are 1x1 (the cell as it is pre-trained) loads: they are zero-padded to
    3x3, which is the same function.

    Args:
        dim: C, a multiple of 4.

    Source: ViTAE's normal cell; ViTPose sec. 4.1 (ViTPose-G).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        if dim % 4:
            raise ValueError(f'The parallel convolution needs a width that 4 divides and got {dim}.')
        groups = dim // 4
        self.expand = nn.Conv2d(dim, 4 * dim, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(4 * dim)
        self.reduce = nn.Conv2d(4 * dim, dim, 3, padding=1, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H, W, C)."""
        y = self.reduce(F.silu(self.norm(self.expand(x.permute(0, 3, 1, 2)))))
        return y.permute(0, 2, 3, 1)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name in ('expand.weight', 'reduce.weight'):
            kernel = state_dict.get(prefix + name)
            if kernel is not None and kernel.shape[-1] == 1:
                state_dict[prefix + name] = F.pad(kernel, (1, 1, 1, 1))
        super()._load_from_state_dict(state_dict, prefix, *args)


@contextmanager
def statistics_kept(module: nn.Module) -> Iterator[None]:
    """Inside, BatchNorms below the module normalise as always and leave their running statistics alone.

    For the second pass of activation checkpointing, which would count every batch twice.
    """
    kinds = nn.modules.batchnorm._BatchNorm
    norms = [part for part in module.modules() if isinstance(part, kinds) and part.track_running_stats]
    before = [(norm.momentum, norm.get_buffer('num_batches_tracked').clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # they must be handed over all the same: both passes have to save the same tensors
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.get_buffer('num_batches_tracked').copy_(count)
