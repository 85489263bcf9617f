"""Windows on grids that they divide and grids that they do not."""

from __future__ import annotations

import pytest
import torch

from vitpose_mm.models.layers import Windows, pool_windows, reorder


@pytest.mark.parametrize('shifted', [False, True])
@pytest.mark.parametrize('grid, window', [((8, 6), (4, 3)), ((5, 7), (2, 3)), ((32, 24), (16, 12)), ((3, 3), (8, 8))])
def test_merge_undoes_split(grid: tuple[int, int], window: tuple[int, int], shifted: bool) -> None:
    windows = Windows(grid, window, shifted)
    x = torch.randn(2, *grid, 5)
    split = windows.split(x)
    assert split.shape == (2 * windows.counts[0] * windows.counts[1], window[0] * window[1], 5)
    assert torch.equal(windows.merge(split), x)


def test_split_puts_neighbours_together() -> None:
    x = torch.arange(16.0).reshape(1, 4, 4, 1)
    assert Windows((4, 4), (2, 2)).split(x)[1, :, 0].tolist() == [2, 3, 6, 7]
    shifted = Windows((4, 4), (2, 2), shifted=True).split(x)
    assert shifted[0, :, 0].tolist() == [5, 6, 9, 10]
    assert shifted[3, :, 0].tolist() == [15, 12, 3, 0]  # the four corners, none of which see each other


def test_rows_in_the_order_of_windows_are_the_windows() -> None:
    reading, windows = Windows((4, 4), (4, 4)), Windows((4, 4), (2, 2))
    rows = torch.arange(16.0).reshape(1, 16, 1)
    by_window = reorder(rows, reading, windows)
    assert by_window.flatten().tolist()[4:8] == [2, 3, 6, 7]
    taken = windows.take(by_window, windows)
    assert torch.equal(taken, windows.split(rows.unflatten(1, (4, 4))))
    assert taken.data_ptr() == by_window.data_ptr() and windows.give(taken, windows).data_ptr() == by_window.data_ptr()


@pytest.mark.parametrize('window', [(2, 3), (3, 4)], ids=['divides', 'padded'])
@pytest.mark.parametrize('shifted', [False, True])
def test_give_undoes_take_in_any_order(shifted: bool, window: tuple[int, int]) -> None:
    windows, order = Windows((4, 6), window, shifted), Windows((4, 6), (4, 2), True)
    rows = torch.randn(2, 24, 3)
    taken = windows.take(reorder(rows, Windows((4, 6), (4, 6)), order), order)
    assert torch.equal(taken, windows.split(rows.unflatten(1, (4, 6))))
    assert torch.equal(windows.give(taken, order), reorder(rows, Windows((4, 6), (4, 6)), order))


def test_the_gradient_of_an_order_is_the_order_undone() -> None:
    rows = torch.randn(2, 24, 3, dtype=torch.double, requires_grad=True)
    source, target = Windows((4, 6), (2, 3)), Windows((4, 6), (2, 2), True)
    assert torch.autograd.gradcheck(lambda x: reorder(x, source, target), (rows,))
    one_by_one = torch.func.vmap(torch.func.grad(lambda x: (reorder(x[None], source, target) ** 2).sum()))
    assert torch.equal(one_by_one(rows), 2 * rows)


def test_regions_of_the_corner_window_are_all_apart() -> None:
    codes = Windows((4, 4), (2, 2), shifted=True).regions()
    agree = codes @ codes.transpose(1, 2) == 2
    assert agree[0].all()
    assert torch.equal(agree[3], torch.eye(4, dtype=torch.bool))


def test_padding_is_a_region_of_its_own() -> None:
    codes = Windows((3, 4), (2, 2)).regions()
    agree = codes @ codes.transpose(1, 2) == 2
    assert agree[0].all()
    assert agree[2, 0].tolist() == [True, True, False, False]


def test_an_axis_with_one_window_is_not_shifted() -> None:
    assert Windows((8, 4), (4, 4), shifted=True).shift == (2, 0)


@pytest.mark.parametrize('shifted', [False, True])
def test_pooled_tokens_are_means_over_real_tokens_of_the_unshifted_windows(shifted: bool) -> None:
    x = torch.randn(2, 5, 7, 3, dtype=torch.double)
    windows = Windows((5, 7), (2, 3), shifted)
    (pooled,) = pool_windows(windows, windows.split(x))
    assert pooled.shape == (2, 9, 3)
    assert torch.allclose(pooled[:, 0], x[:, :2, :3].mean((1, 2)))
    assert torch.allclose(pooled[:, 4], x[:, 2:4, 3:6].mean((1, 2)))
    assert torch.allclose(pooled[:, 8], x[:, 4:, 6:].mean((1, 2)))


def test_pooling_in_half_precision_divides_by_the_true_share() -> None:
    values = (1 + torch.arange(128) / 128).to(torch.bfloat16)
    windows = Windows((1, 8), (1, 7))
    pooled = pool_windows(windows, windows.split(values.expand(1, 1, 8, 128)))[0][0, 1]  # one real token of seven
    assert pooled.dtype == torch.bfloat16
    assert torch.equal(pooled, values)


def test_large_values_are_pooled_in_half_precision() -> None:
    windows = Windows((32, 24), (16, 12))
    (pooled,) = pool_windows(windows, windows.split(torch.full((1, 32, 24, 2), 1000.0, dtype=torch.float16)))
    assert torch.equal(pooled, torch.full((1, 4, 2), 1000.0, dtype=torch.float16))  # their sum is no number in fp16
