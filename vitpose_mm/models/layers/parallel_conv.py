"""ViTAE's parallel convolution module (PCM)."""

from __future__ import annotations

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
        """Map (B, H, W, C) tokens to the same shape."""
        y = self.reduce(F.silu(self.norm(self.expand(x.permute(0, 3, 1, 2)))))
        return y.permute(0, 2, 3, 1)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name in ('expand.weight', 'reduce.weight'):
            kernel = state_dict.get(prefix + name)
            if kernel is not None and kernel.shape[-1] == 1:
                state_dict[prefix + name] = F.pad(kernel, (1, 1, 1, 1))
        super()._load_from_state_dict(state_dict, prefix, *args)
