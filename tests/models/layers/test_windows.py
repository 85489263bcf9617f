"""Windows on grids that they divide and grids that they do not."""

from __future__ import annotations

import pytest
import torch

from vitpose_mm.models.layers.windows import (
    count_windows,
    pool_windows,
    shift_size,
    window_mask,
    window_partition,
    window_unpartition,
)

Size = tuple[int, int]


@pytest.mark.parametrize('shifted', [False, True])
@pytest.mark.parametrize('grid, window', [((8, 6), (4, 3)), ((5, 7), (2, 3)), ((32, 24), (16, 12)), ((3, 3), (8, 8))])
def test_unpartition_undoes_partition(grid: Size, window: Size, shifted: bool) -> None:
    shift = shift_size(grid, window) if shifted else (0, 0)
    x = torch.randn(2, *grid, 5)
    windows = window_partition(x, window, shift)
    rows, columns = count_windows(grid, window)
    assert windows.shape == (2 * rows * columns, window[0] * window[1], 5)
    assert torch.equal(window_unpartition(windows, grid, window, shift), x)


def test_partition_puts_neighbours_together() -> None:
    x = torch.arange(16.0).reshape(1, 4, 4, 1)
    assert window_partition(x, (2, 2))[1, :, 0].tolist() == [2, 3, 6, 7]
    shifted = window_partition(x, (2, 2), (1, 1))
    assert shifted[0, :, 0].tolist() == [5, 6, 9, 10]
    assert shifted[3, :, 0].tolist() == [15, 12, 3, 0]  # the four corners, none of which see each other


def test_the_corners_that_share_the_last_shifted_window_do_not_see_each_other() -> None:
    mask = window_mask((4, 4), (2, 2), (1, 1))
    assert mask[0].all()
    assert mask[1].int().tolist() == [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1]]  # columns 3 and 0
    assert torch.equal(mask[3], torch.eye(4, dtype=torch.bool))


def test_nobody_sees_the_padding() -> None:
    mask = window_mask((3, 4), (2, 2))
    assert mask[0].all()
    assert mask[2, 0].tolist() == [True, True, False, False]


@pytest.mark.parametrize('grid, window', [((5, 7), (2, 3)), ((9, 10), (4, 4))])
def test_padding_and_wrap_together(grid: Size, window: Size) -> None:
    """A token's neighbours in its window are those whose distance in the window is that in the image."""
    shift = shift_size(grid, window)
    rows, columns = torch.meshgrid(*(torch.arange(1, side + 1) for side in grid), indexing='ij')
    origin = window_partition(torch.stack([rows, columns], -1)[None], window, shift)  # (n, N, 2), padding has 0
    inside = torch.cartesian_prod(*(torch.arange(side) for side in window))  # (N, 2)
    apart = (origin[:, :, None] - origin[:, None]) != (inside[:, None] - inside)  # (n, N, N, 2)
    real = origin[..., 0] > 0
    both = real[:, :, None] & real[:, None]
    mask = window_mask(grid, window, shift)
    assert torch.equal(mask[both], ~apart.any(-1)[both])
    assert not mask[real[:, :, None] & ~real[:, None]].any()


def test_an_axis_with_one_window_is_not_shifted() -> None:
    assert shift_size((8, 4), (4, 4)) == (2, 0)


def test_pooled_tokens_are_means_over_real_tokens() -> None:
    x = torch.randn(2, 5, 7, 3, dtype=torch.double)
    pooled = pool_windows(x, (2, 3))
    assert pooled.shape == (2, 9, 3)
    assert torch.allclose(pooled[:, 0], x[:, :2, :3].mean((1, 2)))
    assert torch.allclose(pooled[:, 4], x[:, 2:4, 3:6].mean((1, 2)))
    assert torch.allclose(pooled[:, 8], x[:, 4:, 6:].mean((1, 2)))


def test_pooling_in_half_precision_divides_by_the_true_number() -> None:
    values = (1 + torch.arange(128) / 128).to(torch.bfloat16)
    pooled = pool_windows(values.expand(1, 1, 8, 128), (1, 7))[0, 1]  # one real token of seven
    assert pooled.dtype == torch.bfloat16
    assert torch.equal(pooled, values)


def test_large_values_are_pooled_in_half_precision() -> None:
    pooled = pool_windows(torch.full((1, 32, 24, 2), 1000.0, dtype=torch.float16), (16, 12))
    assert torch.equal(pooled, torch.full((1, 4, 2), 1000.0, dtype=torch.float16))  # their sum is not a number in fp16
