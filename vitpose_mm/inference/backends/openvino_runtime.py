"""Compute the heatmaps of crops by OpenVINO."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...export.openvino_file import convert_to_openvino
from ...utils.precision import cpu_has_bfloat16
from .network import Normalize, example_of, network_of


class OpenVINOForward:
    """Maps (N, 3, h, w) uint8 crops in BGR order to (N, K, h', w') float32 heatmaps, on the CPU.

    Args:
        model: from build_pose_model.
        precision: 'fp32', 'bf16', or 'auto': bf16 where the CPU multiplies it in hardware.

    Raises:
        ValueError: another precision, bf16 on a CPU without it, or openvino is not installed.
    """

    def __init__(self, model: Any, precision: str = 'auto') -> None:
        if precision not in ('auto', 'fp32', 'bf16'):
            raise ValueError(f"precision={precision!r} is not known: choose from 'auto', 'fp32', 'bf16'.")
        supported = cpu_has_bfloat16()
        if precision == 'bf16' and not supported:
            raise ValueError("precision='bf16': this CPU does not compute in bfloat16; use 'auto' or 'fp32'.")
        self.normalize = Normalize(model)
        converted = convert_to_openvino(network_of(model), example_of(model))
        import openvino

        settings = {
            'INFERENCE_NUM_THREADS': torch.get_num_threads(),
            'INFERENCE_PRECISION_HINT': 'bf16' if supported and precision != 'fp32' else 'f32',
            'PERFORMANCE_HINT': 'LATENCY',
        }
        self.compiled = openvino.Core().compile_model(converted, 'CPU', settings)

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        return torch.from_numpy(self.compiled(self.normalize(crops).numpy())[0].copy())
