"""The loss of a head's heatmaps to their labels, whatever the heatmaps came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def label_loss(head: Any, heatmaps: Tensor, samples: Sequence[Any]) -> Tensor:
    """Return the head's own loss of its (B, K, h, w) heatmaps to the labels of B samples, weights included."""
    targets = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    if targets.shape != heatmaps.shape:
        raise ValueError(
            f'The codec makes heatmaps of {tuple(targets.shape[1:])} (K, h, w) and the head of '
            f'{tuple(heatmaps.shape[1:])}: set the codec or the head to fit the other.'
        )
    weights = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
    return head.loss_module(heatmaps, targets, weights)


def target_size(samples: Sequence[Any]) -> tuple[int, int]:
    """Return (h, w) of the samples' label heatmaps."""
    height, width = samples[0].gt_fields.heatmaps.shape[-2:]
    return int(height), int(width)
