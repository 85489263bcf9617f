"""A small attention layer of every kind, and its call on a grid."""

from __future__ import annotations

from typing import Any

import torch

from vitpose_mm.models.layers import Attention

KINDS: dict[str, dict[str, Any]] = {
    'full': {},
    'window': {'window': (2, 3)},
    'shift': {'window': (2, 3), 'shift': True},
    'pool': {'window': (2, 3), 'pool': True},
    'shift+pool': {'window': (4, 2), 'shift': True, 'pool': True},
}


def make(kind: dict, *, rel_pos: tuple[int, int] | None = None, dim: int = 8, heads: int = 2) -> Attention:
    attn = Attention(dim, heads, rel_pos=rel_pos, **kind).double()
    for parameter in attn.parameters():  # rel_pos starts at zero, which would prove nothing
        torch.nn.init.normal_(parameter, std=0.5)
    return attn


def run(attn: Attention, x: torch.Tensor, tokens: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Run attention on (B, H, W, C) and (B, T, C) or None, by way of the sequence that the module takes."""
    num = x.shape[1] * x.shape[2]
    sequence = x.flatten(1, 2) if tokens is None else torch.cat([x.flatten(1, 2), tokens], 1)
    out = attn(sequence, (x.shape[1], x.shape[2]))
    return out[:, :num].unflatten(1, x.shape[1:3]), out[:, num:]
