"""Write a network as OpenVINO's .xml and .bin with a dynamic batch and metadata, in fp32, fp16 or int8."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..utils.files import complete
from .packages import require
from .program_file import export_program

SECTION = 'vitpose_mm'  # of the rt_info that holds the metadata


def convert_to_openvino(model: nn.Module, example: Tensor, *, outputs: Sequence[str] = ('output',)) -> Any:
    """Convert a network in eval mode, by an example (2 or more, 3, H, W), to an openvino.Model for any batch.

    Raises:
        ValueError: openvino is not installed.
    """
    require('openvino', extra='openvino')
    import openvino

    converted = openvino.convert_model(export_program(model, example))
    for port, name in zip((*converted.inputs, *converted.outputs), ('input', *outputs), strict=True):
        port.get_tensor().set_names({name})
    return converted


def write_openvino(
    model: nn.Module,
    example: Tensor,
    file: Path,
    *,
    metadata: Mapping[str, str],
    outputs: Sequence[str] = ('output',),
    half: bool = False,
    calibration: np.ndarray | None = None,
) -> None:
    """Write a network to ``file`` (.xml) and its weights beside it (.bin), both when they are complete.

    Args:
        model: in eval mode.
        example: (2 or more, 3, H, W).
        file: the path.
        metadata: strings by name, for the file's ``rt_info``.
        outputs: names of what the network returns.
        half: store the weights in float16; the device chooses what it computes in.
        calibration: (N, 3, H, W) crops, by which NNCF quantises to int8; None for none.

    Raises:
        ValueError: the packages are not installed.
    """
    converted = convert_to_openvino(model, example, outputs=outputs)
    if calibration is not None:
        converted = quantize(converted, calibration)
    import openvino

    for name, value in metadata.items():
        converted.set_rt_info(value, [SECTION, name])
    weights = file.with_suffix('.bin')
    with (
        complete(weights) as weights_part,
        complete(file) as part,
        tempfile.TemporaryDirectory(dir=part.parent) as folder,
    ):
        written = Path(folder) / file.name  # OpenVINO names the weights by it
        openvino.save_model(converted, str(written), compress_to_fp16=half)
        written.replace(part)
        written.with_suffix('.bin').replace(weights_part)


def quantize(converted: Any, calibration: np.ndarray) -> Any:
    """Quantize an openvino.Model to int8 on (N, 3, H, W) crops, by NNCF with its settings for transformers."""
    require('nncf', extra='openvino')
    import nncf

    crops = [crop[None] for crop in calibration]
    return nncf.quantize(converted, nncf.Dataset(crops), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(crops))
