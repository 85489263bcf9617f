"""Windows on a token grid: partition and merge with padding and shift, region codes, pooled tokens.

Windows are also an order of the grid's rows, window after window: rows that lie in it are the tokens of the
windows without a copy. The reading order is that of one window over the whole grid.

Shapes: B images, (H, W) token grid, (h, w) window, n = ceil(H/h) * ceil(W/w) windows, N = h * w tokens
a window, C channels. Everything here is plain geometry; nothing has parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# Added to a forbidden product of query and key, before the scaling by 1 / sqrt(D). Twice it (row and column) is a
# number in fp16 still, and for D up to 1,600 the softmax gives exactly zero in every float type (fp64 is the last to).
FORBIDDEN = -3e4


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

    @property
    def counts(self) -> tuple[int, int]:
        """Windows along each axis."""
        return -(-self.grid[0] // self.window[0]), -(-self.grid[1] // self.window[1])

    @property
    def count(self) -> int:
        """n, of one image."""
        return self.counts[0] * self.counts[1]

    @property
    def padded(self) -> tuple[int, int]:
        """The grid with its padding."""
        return self.counts[0] * self.window[0], self.counts[1] * self.window[1]

    @property
    def shift(self) -> tuple[int, int]:
        """Tokens by which each axis is rolled."""
        rows, columns = (
            side // 2 if self.shifted and count > 1 else 0 for side, count in zip(self.window, self.counts, strict=True)
        )
        return rows, columns

    @property
    def tokens(self) -> int:
        """N, of one window."""
        return math.prod(self.window)

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
        """(B * n, N, ..) tokens by window -> (B, H, W, ..) grid, padding cut off; undoes :meth:`split`."""
        height, width = self.grid
        x = x.unflatten(1, self.window).unflatten(0, (-1, *self.counts)).transpose(2, 3)
        x = x.reshape(x.shape[0], *self.padded, *x.shape[5:])
        if self.shift != (0, 0):
            x = x.roll(self.shift, dims=(1, 2))
        return x[:, :height, :width]

    def take(self, x: Tensor, order: Windows) -> Tensor:
        """(B, H * W, C) rows in an order without padding -> (B * n, N, C), as :meth:`split`."""
        if self.padded != self.grid:
            return self.split(order.merge(x.reshape(-1, order.tokens, x.shape[2])))
        return reorder(x, order, self).reshape(-1, self.tokens, x.shape[2])

    def give(self, x: Tensor, order: Windows) -> Tensor:
        """(B * n, N, C) tokens by window -> (B, H * W, C) rows in an order without padding; undoes :meth:`take`."""
        if self.padded != self.grid:
            return order.split(self.merge(x)).reshape(-1, math.prod(self.grid), x.shape[2])
        return reorder(x.reshape(-1, math.prod(self.grid), x.shape[2]), self, order)

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

    def membership(self, device: torch.device | None = None) -> Tensor:
        """-> (n * N, n): one where a real token belongs to a window of the *unshifted* partition, else zero.

        Tokens are in the order of :meth:`split`, so that a sum over windows of this partition, shifted or not, is
        a product with it. It is dense: small for the hundreds of tokens of a crop, not for thousands.
        """
        rows, columns = (
            torch.arange(side, device=device) // step for side, step in zip(self.grid, self.window, strict=True)
        )
        owner = rows[:, None] * self.counts[1] + columns  # (H, W)
        ones = F.one_hot(owner, self.count)[None]
        return self.split(ones.float()).flatten(0, 1)

    def _axis_regions(self, axis: int, device: torch.device | None) -> Tensor:
        """-> (padded side,) region of each place of one axis, after the roll."""
        side = self.padded[axis]
        source = torch.arange(side, device=device).roll(-self.shift[axis])
        wrapped = torch.arange(side, device=device) >= side - self.shift[axis]
        return torch.where(source >= self.grid[axis], 2, wrapped.long())


def reorder(x: Tensor, source: Windows, target: Windows) -> Tensor:
    """(B, H * W, C) rows in the order of some windows -> the same in that of others, both without padding.

    One copy, and one in the backward pass; none where both orders are the same. A trace that is stored can hold no
    function of ours and gets PyTorch's; ``torch.func``'s vmap and grad pass through, jvp does not.
    """
    if (source.window, source.shift) == (target.window, target.shift):
        return x
    places = _places(source, target, x.device)
    return x.index_select(1, places) if torch.jit.is_tracing() else _Permute.apply(x, places)


class _Permute(torch.autograd.Function):
    """Rows by their places, all of them; the gradient is taken back, where PyTorch's own would be added to zeros."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, places: Tensor) -> Tensor:
        return x.index_select(1, places)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return grad.index_select(1, places.argsort()), None


def _places(source: Windows, target: Windows, device: torch.device) -> Tensor:
    """-> (H * W,) for each row of the target's order, its place in the source's."""
    rows = torch.arange(math.prod(source.grid), device=device)
    return target.split(source.merge(rows.reshape(-1, source.tokens, 1))).flatten()


def pool_windows(windows: Windows, *parts: Tensor) -> list[Tensor]:
    """(B * n, N, C) tokens by window, once or more -> (B, n, C) each: means over the real tokens, windows unshifted."""
    if not windows.needs_regions:
        return [x.mean(1).unflatten(0, (-1, windows.count)) for x in parts]
    members = windows.membership(parts[0].device)  # (n * N, n)
    share = 0.5 ** math.ceil(math.log2(windows.tokens))  # exact in half precision, whose sums could overflow
    kind = torch.promote_types(parts[0].dtype, torch.float32)
    weights, counts = (share * members).T.to(parts[0]), share * members.sum(0)[:, None].to(kind)

    def mean(x: Tensor) -> Tensor:
        rows = x.unflatten(0, (-1, windows.count)).flatten(1, 2)  # (B, n * N, C)
        return (torch.bmm(weights.expand(rows.shape[0], -1, -1), rows) / counts).to(x)

    return [mean(x) for x in parts]


def region_bias(regions: Tensor) -> tuple[Tensor, Tensor]:
    """(n, N, 6) codes -> two (n, N, 6) factors whose product over the last axis is 0 or <= FORBIDDEN."""
    return FORBIDDEN * (1 - regions), regions
