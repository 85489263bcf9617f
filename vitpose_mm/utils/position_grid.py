"""The (H, W) grid of a position embedding: found from its number of rows, and changed."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_position(pos_embed: Tensor, source: tuple[int, int], target: tuple[int, int]) -> Tensor:
    """(1, 1 + H * W, C) embedding of the grid ``source`` -> (1, 1 + H' * W', C) of ``target``.

    Bicubic, align_corners=False, without antialiasing; the first row has no place and is kept.

    Raises:
        ValueError: ``source`` does not have as many tokens as the embedding.
    """
    if pos_embed.shape[1] != 1 + source[0] * source[1]:
        raise ValueError(
            f'A position embedding of {pos_embed.shape[1]} rows does not belong to a grid of '
            f'{source[0]}x{source[1]} tokens (one row more than tokens): name the grid it was trained on.'
        )
    if source == target:
        return pos_embed
    first, rest = pos_embed[:, :1], pos_embed[:, 1:]
    image = rest.reshape(1, *source, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image.float(), size=target, mode='bicubic', align_corners=False)
    return torch.cat([first, image.flatten(2).transpose(1, 2).to(first)], 1)


def guess_grid(num_tokens: int) -> tuple[int, int]:
    """Number of tokens -> (H, W): square if it can be, else 4:3 upright, the two shapes of released weights.

    Raises:
        ValueError: neither fits.
    """
    side = math.isqrt(num_tokens)
    if side * side == num_tokens:
        return side, side
    unit = math.isqrt(num_tokens // 12)
    if 12 * unit * unit == num_tokens:
        return 4 * unit, 3 * unit
    raise ValueError(
        f'{num_tokens} position rows are neither a square nor a 4:3 grid: convert the checkpoint with '
        f'tools/convert_checkpoint.py --grid H W.'
    )
