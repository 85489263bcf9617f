"""Positions: the initial absolute embedding, and decomposed relative position bias."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def sincos_position(dim: int, grid: tuple[int, int]) -> Tensor:
    """Return the (1, 1 + H * W, C) sine-cosine embedding of an (H, W) grid, after a token of zeros (MAE's shape).

    Args:
        dim: C, a multiple of 4: sine and cosine of the column, then of the row.
        grid: (H, W) tokens.
    """
    quarter = dim // 4
    rates = 10000 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    rows, columns = torch.meshgrid(*(torch.arange(side, dtype=torch.float64) for side in grid), indexing='ij')
    angles = [index.reshape(-1, 1) * rates for index in (columns, rows)]
    table = torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], 1)
    table = F.pad(table, (0, dim - table.shape[1], 1, 0))
    return table[None].float()


class RelativePosition(nn.Module):
    """Decomposed relative position bias: bias(i, j) = q(i) . R_row[row i - row j] + q(i) . R_col[col i - col j].

    Args:
        extent: (h, w) tokens that the tables are made for; for another extent they are resized linearly.
        head_dims: D.

    Source: MViTv2 eq. 4, ViTDet; both tables start at zero.
    """

    def __init__(self, extent: tuple[int, int], head_dims: int) -> None:
        super().__init__()
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * extent[0] - 1, head_dims))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * extent[1] - 1, head_dims))

    def forward(self, q: Tensor, extent: tuple[int, int]) -> Tensor:
        """Return the (.., N, N) bias for (.., N, D) queries, N = h * w, which are not scaled (as in ViTDet)."""
        by_row = _by_offset(self.rel_pos_h, extent[0]).repeat_interleave(extent[1], 0)  # (N, h, D)
        by_column = _by_offset(self.rel_pos_w, extent[1]).repeat(extent[0], 1, 1)  # (N, w, D)
        tables = torch.cat([by_row, by_column], 1).to(q)  # in one product, because each einsum copies the queries
        to_rows, to_columns = torch.einsum('...nd,nkd->...nk', q, tables).contiguous().split(extent, -1)
        return (to_rows[..., :, None] + to_columns[..., None, :]).flatten(-2)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name, table in self.named_parameters():
            key = prefix + name
            if key in state_dict and state_dict[key].shape[0] != table.shape[0]:
                state_dict[key] = resize_table(state_dict[key], table.shape[0])
        super()._load_from_state_dict(state_dict, prefix, *args)


def resize_table(table: Tensor, length: int) -> Tensor:
    """Resize a (.., D) table of relative positions linearly to (length, D)."""
    if table.shape[0] == length:
        return table
    resized = F.interpolate(table.T[None].float(), size=length, mode='linear', align_corners=False)
    return resized[0].T.to(table)


def _by_offset(table: Tensor, length: int) -> Tensor:
    """Return (length, length, D), at [i, j] the entry for i - j of a table of relative positions along one axis."""
    index = torch.arange(length, device=table.device)
    return resize_table(table, 2 * length - 1)[index[:, None] - index + length - 1]
