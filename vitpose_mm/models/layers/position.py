"""Positions: the absolute embedding as it begins, and decomposed relative position bias."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def sincos_position(dim: int, grid: tuple[int, int]) -> Tensor:
    """-> (1, 1 + H * W, C) sine-cosine embedding of an (H, W) grid behind a row of zeros (MAE's shape).

    Args:
        dim: C, a multiple of 4: sine and cosine of the column, then of the row.
        grid: (H, W) tokens.
    """
    quarter = dim // 4
    rates = 10000 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    rows, columns = torch.meshgrid(*(torch.arange(side, dtype=torch.float64) for side in grid), indexing='ij')
    angles = [place.reshape(-1, 1) * rates for place in (columns, rows)]
    table = torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], 1)
    table = F.pad(table, (0, dim - table.shape[1], 1, 0))
    return table[None].float()


class RelativePosition(nn.Module):
    """Decomposed relative position bias: bias(i, j) = q(i) . R_row[row i - row j] + q(i) . R_col[col i - col j].

    Args:
        extent: (h, w) tokens that the tables cover; another extent resizes them linearly.
        head_dims: D.

    Source: MViTv2 eq. 4, ViTDet; both tables start at zero.
    """

    def __init__(self, extent: tuple[int, int], head_dims: int) -> None:
        super().__init__()
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * extent[0] - 1, head_dims))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * extent[1] - 1, head_dims))

    def forward(self, q: Tensor, extent: tuple[int, int]) -> list[tuple[Tensor, Tensor]]:
        """(B, M, N, D) queries of an (h, w) extent -> two pairs of factors (B, M, N, h) and (N, h); w likewise.

        Their products are sqrt(D) * bias, to be added to q . k before the scaling of attention. One product of the
        queries with both tables, of which each takes the stretch that begins at its own row or column: the backward
        pass needs one copy of the queries (a view would keep keys and values with them). In a stretch the keys' rows
        run from the last to the first.
        """
        rows, columns = extent
        by_row, by_column = resize_table(self.rel_pos_h, 2 * rows - 1), resize_table(self.rel_pos_w, 2 * columns - 1)
        tables = torch.cat([by_row, by_column]) * q.shape[-1] ** 0.5
        products = (q @ tables.to(q).T).unflatten(2, extent)  # (B, M, h, w, 2h + 2w - 2)
        of_rows, of_columns = products.split([len(by_row), len(by_column)], -1)
        a_row, a_column = _stretches(of_rows, rows, axis=2), _stretches(of_columns, columns, axis=3)
        row_code = torch.eye(rows, device=q.device).flip(1).repeat_interleave(columns, 0)
        column_code = torch.eye(columns, device=q.device).flip(1).repeat(rows, 1)
        return [(a_row.flatten(2, 3), row_code), (a_column.flatten(2, 3), column_code)]

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *args: object) -> None:
        for name, table in self.named_parameters():
            key = prefix + name
            if key in state_dict and state_dict[key].shape[0] != table.shape[0]:
                state_dict[key] = resize_table(state_dict[key], table.shape[0])
        super()._load_from_state_dict(state_dict, prefix, *args)


def resize_table(table: Tensor, length: int) -> Tensor:
    """(L, D) table of relative positions -> (L', D), linearly."""
    if table.shape[0] == length:
        return table
    resized = F.interpolate(table.T[None].float(), size=length, mode='linear', align_corners=False)
    return resized[0].T.to(table)


def _stretches(x: Tensor, length: int, *, axis: int) -> Tensor:
    """(.., L) with places along an axis -> (.., length): at place i, the values i to i + length - 1."""
    return torch.stack([part.narrow(-1, i, length) for i, part in enumerate(x.unbind(axis))], axis)
