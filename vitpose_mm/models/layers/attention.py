"""Multi-head attention over a token grid: full, in windows, in shifted windows, with pooled tokens.

One path serves every kind. Full attention is a single window over the whole grid. Each window's queries
see the tokens of the window and a few *extra* keys: the pooled tokens of all windows, and the tokens that
are appended to the grid (ViTPose sec. 3.2 and 3.3).

Position bias and masks never become an N x N matrix. A bias that is a product, bias(i, j) = a(i) . b(j),
is the same as longer queries and keys: [q, a] . [k, b] = q . k + a . b. Decomposed relative position has
this form with b(j) = one-hot(row of j), one-hot(column of j), and so has "i and j are from regions that
may not see each other" (:func:`windows.region_bias`). Extra keys get zeros there: no bias and no mask.

Shapes: B images, (H, W) grid, C channels, M heads of D channels, n windows of N tokens, T appended
tokens, E extra keys.
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
        q: queries, not scaled; the logits are q . k / sqrt(D).
        k: keys; the first N belong to the queries' own tokens, the rest are extra.
        v: values of the keys.
        factors: pairs (a, b) of (.., N, R), each adding a(i) . b(j) to the logit of query i and own key j.
    """
    if not factors:
        return F.scaled_dot_product_attention(q, k, v)
    head_dims, own, total = q.shape[-1], q.shape[-2], k.shape[-2]
    lead = q.shape[:-2]
    long_q = [q * head_dims**-0.5, *(a.to(q).expand(*lead, -1, -1) for a, _ in factors)]
    long_k = [k, *(F.pad(b.to(k), (0, 0, 0, total - own)).expand(*lead, -1, -1) for _, b in factors)]
    length = sum(part.shape[-1] for part in long_q)
    spare = -length % 8  # the fast kernels want a multiple of 8, and values as long as keys
    q = F.pad(torch.cat(long_q, -1), (0, spare))
    k = F.pad(torch.cat(long_k, -1), (0, spare))
    v = F.pad(v, (0, length + spare - head_dims))
    return F.scaled_dot_product_attention(q, k, v, scale=1.0)[..., :head_dims]


class Attention(nn.Module):
    """Maps a (B, H, W, C) grid and (B, T, C) appended tokens to the same shapes.

    Args:
        dim: C.
        num_heads: M; must divide C.
        window: (h, w) tokens, or None for one window over the whole grid (full attention).
        shift: move the windows by half their size; tokens do not see across the wrap.
        pool: give every window one average-pooled key and value of every window, its own included. Keys
            and values are pooled after projection, which equals projecting pooled tokens, and over the
            unshifted partition, so that no pooled token mixes opposite borders.
        rel_pos: (h, w) extent of a decomposed relative position bias, or None for no bias.
        qkv_bias: whether the projection to queries, keys and values has a bias.

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
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f'A width of {dim} cannot be split into {num_heads} heads: choose a divisor of {dim}.')
        self.num_heads = num_heads
        self.window = window
        self.shift = shift
        self.pool = pool
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.rel_pos = RelativePosition(rel_pos, dim // num_heads) if rel_pos else None

    def forward(self, x: Tensor, tokens: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """(B, H, W, C), (B, T, C) or None -> the same: every token mixed with the values it may see."""
        if tokens is not None and self.window is None and self.rel_pos is None:
            return self._attend_as_one(x, tokens)
        grid = (x.shape[1], x.shape[2])
        windows = Windows(grid, self.window or grid, self.shift)
        grid_qkv = self.qkv(x)  # (B, H, W, 3C)
        token_qkv = None if tokens is None else self.qkv(tokens)  # (B, T, 3C)
        q, k, v = self._heads(windows.split(grid_qkv))  # (B * n, M, N, D)
        factors = self._factors(q, windows)
        extra = self._extra(grid_qkv, token_qkv, windows.window)
        if extra is not None:
            extra = extra.repeat_interleave(windows.counts[0] * windows.counts[1], dim=0)  # (B * n, E, 2C)
            extra_k, extra_v = self._heads(extra)
            k, v = torch.cat([k, extra_k], 2), torch.cat([v, extra_v], 2)
        x = self.proj(windows.merge(self._join(attend(q, k, v, factors))))
        if token_qkv is not None:
            tokens = self.proj(self._attend_everywhere(grid_qkv, token_qkv))
        return x, tokens

    def _attend_as_one(self, x: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Full attention without bias, where tokens are as places are: one pass, without copies of keys and values."""
        both = torch.cat([x.flatten(1, 2), tokens], 1)  # (B, H * W + T, C)
        q, k, v = self._heads(self.qkv(both))
        both = self.proj(self._join(attend(q, k, v)))
        grid, tokens = both.split([both.shape[1] - tokens.shape[1], tokens.shape[1]], 1)
        return grid.unflatten(1, x.shape[1:3]), tokens

    def _heads(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, N, P * C) -> P tensors (B, M, N, D)."""
        head_dims = self.proj.in_features // self.num_heads
        return x.unflatten(2, (-1, self.num_heads, head_dims)).permute(2, 0, 3, 1, 4).unbind(0)

    @staticmethod
    def _join(x: Tensor) -> Tensor:
        """(B, M, N, D) -> (B, N, C)."""
        return x.transpose(1, 2).flatten(2)

    def _factors(self, q: Tensor, windows: Windows) -> list[tuple[Tensor, Tensor]]:
        """(B * n, M, N, D) queries -> the factors of position bias and of the shift's and the padding's mask."""
        factors = []
        if self.rel_pos is not None:
            factors += self.rel_pos(q, windows.window)
        if windows.needs_regions:
            codes = windows.regions(q.device)[:, None]  # (n, 1, N, 6)
            images = q.shape[0] // codes.shape[0]
            a, b = region_bias(codes.repeat(images, 1, 1, 1))
            factors.append((a.expand(-1, self.num_heads, -1, -1), b.expand(-1, self.num_heads, -1, -1)))
        return factors

    def _extra(self, grid_qkv: Tensor, token_qkv: Tensor | None, window: tuple[int, int]) -> Tensor | None:
        """-> (B, E, 2C) keys and values that every window sees: pooled windows, then appended tokens."""
        width = self.proj.in_features
        extra = []
        if self.pool:
            extra.append(pool_windows(grid_qkv[..., width:], window))
        if token_qkv is not None:
            extra.append(token_qkv[..., width:])
        return torch.cat(extra, 1) if extra else None

    def _attend_everywhere(self, grid_qkv: Tensor, token_qkv: Tensor) -> Tensor:
        """-> (B, T, C): each appended token attends to all tokens of the grid and to the appended ones."""
        everything = torch.cat([grid_qkv.flatten(1, 2), token_qkv], 1)
        q = self._heads(token_qkv)[0]
        _, k, v = self._heads(everything)
        return self._join(attend(q, k, v))
