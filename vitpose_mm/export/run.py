"""Run an exported file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .packages import require

Run = Callable[[np.ndarray], list[np.ndarray]]


def open_exported(file: Path) -> Run:
    """Open a .onnx, .pt2 or .xml file as a function from (N, 3, H, W) float32 crops to its outputs, on the CPU.

    Only for files that this process has written: torch runs code that a .pt2 file holds.

    Raises:
        ValueError: the package that runs it is not installed.
    """
    return {'.onnx': open_onnx, '.pt2': open_program, '.xml': open_openvino}[file.suffix](file)


def open_onnx(file: Path) -> Run:
    """Open a .onnx file as a function, by onnxruntime, with as many threads as torch has."""
    require('onnxruntime', extra='export')
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors; it warns of every constant in float16
    session = onnxruntime.InferenceSession(str(file), options, providers=['CPUExecutionProvider'])
    return lambda crops: session.run(None, {'input': crops})


def open_program(file: Path) -> Run:
    """Open a .pt2 file as a function, by torch."""
    module = torch.export.load(file).module()

    def run(crops: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            out = module(torch.from_numpy(crops))
        return [part.numpy() for part in (out if isinstance(out, (tuple, list)) else (out,))]

    return run


def open_openvino(file: Path) -> Run:
    """Open an .xml file as a function, by OpenVINO, in float32."""
    require('openvino', extra='openvino')
    import openvino

    core = openvino.Core()
    settings = {'INFERENCE_NUM_THREADS': torch.get_num_threads(), 'INFERENCE_PRECISION_HINT': 'f32'}
    compiled = core.compile_model(str(file), 'CPU', settings)

    def run(crops: np.ndarray) -> list[np.ndarray]:
        found = compiled(crops)
        return [found[port] for port in compiled.outputs]

    return run
