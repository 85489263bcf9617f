"""The same attention, token by token: an independent reading of the paper for the tests to compare with."""

from __future__ import annotations

import torch
from torch import Tensor

from vitpose_mm.models.layers import Attention


def axis_place(index: int, side: int, window: int, shifted: bool) -> tuple[int, int, bool]:
    """Return (window, index in the window, came across the wrap) of an index on one axis."""
    count = -(-side // window)
    shift = window // 2 if shifted and count > 1 else 0
    moved = (index - shift) % (count * window)
    return moved // window, moved % window, index < shift


def naive_attention(attn: Attention, x: Tensor, tokens: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Attend from (B, H, W, C) and (B, T, C) or None, one query at a time."""
    results, token_results = [], []
    for image in range(x.shape[0]):
        own_tokens = None if tokens is None else tokens[image]
        grid, extra = _one_image(attn, x[image], own_tokens)
        results.append(grid)
        token_results.append(extra)
    return torch.stack(results), None if tokens is None else torch.stack(token_results)


def _one_image(attn: Attention, x: Tensor, tokens: Tensor | None) -> tuple[Tensor, Tensor | None]:
    height, width, dim = x.shape
    heads, size = attn.num_heads, dim // attn.num_heads
    window = attn.window or (height, width)

    def project(values: Tensor) -> list[Tensor]:
        projected = values @ attn.qkv.weight.T + attn.qkv.bias
        return [part.reshape(*values.shape[:-1], heads, size) for part in projected.split(dim, -1)]

    q, k, v = project(x)
    extra_k, extra_v = [], []
    if attn.pool:
        for top in range(0, height, window[0]):
            for left in range(0, width, window[1]):
                extra_k.append(k[top : top + window[0], left : left + window[1]].mean((0, 1)))
                extra_v.append(v[top : top + window[0], left : left + window[1]].mean((0, 1)))
    if tokens is not None:
        token_q, token_k, token_v = project(tokens)
        extra_k += list(token_k)
        extra_v += list(token_v)

    positions = {
        (row, column): (
            axis_place(row, height, window[0], attn.shift),
            axis_place(column, width, window[1], attn.shift),
        )
        for row in range(height)
        for column in range(width)
    }
    rows = []
    for here, (row_i, column_i) in positions.items():
        logits, values = [], []
        for there, (row_j, column_j) in positions.items():
            if row_i[0] != row_j[0] or column_i[0] != column_j[0]:
                continue  # another window
            if row_i[2] != row_j[2] or column_i[2] != column_j[2]:
                continue  # across the wrap
            logit = (q[here] * k[there]).sum(-1) / size**0.5
            if attn.rel_pos is not None:
                by_row = attn.rel_pos.rel_pos_h[row_i[1] - row_j[1] + window[0] - 1]
                by_column = attn.rel_pos.rel_pos_w[column_i[1] - column_j[1] + window[1] - 1]
                logit = logit + (q[here] * by_row).sum(-1) + (q[here] * by_column).sum(-1)
            logits.append(logit)
            values.append(v[there])
        logits += [(q[here] * key).sum(-1) / size**0.5 for key in extra_k]
        rows.append(_mix(logits, values + extra_v))
    grid = torch.stack(rows).reshape(height, width, dim) @ attn.proj.weight.T + attn.proj.bias
    if tokens is None:
        return grid, None
    all_k = torch.cat([k.reshape(-1, heads, size), token_k])
    all_v = torch.cat([v.reshape(-1, heads, size), token_v])
    out = [_mix([(query * key).sum(-1) / size**0.5 for key in all_k], list(all_v)) for query in token_q]
    return grid, torch.stack(out) @ attn.proj.weight.T + attn.proj.bias


def _mix(logits: list[Tensor], values: list[Tensor]) -> Tensor:
    """Mix (M, D) values of every key by (M,) logits: (C,)."""
    weights = torch.stack(logits).exp()
    weights = weights / weights.sum(0)
    return (weights[..., None] * torch.stack(values)).sum(0).flatten()
