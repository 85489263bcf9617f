"""Flip test with the keypoint order of each sample."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def flip_back(heatmaps: Tensor, flip_indices: Sequence[Sequence[int]], *, shift: bool = False) -> Tensor:
    """(B, K, h, w) heatmaps of mirrored images -> heatmaps of the images.

    Args:
        heatmaps: of images flipped left to right.
        flip_indices: for every sample, the keypoint that takes the place of each keypoint.
        shift: move the result one pixel to the right (for codecs that are not unbiased).
    """
    order = torch.as_tensor(flip_indices, device=heatmaps.device)  # (B, K)
    rows = torch.arange(len(order), device=heatmaps.device)[:, None]
    flipped = heatmaps[rows, order].flip(-1)
    if shift:
        flipped = torch.cat([flipped[..., :1], flipped[..., :-1]], -1)
    return flipped
