"""Compute the heatmaps of crops by a pose model, in the number type that suits it.

A forward function, :class:`TorchForward` or one of another runtime, is a callable from (N, 3, h, w) uint8 crops in
BGR order to (N, K, h', w') float32 heatmaps; it neither mirrors nor decodes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mmpose.codecs import UDPHeatmap
from mmpose.models.heads import HeatmapHead
from mmpose.models.utils.tta import flip_heatmaps
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from ..models.heads.base import HeatmapPredictor
from ..utils.precision import cpu_has_bfloat16

Forward = Callable[[Tensor], Tensor]
PRECISIONS = ('auto', 'fp32', 'bf16')


def makes_heatmaps(model: Any) -> bool:
    """Whether the heatmaps of a model can be flip-tested and decoded in batches here: Gaussian ones with UDP."""
    head: Any = getattr(model, 'head', None)
    test_cfg = getattr(model, 'test_cfg', None) or {}
    return (
        isinstance(head, (HeatmapHead, HeatmapPredictor))
        and isinstance(decoder := getattr(head, 'decoder', None), UDPHeatmap)
        and decoder.heatmap_type == 'gaussian'
        and test_cfg.get('flip_mode', 'heatmap') == 'heatmap'
        and test_cfg.get('output_keypoint_indices') is None
        and model.metainfo is None
    )


def head_of(model: Any) -> Any:
    """Return the head of the dataset that a model serves."""
    names = getattr(model.head, 'names', None)
    return model.head if names is None else model.head.heads[names.resolve(model.dataset_meta['dataset_name'])]


class TorchForward:
    """Maps (N, 3, h, w) uint8 crops in BGR order to (N, K, h', w') float32 heatmaps by a torch model as it is.

    Args:
        model: from build_pose_model; the dataset of ``model.dataset_meta`` chooses head and expert.
        precision: 'fp32', 'bf16', or 'auto': bf16 where the hardware computes in it.

    Raises:
        ValueError: another precision, or bf16 on a machine without it.
    """

    def __init__(self, model: nn.Module, precision: str = 'auto') -> None:
        estimator: Any = model
        self.model = estimator
        self.device = next(model.parameters()).device
        self.bf16 = choose_bf16(precision, self.device)
        self._sample = PoseDataSample(metainfo={'dataset_name': estimator.dataset_meta['dataset_name']})

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        model = self.model
        batch = model.data_preprocessor({'inputs': crops, 'data_samples': []})
        inputs, samples = batch['inputs'].float(), [self._sample] * len(crops)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            if isinstance(model.head, HeatmapPredictor):
                feats = model.extract_feat(inputs, samples)
                heatmaps = torch.stack(model.head.heatmaps(feats, samples))
            else:
                heatmaps = model.head(model.extract_feat(inputs))
        return heatmaps.float()


def choose_bf16(precision: str, device: torch.device) -> bool:
    """Return whether to compute in bfloat16 at this precision, on this device.

    Raises:
        ValueError: another precision, or bf16 on a machine without it.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'precision={precision!r} is not known: choose from {", ".join(PRECISIONS)}.')
    gpu = device.type == 'cuda'
    supported = torch.cuda.is_bf16_supported(including_emulation=False) if gpu else cpu_has_bfloat16()
    if precision == 'bf16' and not supported:
        raise ValueError(f"precision='bf16': this {device.type} does not compute in bfloat16; use 'auto' or 'fp32'.")
    return supported and precision != 'fp32'


def with_flip_test(forward: Forward, crops: Tensor, flip_indices: list[int], *, shift: bool) -> Tensor:
    """Return the (N, K, h', w') mean of the heatmaps of (N, 3, h, w) crops and their mirror images, in one batch.

    Args:
        forward: crops to heatmaps.
        crops: uint8.
        flip_indices: (K,) index of each keypoint's other side.
        shift: move the mirrored heatmaps one pixel to the right (for codecs that are not unbiased).
    """
    straight, mirrored = forward(torch.cat((crops, crops.flip(-1)))).chunk(2)
    return (straight + flip_heatmaps(mirrored, flip_indices, shift_heatmap=shift)) * 0.5
