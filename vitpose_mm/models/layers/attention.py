"""Multi-head attention over a token grid: full, in windows, in shifted windows, with pooled tokens.

Full attention mixes all rows of a sequence, the grid's and the appended tokens'. Windowed attention splits the
grid first: each window's queries see the tokens of the window and a few *extra* keys, the pooled tokens of all
windows and the appended tokens; an appended token sees everything (ViTPose sec. 3.2 and 3.3).

Position bias and masks are sums of products a(i) . b(j), added to q(i) . k(j) before both are divided by sqrt(D), and
need no N x N matrix: that is the same as longer queries and keys, [q, a] . [k, b] = q . k + a . b. Decomposed relative
position, times sqrt(D), has this form with b(j) = one-hot(row of j), one-hot(column of j), and so has "i and j are from
regions that may not see each other" (:func:`windows.region_bias`). Extra keys get zeros there: no bias and no mask.
The matrix of a short window, though, is small (for D keys as large as they are), and a GPU, to which copies are dear,
gets it.

Shapes: B images, (H, W) grid, T appended tokens, L = H * W + T rows of C channels, M heads of D channels,
n windows of N tokens, E extra keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .position import RelativePosition
from .windows import Windows, pool_windows, region_bias

Factors = Sequence[tuple[Tensor, Tensor]]
MATRIX_KEYS = 256  # up to so many, a GPU gets bias and mask as a matrix


def attend(q: Tensor, k: Tensor, v: Tensor, factors: Factors = ()) -> Tensor:
    """(.., N, D) queries and (.., N + E, D) keys, values -> (.., N, D) values mixed by softmax.

    Args:
        q: queries.
        k: keys; the first N belong to the queries' own tokens, the rest are extra.
        v: values of the keys.
        factors: pairs (a, b) of (.., N, R); the logit of query i and own key j is
            (q(i) . k(j) + the sum of a(i) . b(j)) / sqrt(D).
    """
    if not factors:
        return F.scaled_dot_product_attention(q, k, v)
    if q.is_cuda and k.shape[-2] <= MATRIX_KEYS and q.shape[-1] % 8 == 0:
        return attend_by_matrix(q, k, v, factors)
    return attend_by_longer_keys(q, k, v, factors)


def attend_by_matrix(q: Tensor, k: Tensor, v: Tensor, factors: Factors) -> Tensor:
    """As :func:`attend`, with the factors multiplied to (.., N, N + E), once for all heads where they allow it."""
    own, keys = q.shape[-2], k.shape[-2]
    a, b = (_join([one.to(q) for one in sides]) for sides in zip(*factors, strict=True))
    b = F.pad(b, (0, 0, 0, keys - own + -keys % 8))  # the kernels want rows that begin at multiples of 8
    matrix = ((a * q.shape[-1] ** -0.5) @ b.transpose(-1, -2))[..., :keys]
    with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):  # cuDNN's may return NaN (torch 2.11)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=matrix)


def _join(parts: Sequence[Tensor]) -> Tensor:
    """(.., N, R) each, whose leading axes fit -> (.., N, sum of R)."""
    lead = torch.broadcast_shapes(*(part.shape[:-2] for part in parts))
    return torch.cat([part.expand(*lead, -1, -1) for part in parts], -1)


def attend_by_longer_keys(q: Tensor, k: Tensor, v: Tensor, factors: Factors) -> Tensor:
    """As :func:`attend`, with the factors behind queries and keys."""
    lead, (own, head_dims) = q.shape[:-2], q.shape[-2:]
    extra = k.shape[-2] - own
    longer = sum(a.shape[-1] for a, _ in factors)
    spare = -(head_dims + longer) % 8  # the fast kernels want a multiple of 8, and values as long as keys
    aside = [q.new_zeros(1).expand(*lead, own, spare)] if spare else []
    long_q = torch.cat([q, *(a.to(q).expand(*lead, -1, -1) for a, _ in factors), *aside], -1)
    codes = [F.pad(b.to(k), (0, 0, 0, extra)).expand(*lead, -1, -1) for _, b in factors]
    long_k = torch.cat([k, *codes, *(k.new_zeros(1).expand(*lead, own + extra, spare) for _ in aside)], -1)
    long_v = F.pad(v, (0, longer + spare))
    return F.scaled_dot_product_attention(long_q, long_k, long_v, scale=head_dims**-0.5)[..., :head_dims]


class Attention(nn.Module):
    """Maps (B, L, C) rows, those of an (H, W) grid and then T appended tokens, to the same shape and order.

    Args:
        dim: C.
        num_heads: M; must divide C.
        window: (h, w) tokens, or None for full attention.
        shift: move the windows by half their size; tokens do not see across the wrap.
        pool: give every window one average-pooled key and value of every window, its own included. Keys
            and values are pooled after projection, which equals projecting pooled tokens, and over the
            unshifted partition, so that no pooled token mixes opposite borders.
        rel_pos: (h, w) extent of a decomposed relative position bias, or None for no bias.

    Source: ViTPose sec. 3.2; windows and shift as in Swin, relative position as in ViTDet.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        *,
        window: tuple[int, int] | None = None,
        shift: bool = False,
        pool: bool = False,
        rel_pos: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f'A width of {dim} cannot be split into {num_heads} heads: choose a divisor of {dim}.')
        self.num_heads = num_heads
        self.window = window
        self.shift = shift
        self.pool = pool
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos = RelativePosition(rel_pos, dim // num_heads) if rel_pos else None

    def forward(self, x: Tensor, grid: tuple[int, int], order: Windows | None = None) -> Tensor:
        """(B, L, C) rows, (H, W), order of the grid's rows -> (B, L, C): every row mixed with the values it may see.

        None is the reading order. Rows in the order of this layer's windows need no copies to be windows.
        """
        if self.window is None and self.rel_pos is None:
            return self.proj(self._mix(*self._project(x)))
        return self.proj(self._attend_in_windows(x, grid, order or Windows(grid, grid)))

    def _attend_in_windows(self, x: Tensor, grid: tuple[int, int], order: Windows) -> Tensor:
        """(B, L, C) -> (B, L, C), not projected yet; a bias without windows has one window over the whole grid.

        The rows are put into windows before their projection: C channels to copy, not the 3C of queries, keys, values.
        """
        places = grid[0] * grid[1]
        windows = Windows(grid, self.window or grid, self.shift)
        q, k, v = self._project(windows.take(x[:, :places], order))  # (B * n, N, C) each
        extra: list[Sequence[Tensor]] = [pool_windows(windows, k, v)] if self.pool else []
        tokens = self._project(x[:, places:]) if x.shape[1] > places else None  # (B, T, C) each
        if tokens is not None:
            extra.append(tokens[1:])
        mixed = windows.give(self._mix(q, *self._seen(k, v, extra, windows), windows), order)
        if tokens is None:
            return mixed
        all_k, all_v = (
            torch.cat([windows.give(own, order), token], 1) for own, token in ((k, tokens[1]), (v, tokens[2]))
        )
        return torch.cat([mixed, self._mix(tokens[0], all_k, all_v)], 1)

    def _project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(.., C) -> queries, keys and values, (.., C) each."""
        q, k, v = self.qkv(x).split(self.proj.in_features, -1)  # unbind's backward pass copies once more
        return q, k, v

    def _seen(self, k: Tensor, v: Tensor, extra: Sequence[Sequence[Tensor]], windows: Windows) -> tuple[Tensor, Tensor]:
        """(B * n, N, C) keys and values by window, pairs of (B, .., C) for all windows -> (B * n, N + E, C) each."""
        if not extra:
            return k, v
        more_k, more_v = (
            torch.cat(parts, 1).repeat_interleave(windows.count, dim=0) for parts in zip(*extra, strict=True)
        )
        return torch.cat([k, more_k], 1), torch.cat([v, more_v], 1)

    def _mix(self, q: Tensor, k: Tensor, v: Tensor, windows: Windows | None = None) -> Tensor:
        """(B, N, C) queries, (B, N + E, C) keys and values -> (B, N, C) values, every head its own mixture."""
        q, k, v = (part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in (q, k, v))  # (B, M, .., D)
        return attend(q, k, v, self._factors(q, windows) if windows else ()).transpose(1, 2).flatten(2)

    def _factors(self, q: Tensor, windows: Windows) -> list[tuple[Tensor, Tensor]]:
        """(B * n, M, N, D) queries -> the factors of position bias and of the shift's and the padding's mask."""
        factors = [] if self.rel_pos is None else self.rel_pos(q, windows.window)
        if windows.needs_regions:
            codes = windows.regions(q.device)[:, None]  # (n, 1, N, 6)
            factors.append(region_bias(codes.repeat(q.shape[0] // windows.count, 1, 1, 1)))
        return factors
