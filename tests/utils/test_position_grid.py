"""Position embeddings of another grid: resize against torch's bicubic, grids by rule."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vitpose_mm.utils.position_grid import guess_grid, resize_position


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
