"""The feed-forward network of a block."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class FeedForward(nn.Module):
    """Maps (.., C) to (.., C): linear, GELU, linear, each token alone.

    Args:
        dim: C.
        hidden: channels between the two layers.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor, expert: Tensor | None = None) -> Tensor:
        """(B, .., C), expert of each image (B,) or None -> (B, .., C); a plain network ignores the expert."""
        return self.fc2(F.gelu(self.fc1(x)))
