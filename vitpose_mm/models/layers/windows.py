"""Windows on a token grid: partition and merge with padding and shift, region codes, pooled tokens.

Shapes: B images, (H, W) token grid, (h, w) window, n = ceil(H/h) * ceil(W/w) windows, N = h * w tokens
a window, C channels. Everything here is a free function or plain geometry; nothing has parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

# Added to a forbidden logit. exp() of it is exactly zero in every float type, and fp16 and bf16 can hold it.
FORBIDDEN = -1e4


@dataclass(frozen=True)
class Windows:
    """The windows of one grid.

    A grid that the window does not divide is padded at the bottom and on the right. A shifted partition
    rolls the padded grid by half a window per axis (Swin); an axis with a single window is not shifted,
    for there is no neighbour to reach.

    Args:
        grid: (H, W) tokens.
        window: (h, w) tokens.
        shifted: whether the partition is moved by half a window.
    """

    grid: tuple[int, int]
    window: tuple[int, int]
    shifted: bool = False

    @cached_property
    def counts(self) -> tuple[int, int]:
        """Windows along each axis."""
        return -(-self.grid[0] // self.window[0]), -(-self.grid[1] // self.window[1])

    @cached_property
    def padded(self) -> tuple[int, int]:
        """The grid with its padding."""
        return self.counts[0] * self.window[0], self.counts[1] * self.window[1]

    @cached_property
    def shift(self) -> tuple[int, int]:
        """Tokens by which each axis is rolled."""
        rows, columns = (
            side // 2 if self.shifted and count > 1 else 0 for side, count in zip(self.window, self.counts, strict=True)
        )
        return rows, columns

    @property
    def needs_regions(self) -> bool:
        """Whether some tokens of a window may not see each other."""
        return self.shift != (0, 0) or self.padded != self.grid

    def split(self, x: Tensor) -> Tensor:
        """(B, H, W, C) grid -> (B * n, N, C) tokens by window, padding filled with zeros."""
        (height, width), (h, w), (rows, columns) = self.grid, self.window, self.counts
        if self.padded != self.grid:
            x = F.pad(x, (0, 0, 0, self.padded[1] - width, 0, self.padded[0] - height))
        if self.shift != (0, 0):
            x = x.roll((-self.shift[0], -self.shift[1]), dims=(1, 2))
        x = x.reshape(x.shape[0], rows, h, columns, w, x.shape[-1])
        return x.transpose(2, 3).reshape(-1, h * w, x.shape[-1])

    def merge(self, x: Tensor) -> Tensor:
        """(B * n, N, C) tokens by window -> (B, H, W, C) grid, padding cut off; undoes :meth:`split`."""
        (height, width), (h, w), (rows, columns) = self.grid, self.window, self.counts
        x = x.reshape(-1, rows, columns, h, w, x.shape[-1]).transpose(2, 3)
        x = x.reshape(x.shape[0], *self.padded, x.shape[-1])
        if self.shift != (0, 0):
            x = x.roll(self.shift, dims=(1, 2))
        return x[:, :height, :width]

    def regions(self, device: torch.device | None = None) -> Tensor:
        """-> (n, N, 6) one-hot codes: two tokens may see each other where both their codes agree.

        The first three places say where the token's row comes from (0 its own side of the wrap, 1 across
        it, 2 padding), the last three the same of its column: being apart is a matter of each axis alone.
        """
        rows, columns = (self._axis_regions(axis, device) for axis in (0, 1))
        codes = torch.zeros(*self.padded, 6, device=device)
        codes[..., :3] = F.one_hot(rows, 3)[:, None]
        codes[..., 3:] = F.one_hot(columns, 3)[None]
        plain = Windows(self.padded, self.window)  # the codes stand in rolled order already
        return plain.split(codes[None])

    def _axis_regions(self, axis: int, device: torch.device | None) -> Tensor:
        """-> (padded side,) region of each place of one axis, after the roll."""
        side = self.padded[axis]
        source = torch.arange(side, device=device).roll(-self.shift[axis])
        wrapped = torch.arange(side, device=device) >= side - self.shift[axis]
        return torch.where(source >= self.grid[axis], 2, wrapped.long())


def pool_windows(x: Tensor, window: tuple[int, int]) -> Tensor:
    """(B, H, W, C) grid -> (B, n, C), the mean over the real tokens of each window of the unshifted partition.

    Means put right for the padding: unlike average pooling they need not keep the grid for the backward pass.
    """
    windows = Windows((x.shape[1], x.shape[2]), window)
    means = _padded_means(x, windows)
    if windows.padded != windows.grid:
        ones = torch.ones(1, *windows.grid, 1, dtype=torch.promote_types(x.dtype, torch.float32), device=x.device)
        means = (means / _padded_means(ones, windows)).to(means)  # a share such as 1/3 is coarse in half precision
    return means.flatten(1, 2)


def _padded_means(x: Tensor, windows: Windows) -> Tensor:
    """(B, H, W, C) grid -> (B, rows, columns, C) means over windows whose padding counts as zeros.

    Over rows, then over columns: on a CPU that is several times as fast as over both at once.
    """
    below, right = (windows.padded[axis] - windows.grid[axis] for axis in (0, 1))
    x = F.pad(x, (0, 0, 0, right, 0, below)) if below or right else x
    wide = torch.promote_types(x.dtype, torch.float32)
    rows = x.unflatten(1, (-1, windows.window[0])).mean(2, dtype=wide)  # (B, rows, W, C)
    return rows.unflatten(2, (-1, windows.window[1])).mean(3).to(x.dtype)


def region_bias(regions: Tensor) -> tuple[Tensor, Tensor]:
    """(n, N, 6) codes -> two (n, N, 6) factors whose product over the last axis is 0 or <= FORBIDDEN."""
    return FORBIDDEN * (1 - regions), regions
