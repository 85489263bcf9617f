"""One pre-norm transformer layer over a token grid."""

from __future__ import annotations

import torch
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn


class Block(nn.Module):
    """F' = F + attn(LN(F)) [+ conv(F)]; F_next = F' + mlp(LN(F')).

    Args:
        dim: C.
        attn: maps (grid (B, H, W, C), tokens (B, T, C) or None) to the same.
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

    def forward(
        self, x: Tensor, tokens: Tensor | None = None, expert: Tensor | int | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """(B, H, W, C), (B, T, C) or None, (B,), one or None -> grid and tokens of the same shapes."""
        mixed, mixed_tokens = self.attn(self.norm1(x), None if tokens is None else self.norm1(tokens))
        if self.conv is not None:
            mixed = mixed + self.conv(x)
        x, tokens = self._add(x, mixed, tokens, mixed_tokens)
        thought = self.mlp(self.norm2(x), expert)
        thought_tokens = None if tokens is None else self.mlp(self.norm2(tokens), expert)
        return self._add(x, thought, tokens, thought_tokens)

    def _add(
        self, x: Tensor, update: Tensor, tokens: Tensor | None, token_update: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Residual sums; a sample keeps or drops the branch for its grid and its tokens alike."""
        if tokens is None or token_update is None:
            return x + self.drop_path(update), None
        both = self.drop_path(torch.cat([update.flatten(1, 2), token_update], 1))
        update, token_update = both.split([both.shape[1] - tokens.shape[1], tokens.shape[1]], 1)
        return x + update.view_as(x), tokens + token_update
