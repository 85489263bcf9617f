"""One pre-norm transformer layer over a token grid and the tokens that are appended to it."""

from __future__ import annotations

import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from .windows import Size


class Block(nn.Module):
    """F' = F + attn(LN(F)) [+ conv(F)]; F_next = F' + mlp(LN(F')).

    Args:
        dim: C.
        attn: maps a (B, L, C) sequence and the (H, W) of its grid to (B, L, C).
        mlp: maps (x (B, .., C), expert (B,) or None) to (B, .., C).
        conv: maps the un-normalised grid (B, H, W, C) to the same, in parallel to attention, or None.
        drop_path: probability to leave out a branch of a sample in training.

    Source: ViTPose eq. 1; the parallel convolution is ViTAE's normal cell.
    """

    def __init__(
        self,
        dim: int,
        attn: nn.Module,
        mlp: nn.Module,
        *,
        conv: nn.Module | None = None,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = attn
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = mlp
        self.conv = conv
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor, grid: Size, expert: Tensor | int | None = None) -> Tensor:
        """Map a (B, L, C) sequence, which begins with an (H, W) grid, to the same shape; experts (B,), one or None."""
        mixed = self.attn(self.norm1(x), grid)
        if self.conv is not None:
            num = grid[0] * grid[1]
            convolved = self.conv(x[:, :num].unflatten(1, grid)).flatten(1, 2)
            if x.shape[1] > num:
                convolved = F.pad(convolved, (0, 0, 0, x.shape[1] - num))
            mixed = mixed + convolved
        x = x + self.drop_path(mixed)
        return x + self.drop_path(self.mlp(self.norm2(x), expert))
