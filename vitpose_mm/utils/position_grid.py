"""Find the (H, W) grid of a position embedding from its number of tokens, and change it."""

from __future__ import annotations

import logging
import math

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

# Of released and of sine-cosine tables the true grid has 0.05 to 0.5 times the roughness of the transposed one.
CLEARLY = 0.8


def resize_position(pos_embed: Tensor, source: tuple[int, int], target: tuple[int, int]) -> Tensor:
    """Resize a (1, 1 + H * W, C) embedding of grid ``source`` to (1, 1 + H' * W', C) of grid ``target``.

    Bicubic, align_corners=False, without antialiasing; the first token has no position and is kept.

    Raises:
        ValueError: ``source`` does not have as many tokens as the embedding.
    """
    _check_positions(pos_embed)
    if pos_embed.shape[1] != 1 + source[0] * source[1]:
        raise ValueError(
            f'A position embedding of {pos_embed.shape[1]} tokens does not belong to a grid of '
            f'{source[0]}x{source[1]} tokens (one row more than tokens): name the grid it was trained on.'
        )
    if source == target:
        return pos_embed
    first, rest = pos_embed[:, :1], pos_embed[:, 1:]
    image = rest.reshape(1, *source, -1).permute(0, 3, 1, 2)
    image = F.interpolate(image.float(), size=target, mode='bicubic', align_corners=False)
    return torch.cat([first, image.flatten(2).transpose(1, 2).to(first)], 1)


def find_grid(pos_embed: Tensor, own: tuple[int, int]) -> tuple[int, int]:
    """Return the (H, W) grid of an embedding (1, 1 + H * W, C) whose file does not say it.

    A square if it can be, else 4:3 upright, else the model's own. Where both the model's grid and another fit, as
    16x12 and 12x16, the embedding decides: tokens below each other are alike. The model's is taken unless they clearly
    are more so in the other. What was taken is logged then.

    Raises:
        ValueError: none fits.
    """
    _check_positions(pos_embed)
    num_tokens = pos_embed.shape[1] - 1
    fits = own[0] * own[1] == num_tokens
    try:
        likely = guess_grid(num_tokens)
    except ValueError:
        if fits:
            return own
        raise
    if not fits or likely == own:
        return likely
    is_likely = _roughness(pos_embed, likely) < CLEARLY * _roughness(pos_embed, own)
    found, other = (likely, own) if is_likely else (own, likely)
    print_log(
        f'The checkpoint does not say the grid of its position embedding: its {num_tokens} tokens are taken for '
        f'{found[0]}x{found[1]}, not {other[0]}x{other[1]}, by how alike neighbours are; '
        f'tools/convert_checkpoint.py --grid H W sets another.',
        logger='current',
        level=logging.WARNING,
    )
    return found


def _roughness(pos_embed: Tensor, grid: tuple[int, int]) -> float:
    """Return the mean square difference between tokens below each other."""
    tokens = pos_embed[0, 1:].float().unflatten(0, grid)
    return float((tokens[1:] - tokens[:-1]).square().mean()) if grid[0] > 1 else math.inf


def read_grid(stored: Tensor) -> tuple[int, int]:
    """Return the (H, W) tokens that a checkpoint of ours says.

    Raises:
        ValueError: they are not two whole numbers above 0.
    """
    sides = stored.flatten().tolist() if stored.numel() == 2 else []
    if not sides or not all(float(side).is_integer() and side > 0 for side in sides):
        raise ValueError(
            'pos_grid of the checkpoint is not two whole numbers above 0, (H, W): name it with --grid H W.'
        )
    return int(sides[0]), int(sides[1])


def _check_positions(pos_embed: Tensor) -> None:
    if pos_embed.ndim != 3 or pos_embed.shape[0] != 1 or 0 in pos_embed.shape:
        raise ValueError(
            f'A position embedding has the shape (1, 1 + H * W, C) and the one of the checkpoint '
            f'{tuple(pos_embed.shape)}: the file is damaged.'
        )


def guess_grid(num_tokens: int) -> tuple[int, int]:
    """Return (H, W) of a number of tokens: square if it can be, else 4:3 upright, the two shapes of released weights.

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
        f'{num_tokens} position tokens are neither a square nor a 4:3 grid: convert the checkpoint with '
        f'tools/convert_checkpoint.py --grid H W.'
    )
