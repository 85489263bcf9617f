"""Patches: grids for both ratios, and errors that name the value."""

from __future__ import annotations

import pytest
import torch

from vitpose_mm.models.layers import PatchEmbed


@pytest.mark.parametrize('ratio, padding, grid', [(1, 2, (16, 12)), (1, 0, (16, 12)), (2, 4, (32, 24))])
def test_grid(ratio: int, padding: int, grid: tuple[int, int]) -> None:
    patches = PatchEmbed(8, ratio=ratio, padding=padding)
    assert patches.grid((256, 192)) == grid
    assert patches(torch.zeros(1, 3, 256, 192)).shape == (1, *grid, 8)


def test_padding_defaults_to_the_released_models() -> None:
    assert PatchEmbed(8).proj.padding == (2, 2)
    assert PatchEmbed(8, ratio=2).proj.padding == (4, 4)


def test_without_padding_a_patch_is_a_linear_map() -> None:
    patches = PatchEmbed(8, padding=0)
    image = torch.randn(1, 3, 32, 32)
    expected = patches.proj.weight.flatten(1) @ image[0, :, 16:, :16].flatten() + patches.proj.bias
    assert torch.allclose(patches(image)[0, 1, 0], expected, atol=1e-5)


def test_bad_sizes_are_named() -> None:
    with pytest.raises(ValueError, match='190x256'):
        PatchEmbed(8).grid((256, 190))
    with pytest.raises(ValueError, match='padding of 2 gives 31x23'):
        PatchEmbed(8, ratio=2, padding=2).grid((256, 192))
    with pytest.raises(ValueError, match='ratio of 3'):
        PatchEmbed(8, ratio=3)
