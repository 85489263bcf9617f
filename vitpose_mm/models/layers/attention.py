"""Multi-head attention over a grid of tokens: full, in windows, in shifted windows, with pooled tokens.

A sequence holds the H * W tokens of the grid, row by row, and then T appended tokens (of a distilled model). Full
attention: every token attends to all. In windows: a token of the grid attends to its window, the appended tokens
and, with pooling, one pooled token of every window; an appended token attends to the whole sequence. The table
``ATTENTION`` in ``backbones/arch.py`` has the kinds by name; ``window_mask`` in ``windows.py`` masks shifted windows.

B images, (H, W) grid, L = H * W + T tokens, C channels = M heads of D, n windows of N tokens and S keys.
"""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .position import RelativePosition
from .windows import (
    Size,
    count_windows,
    is_padded,
    pool_windows,
    shift_size,
    window_mask,
    window_partition,
    window_unpartition,
)

# Large negative logit of a masked key: softmax gives exactly 0, and fp16 can represent it
MASK_VALUE = -3e4
# All but cuDNN's, which may return NaN with a mask (torch 2.11)
MASKED_KERNELS = [SDPBackend.FLASH_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


class Attention(nn.Module):
    """Maps (B, L, C) sequences to the same.

    Args:
        dim: C.
        num_heads: M; must divide C.
        window: (h, w) tokens, or None for full attention.
        shift: move the windows by half their size; tokens do not attend across the wrap.
        pool: every window attends to one average-pooled key and value of every window, its own too. Keys and values
            are averaged, which equals projecting the mean token (W mean(x) = mean(W x)), and over the unshifted
            windows, so that no pooled token mixes opposite borders.
        rel_pos: (h, w) extent of a decomposed relative position bias, or None for no bias.

    Source: ViTPose sec. 3.2; windows and relative position as in ViTDet, shift as in Swin.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        *,
        window: Size | None = None,
        shift: bool = False,
        pool: bool = False,
        rel_pos: Size | None = None,
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

    def forward(self, x: Tensor, grid: Size) -> Tensor:
        """Map a (B, L, C) sequence, which begins with an (H, W) grid, to the same shape."""
        if self.window is None and self.rel_pos is None:
            return self._attend(*self.qkv(x).chunk(3, -1))
        return self._forward_windows(x, grid)

    def _forward_windows(self, x: Tensor, grid: Size) -> Tensor:
        """Compute :meth:`forward` window by window; full attention with a position bias is one window."""
        num, dim, window = math.prod(grid), x.shape[-1], self.window or grid
        shift = shift_size(grid, window) if self.shift else (0, 0)
        unpartition = partial(window_unpartition, grid=grid, window=window, shift=shift)
        windows, tokens = window_partition(x[:, :num].unflatten(1, grid), window, shift), x[:, num:]
        q, kv = self.qkv(windows).split([dim, 2 * dim], -1)  # (B * n, N, C), (B * n, N, 2C)
        shared_kv = []  # (B, .., 2C) keys and values that every window of an image attends to
        if self.pool:
            shared_kv.append(pool_windows(unpartition(kv), window))
        if tokens.shape[1]:
            tokens_q, tokens_kv = self.qkv(tokens).split([dim, 2 * dim], -1)
            shared_kv.append(tokens_kv)
        mixed = unpartition(self._attend_in_windows(q, kv, shared_kv, grid, shift)).flatten(1, 2)
        if tokens.shape[1]:
            k, v = torch.cat([unpartition(kv).flatten(1, 2), tokens_kv], 1).chunk(2, -1)
            mixed = torch.cat([mixed, self._attend(tokens_q, k, v)], 1)
        return mixed

    def _attend_in_windows(self, q: Tensor, kv: Tensor, shared_kv: list[Tensor], grid: Size, shift: Size) -> Tensor:
        """Attend from (B * n, N, C) queries to (B * n, N, 2C) keys and values and to shared (B, .., 2C) ones."""
        if shared_kv:
            windows = math.prod(count_windows(grid, self.window or grid))
            kv = torch.cat([kv, torch.cat(shared_kv, 1).repeat_interleave(windows, 0)], 1)
            q = q.contiguous()  # a view would keep the whole projection in memory for the backward pass, next to kv
        k, v = kv.chunk(2, -1)
        return self._attend(q, k, v, self._mask(q, k.shape[1], grid, shift))

    def _mask(self, q: Tensor, num_keys: int, grid: Size, shift: Size) -> Tensor | None:
        """Return (B * n, M or 1, N, S) to add to the logits of (B * n, N, C) queries, or None for zeros.

        It is the position bias of own keys, MASK_VALUE where they are masked, 0 for pooled and appended keys.
        """
        window, num_own = self.window or grid, q.shape[1]
        needs_mask = shift != (0, 0) or is_padded(grid, window)
        if self.rel_pos is None and not needs_mask:
            return None
        mask = q.new_zeros(q.shape[0], 1, num_own, num_own)
        if self.rel_pos is not None:
            mask = self.rel_pos(self._split_heads(q), window)
        if needs_mask:
            masked_out = ~window_mask(grid, window, shift, q.device)[:, None]  # (n, 1, N, N)
            mask = mask.unflatten(0, (-1, masked_out.shape[0])).masked_fill(masked_out, MASK_VALUE).flatten(0, 1)
        pad = num_keys - num_own + -num_keys % 8  # shared keys; then a stride that 8 divides, as a GPU's kernels want
        return F.pad(mask, (0, pad))[..., :num_keys] if pad else mask

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend from (.., N, C) queries to (.., S, C) keys and values, (.., M or 1, N, S) added to logits; project."""
        q, k, v = map(self._split_heads, (q, k, v))
        if mask is None:
            mixed = F.scaled_dot_product_attention(q, k, v)
        else:
            with sdpa_kernel(MASKED_KERNELS):
                mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _split_heads(self, x: Tensor) -> Tensor:
        """Split (.., N, C) into M heads: (.., M, N, D)."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)
