"""Position embeddings of another grid: resize against torch's bicubic, grids by rule."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vitpose_mm.models.layers import sincos_position
from vitpose_mm.utils.position_grid import find_grid, guess_grid, read_grid, resize_position


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
    with pytest.raises(ValueError, match='193 tokens does not belong to a grid of 14x14'):
        resize_position(torch.zeros(1, 193, 4), (14, 14), (16, 12))


@pytest.mark.parametrize('tokens, grid', [(196, (14, 14)), (192, (16, 12)), (1369, (37, 37)), (432, (24, 18))])
def test_grid_by_rule(tokens: int, grid: tuple[int, int]) -> None:
    assert guess_grid(tokens) == grid


def test_a_count_without_a_rule_is_named() -> None:
    with pytest.raises(ValueError, match='190 position tokens'):
        guess_grid(190)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is logged."""
    lines: list[str] = []
    monkeypatch.setattr('vitpose_mm.utils.position_grid.print_log', lambda text, **_: lines.append(text))
    return lines


@pytest.mark.parametrize('upright', [(16, 12), (8, 6), (24, 18)])
def test_an_embedding_of_two_possible_grids_tells_its_own(upright: tuple[int, int], said: list[str]) -> None:
    lying = (upright[1], upright[0])
    for grid in (upright, lying):
        table = sincos_position(96, grid) + 0.1 * torch.randn(1, 1 + grid[0] * grid[1], 96)
        assert find_grid(table, lying) == grid
        assert find_grid(table, upright) == upright  # no other grid is asked about
    for line, grid, other in zip(said, (upright, lying), (lying, upright), strict=True):
        assert f'are taken for {grid[0]}x{grid[1]}, not {other[0]}x{other[1]}' in line
        assert 'tools/convert_checkpoint.py --grid H W' in line


def test_an_embedding_that_tells_nothing_is_taken_for_the_models_grid(said: list[str]) -> None:
    assert find_grid(torch.randn(1, 193, 64), (12, 16)) == (12, 16)
    assert find_grid(torch.zeros(1, 193, 64), (12, 16)) == (12, 16)
    assert len(said) == 2


def test_a_grid_of_another_count_is_found_by_rule(said: list[str]) -> None:
    assert find_grid(torch.randn(1, 193, 8), (14, 14)) == (16, 12)
    assert find_grid(torch.randn(1, 11, 8), (5, 2)) == (5, 2)
    with pytest.raises(ValueError, match='10 position tokens'):
        find_grid(torch.randn(1, 11, 8), (3, 4))
    assert not said


@pytest.mark.parametrize('stored', [torch.tensor(4), torch.tensor([4]), torch.tensor([0, 3]), torch.tensor([4.5, 3.0])])
def test_a_grid_that_a_damaged_checkpoint_says_is_refused(stored: torch.Tensor) -> None:
    with pytest.raises(ValueError, match='two whole numbers above 0'):
        read_grid(stored)
    assert read_grid(torch.tensor([16.0, 12.0]).half()) == (16, 12)


@pytest.mark.parametrize('shape', [(), (13,), (13, 8), (2, 13, 8), (1, 13, 0)])
def test_a_position_embedding_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    for call in (find_grid, lambda table, grid: resize_position(table, grid, (8, 6))):
        with pytest.raises(ValueError, match='has the shape'):
            call(torch.zeros(shape), (4, 3))
