"""Convert tensors of one origin's shape to ours: position embeddings, patch kernels, scales."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..utils.position_grid import guess_grid, resize_position
from .conversion_report import Report
from .key_mapping import State
from .key_tables import Origin

Grid = tuple[int, int]


def to_mae_shape(table: Tensor, origin: Origin, grid: Grid | None, report: Report) -> tuple[Tensor, Grid]:
    """Return a position embedding in MAE's shape, (1, 1 + H * W, C), and its grid (H, W).

    Args:
        table: the position embedding of a file.
        origin: what its first token means: one to add to all others, or that of the class token, which is left out.
        grid: (H, W) that it was trained on; None takes a square if it is one, else 4:3.
        report: gets a line for tokens that are left out.

    Raises:
        ValueError: the tokens do not fit such a grid.
    """
    first, found = _find_grid(table.shape[1], origin.num_first_tokens, grid)
    patches = table[:, first:]
    if origin.first_token_is_added and first:
        return table, found
    if first:
        report.dropped.append(f'the first {first} of {table.shape[1]} tokens of pos_embed (the class token)')
    return torch.cat([torch.zeros_like(patches[:, :1]), patches], 1), found


def _find_grid(tokens: int, num_first_tokens: tuple[int, ...], grid: Grid | None) -> tuple[int, Grid]:
    for first in num_first_tokens:
        if grid is not None and tokens - first == grid[0] * grid[1]:
            return first, grid
        try:
            if grid is None:
                return first, guess_grid(tokens - first)
        except ValueError:
            continue
    if grid is None:
        raise ValueError(
            f'A position embedding of {tokens} tokens is neither a square nor a 4:3 grid: name the one it was trained '
            'on (--grid H W).'
        )
    raise ValueError(
        f'A position embedding of {tokens} tokens was not trained on a grid of {grid[0]}x{grid[1]}: --grid names the '
        'grid of the source; use --to-grid for the one that you want.'
    )


def fold_first_token(state: State, report: Report) -> None:
    """Add the first token of a (1, 1 + N, C) position embedding to all others, for formats without it: (1, N, C)."""
    table = state['backbone.pos_embed']
    if bool(table[:, :1].any()):
        report.folded.append('the first token of pos_embed, added to all others')
        state['backbone.pos_embed'] = table[:, 1:] + table[:, :1]
    else:
        state['backbone.pos_embed'] = table[:, 1:]


def fit_kernel(state: State, how: str, patch_size: int, report: Report) -> None:
    """Fit a (C, 3, k, k) patch kernel to (C, 3, patch_size, patch_size).

    'pad' adds zeros around it (MAE's, of 14 pixels). 'bicubic' resizes it and divides by the growth of its
    area, so that a resized patch gives about the same token (DINO's and timm's).
    """
    name = 'backbone.patch_embed.proj.weight'
    kernel = state.get(name)
    if kernel is None or kernel.shape[-1] == patch_size:
        return
    size = kernel.shape[-1]
    if how == 'bicubic':
        resized = F.interpolate(kernel.float(), size=(patch_size, patch_size), mode='bicubic', align_corners=False)
        state[name] = resized * (size / patch_size) ** 2
    elif size < patch_size:
        left = (patch_size - size) // 2
        right = patch_size - size - left
        state[name] = F.pad(kernel, (left, right, left, right))
        how = 'zero-padded'
    else:
        raise ValueError(f'A patch kernel of {size} pixels cannot be padded to {patch_size}: use --patch-size {size}.')
    report.resized.append(f'patch kernel {size}x{size} -> {patch_size}x{patch_size} pixels ({how})')


def resize_grid(state: State, source: Grid, target: Grid, report: Report) -> None:
    """Resize the position embedding of grid ``source`` to grid ``target``, bicubic without antialiasing."""
    if source == target:
        return
    table = state['backbone.pos_embed']
    state['backbone.pos_embed'] = resize_position(table.float(), source, target)
    report.resized.append(f'position grid {source[0]}x{source[1]} -> {target[0]}x{target[1]} tokens (bicubic)')


def fold_scales(state: State, report: Report) -> State:
    """Multiply the scales after a layer (``x.gamma``, LayerScale) into the layer's own weights."""
    scales = [name for name in state if name.endswith('.gamma')]
    for name in scales:
        stem = name.removesuffix('.gamma')
        gamma = state[name].float()
        state[f'{stem}.weight'] = state[f'{stem}.weight'].float() * gamma[:, None]
        if f'{stem}.bias' in state:
            state[f'{stem}.bias'] = state[f'{stem}.bias'].float() * gamma
    if scales:
        report.folded.append(f'{len(scales)} layer scales, multiplied into their layers')
    return {name: value for name, value in state.items() if name not in scales}
