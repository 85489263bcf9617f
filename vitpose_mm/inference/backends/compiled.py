"""Compute the heatmaps of crops by torch.compile."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..heatmaps import choose_bf16
from .network import network_of


class CompiledForward:
    """Maps (N, 3, h, w) uint8 crops in BGR order to (N, K, h', w') float32 heatmaps, on the model's device.

    The first call compiles for minutes, and so may the second, with another number of crops; later ones do not.

    Args:
        model: from build_pose_model.
        precision: 'fp32', 'bf16', or 'auto': bf16 where the hardware computes in it.

    Raises:
        ValueError: another precision, or bf16 on a machine without it.
    """

    def __init__(self, model: Any, precision: str = 'auto') -> None:
        self.device = next(model.parameters()).device
        self.bf16 = choose_bf16(precision, self.device)
        self.preprocess = model.data_preprocessor
        self.network = torch.compile(network_of(model).to(self.device), dynamic=None)

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        inputs = self.preprocess({'inputs': crops, 'data_samples': []})['inputs']
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            heatmaps: Tensor = self.network(inputs)
        return heatmaps
