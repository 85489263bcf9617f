"""What runs a pose model: PyTorch as it is or compiled, OpenVINO, onnxruntime; one interface, a file each.

A backend is a callable from (N, 3, h, w) uint8 crops in BGR order to (N, K, h', w') float32 heatmaps; it neither
mirrors nor decodes.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..heatmaps import Forward

# name -> module and class; each is imported when it is asked for, because its package is optional
BACKENDS = {
    'torch': ('..heatmaps', 'TorchForward'),
    'compile': ('.compiled', 'CompiledForward'),
    'openvino': ('.openvino_runtime', 'OpenVINOForward'),
    'onnxruntime': ('.onnx_runtime', 'OnnxruntimeForward'),
}


def make_forward(backend: str, model: Any, precision: str = 'auto') -> Forward:
    """Return the function from crops to heatmaps of a backend, for a pose model from build_pose_model.

    Args:
        backend: 'torch', 'compile', 'openvino' or 'onnxruntime'.
        model: it is left as it is; the dataset of ``model.dataset_meta`` chooses head and expert.
        precision: 'fp32', 'bf16', or 'auto': bf16 where the hardware computes in it and the backend can.

    Raises:
        ValueError: another name, a package that is not installed, or a precision that the backend does not have.
    """
    if backend not in BACKENDS:
        raise ValueError(f'backend={backend!r} is not known: choose from {", ".join(BACKENDS)}.')
    module, name = BACKENDS[backend]
    forward: Forward = getattr(import_module(module, __name__), name)(model, precision)
    return forward
