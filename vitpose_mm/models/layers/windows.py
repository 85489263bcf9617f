"""Windows over a grid of tokens: partition and unpartition as in ViTDet, shift and mask as in Swin, pooled tokens.

A grid that the windows do not divide is padded at the bottom and on the right. A shift of (rows, columns) moves the
windows down and right; the last ones wrap around to the first rows and columns.
B images, (H, W) grid, (h, w) window, n = ceil(H / h) * ceil(W / w) windows of N = h * w tokens, C channels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

Size = tuple[int, int]


def count_windows(grid: Size, window: Size) -> Size:
    """Return the number of (h, w) windows along each axis of an (H, W) grid."""
    return -(-grid[0] // window[0]), -(-grid[1] // window[1])


def shift_size(grid: Size, window: Size) -> Size:
    """Return Swin's shift of (h, w) windows, (rows, columns) of tokens; 0 along an axis with a single window."""
    rows, columns = count_windows(grid, window)
    return window[0] // 2 if rows > 1 else 0, window[1] // 2 if columns > 1 else 0


def is_padded(grid: Size, window: Size) -> bool:
    """Whether (h, w) windows do not divide the (H, W) grid."""
    return bool(grid[0] % window[0] or grid[1] % window[1])


def window_partition(x: Tensor, window: Size, shift: Size = (0, 0)) -> Tensor:
    """Split a (B, H, W, C) grid into (B * n, N, C) windows, those of an image row by row; padding is zeros."""
    return _split_axes(x, window, shift).transpose(2, 3).flatten(3, 4).flatten(0, 2)


def window_unpartition(x: Tensor, grid: Size, window: Size, shift: Size = (0, 0)) -> Tensor:
    """Join (B * n, N, C) windows to the (B, H, W, C) grid, without padding; undoes :func:`window_partition`."""
    x = x.unflatten(1, window).unflatten(0, (-1, *count_windows(grid, window)))
    x = x.transpose(2, 3).flatten(3, 4).flatten(1, 2)
    if shift != (0, 0):
        x = x.roll(shift, (1, 2))
    return x[:, : grid[0], : grid[1]]


def window_mask(grid: Size, window: Size, shift: Size = (0, 0), device: torch.device | None = None) -> Tensor:
    """Return (n, N, N) bool, True where query and key may attend: of one region of the shifted grid."""
    wraps = [torch.arange(side, device=device) < by for side, by in zip(grid, shift, strict=True)]  # (H,), (W,)
    regions = 1 + 2 * wraps[0][:, None] + wraps[1]  # (H, W), 1 to 4 by the axes that wrap around; padding becomes 0
    regions = window_partition(regions[None, ..., None], window, shift)  # (n, N, 1)
    return regions == regions.transpose(1, 2)


def pool_windows(x: Tensor, window: Size) -> Tensor:
    """Return the (B, n, C) mean of each window's tokens of a (B, H, W, C) grid, without padding."""
    dtype = torch.promote_types(x.dtype, torch.float32)  # a sum of fp16 may overflow
    ones = x.new_ones(1, x.shape[1], x.shape[2], 1)
    sums, counts = (_split_axes(part, window).sum((2, 4), dtype=dtype) for part in (x, ones))
    return (sums / counts).to(x.dtype).flatten(1, 2)


def _split_axes(x: Tensor, window: Size, shift: Size = (0, 0)) -> Tensor:
    """Split a (B, H, W, C) grid, padded and shifted, into (B, rows of windows, h, columns of windows, w, C)."""
    (height, width), (rows, columns) = x.shape[1:3], count_windows((x.shape[1], x.shape[2]), window)
    if is_padded((height, width), window):
        x = F.pad(x, (0, 0, 0, columns * window[1] - width, 0, rows * window[0] - height))
    if shift != (0, 0):
        x = x.roll((-shift[0], -shift[1]), (1, 2))
    return x.unflatten(2, (columns, window[1])).unflatten(1, (rows, window[0]))
