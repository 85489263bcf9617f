"""Compute the heatmaps of crops by onnxruntime."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...export.onnx_file import write_onnx
from ...export.run import open_onnx
from .network import Normalize, example_of, network_of


class OnnxruntimeForward:
    """Maps (N, 3, h, w) uint8 crops in BGR order to (N, K, h', w') float32 heatmaps, on the CPU.

    Args:
        model: from build_pose_model.
        precision: 'auto' or 'fp32': on CPUs, onnxruntime computes in no shorter floating-point type.

    Raises:
        ValueError: another precision, or the packages are not installed.
    """

    def __init__(self, model: Any, precision: str = 'auto') -> None:
        if precision not in ('auto', 'fp32'):
            raise ValueError(
                f"precision={precision!r}: onnxruntime computes in fp32 here; use 'fp32', or backend='openvino'."
            )
        self.normalize = Normalize(model)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / 'network.onnx'
            write_onnx(network_of(model), example_of(model), file)
            self.run = open_onnx(file)

    @torch.inference_mode()
    def __call__(self, crops: Tensor) -> Tensor:
        return torch.from_numpy(self.run(self.normalize(crops).numpy())[0])
