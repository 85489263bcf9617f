"""Position embeddings: resize against torch's bicubic, grids by rule, sine-cosine against MAE's formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vitpose_mm.models.layers import RelativePosition, guess_grid, resize_position, sincos_position


def test_resize_is_bicubic_on_the_true_grid() -> None:
    table = torch.randn(1, 1 + 16 * 12, 8)
    image = table[0, 1:].reshape(16, 12, 8).permute(2, 0, 1)[None]
    expected = F.interpolate(image, (24, 18), mode='bicubic', align_corners=False)
    resized = resize_position(table, (16, 12), (24, 18))
    assert torch.equal(resized[:, :1], table[:, :1])
    assert torch.equal(resized[0, 1:], expected[0].flatten(1).T)


def test_resize_to_the_same_grid_is_the_same_tensor() -> None:
    table = torch.randn(1, 13, 4)
    assert resize_position(table, (4, 3), (4, 3)) is table


def test_a_grid_that_does_not_belong_is_named() -> None:
    with pytest.raises(ValueError, match='193 rows does not belong to a grid of 14x14'):
        resize_position(torch.zeros(1, 193, 4), (14, 14), (16, 12))


@pytest.mark.parametrize('tokens, grid', [(196, (14, 14)), (192, (16, 12)), (1369, (37, 37)), (432, (24, 18))])
def test_grid_by_rule(tokens: int, grid: tuple[int, int]) -> None:
    assert guess_grid(tokens) == grid


def test_a_count_without_a_rule_is_named() -> None:
    with pytest.raises(ValueError, match='190 position rows'):
        guess_grid(190)


def test_sincos_is_maes_formula() -> None:
    def one_axis(dim: int, places: np.ndarray) -> np.ndarray:
        omega = 1.0 / 10000 ** (np.arange(dim // 2) / (dim / 2.0))
        out = np.einsum('m,d->md', places.reshape(-1), omega)
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
    bias = sum(a @ b.T for a, b in module(q, (3, 4))) / 5**0.5
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
