"""Sine-cosine positions against MAE's formula, and relative ones against theirs."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from vitpose_mm.models.layers import RelativePosition, sincos_position


def test_sincos_is_maes_formula() -> None:
    def one_axis(dim: int, positions: np.ndarray) -> np.ndarray:
        omega = 1.0 / 10000 ** (np.arange(dim // 2) / (dim / 2.0))
        out = np.einsum('m,d->md', positions.reshape(-1), omega)
        return np.concatenate([np.sin(out), np.cos(out)], axis=1)

    columns, rows = np.meshgrid(np.arange(3.0), np.arange(5.0))
    expected = np.concatenate([one_axis(8, columns), one_axis(8, rows)], axis=1)
    table = sincos_position(16, (5, 3))
    assert table.shape == (1, 16, 16)
    assert not table[0, 0].any()
    assert np.abs(table[0, 1:].numpy() - expected).max() < 1e-6


def test_relative_position_is_the_decomposed_bias() -> None:
    module = RelativePosition((3, 4), 5)
    for table in module.parameters():
        torch.nn.init.normal_(table)
    q = torch.randn(2, 2, 12, 5)
    bias = module(q, (3, 4))
    assert bias.shape == (2, 2, 12, 12)
    for i, j in [(0, 0), (0, 11), (7, 2), (11, 5)]:
        by_row = module.rel_pos_h[i // 4 - j // 4 + 2]
        by_column = module.rel_pos_w[i % 4 - j % 4 + 3]
        assert torch.allclose(bias[:, :, i, j], q[:, :, i] @ (by_row + by_column), atol=1e-5)


def test_relative_tables_of_another_extent_are_resized_at_load() -> None:
    source, target = RelativePosition((4, 4), 3), RelativePosition((8, 4), 3)
    torch.nn.init.normal_(source.rel_pos_h)
    target.load_state_dict(source.state_dict())
    assert target.rel_pos_h.shape == (15, 3)
    assert torch.equal(target.rel_pos_w, source.rel_pos_w)
    expected = F.interpolate(source.rel_pos_h.T[None], size=15, mode='linear')[0].T
    assert torch.equal(target.rel_pos_h, expected)
