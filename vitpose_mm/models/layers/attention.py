"""Multi-head attention over a token grid: full, in windows, in shifted windows, with pooled tokens.

Full attention mixes all rows of a sequence, the grid's and the appended tokens'. Windowed attention splits the
grid first: each window's queries see the tokens of the window and a few *extra* keys, the pooled tokens of all
windows and the appended tokens; an appended token sees everything (ViTPose sec. 3.2 and 3.3).

Position bias and masks never become an N x N matrix. What is a product a(i) . b(j), added to q(i) . k(j) before
both are divided by sqrt(D), is the same as longer queries and keys: [q, a] . [k, b] = q . k + a . b. Decomposed
relative position, times sqrt(D), has this form with b(j) = one-hot(row of j), one-hot(column of j), and so has "i
and j are from regions that may not see each other" (:func:`windows.region_bias`). Extra keys get zeros there: no
bias and no mask.

Shapes: B images, (H, W) grid, T appended tokens, L = H * W + T rows of C channels, M heads of D channels,
n windows of N tokens, E extra keys.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .position import RelativePosition
from .windows import Windows, pool_windows, region_bias

Factors = Sequence[tuple[Tensor, Tensor]]


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
    """Maps (B, L, C) rows, those of an (H, W) grid and then T appended tokens, to the same shape.

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

    def forward(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """(B, L, C), (H, W) -> (B, L, C): every row mixed with the values it may see."""
        if self.window is None and self.rel_pos is None:
            q, k, v = self._heads(self.qkv(x))
            return self.proj(attend(q, k, v).transpose(1, 2).flatten(2))
        return self.proj(self._attend_in_windows(x, grid))

    def _attend_in_windows(self, x: Tensor, grid: tuple[int, int]) -> Tensor:
        """(B, L, C) -> (B, L, C), not projected yet; a bias without windows has one window over the whole grid.

        The rows are split before their projection: that copies C channels, not the 3C of queries, keys and values.
        """
        channels, places = x.shape[2], grid[0] * grid[1]
        windows = Windows(grid, self.window or grid, self.shift)
        qkv = self.qkv(windows.split(x[:, :places].unflatten(1, grid)))  # (B * n, N, 3C)
        token_qkv = self.qkv(x[:, places:]) if x.shape[1] > places else None  # (B, T, 3C)

        q, k, v = self._heads(qkv)  # (B * n, M, N, D)
        extra = [pool_windows(qkv[..., channels:], windows)] if self.pool else []
        extra += [] if token_qkv is None else [token_qkv[..., channels:]]
        if extra:
            shared = torch.cat(extra, 1).repeat_interleave(windows.count, dim=0)  # (B * n, E, 2C)
            extra_k, extra_v = self._heads(shared)
            k, v = torch.cat([k, extra_k], 2), torch.cat([v, extra_v], 2)
        mixed = windows.merge(attend(q, k, v, self._factors(q, windows)).transpose(1, 2))  # (B, H, W, M, D)
        mixed = mixed.flatten(3).flatten(1, 2)
        return mixed if token_qkv is None else torch.cat([mixed, self._attend_everywhere(qkv, token_qkv, windows)], 1)

    def _attend_everywhere(self, qkv: Tensor, token_qkv: Tensor, windows: Windows) -> Tensor:
        """-> (B, T, C): each appended token attends to all real tokens of the grid and to the appended ones."""
        channels = self.proj.in_features
        grid_kv, token_kv = windows.merge(qkv[..., channels:]).flatten(1, 2), token_qkv[..., channels:]
        (q,) = self._heads(token_qkv[..., :channels])
        k, v = self._heads(torch.cat([grid_kv, token_kv], 1))
        return attend(q, k, v).transpose(1, 2).flatten(2)

    def _heads(self, x: Tensor) -> list[Tensor]:
        """(B, N, P * C) -> P views (B, M, N, D)."""
        parts = x.split(self.proj.in_features, -1)  # not by unbind, whose backward pass copies once more
        return [part.unflatten(2, (self.num_heads, -1)).transpose(1, 2) for part in parts]

    def _factors(self, q: Tensor, windows: Windows) -> list[tuple[Tensor, Tensor]]:
        """(B * n, M, N, D) queries -> the factors of position bias and of the shift's and the padding's mask."""
        factors = [] if self.rel_pos is None else self.rel_pos(q, windows.window)
        if windows.needs_regions:
            codes = windows.regions(q.device)[:, None]  # (n, 1, N, 6)
            factors.append(region_bias(codes.repeat(q.shape[0] // windows.count, 1, 1, 1)))
        return factors
