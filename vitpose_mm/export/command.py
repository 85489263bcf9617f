"""What tools/export.py does: load, wrap, write, and compare the file with the model that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..inference.loading import build_detector, build_pose_model
from ..utils.configs import open_config
from .check import Difference, compare
from .crops import person_crops, random_crops
from .decoding import UDPDecoder
from .metadata import detector_metadata, pose_metadata
from .models import DetectorModel, HeatmapModel, KeypointModel, channel_order, choose_dataset
from .onnx_file import OPSET, write_onnx
from .openvino_file import write_openvino
from .packages import require
from .program_file import write_program

SUFFIXES = ('.onnx', '.pt2', '.xml')
INT8_NEEDS = 'an OpenVINO file in int8 is calibrated on crops of people: give --images FOLDER with some dozens of them.'


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What tools/export.py takes."""

    config: str
    checkpoint: str
    out: str
    output: str = 'heatmaps'
    precision: str = 'fp32'
    dataset: str | None = None
    input_order: str | None = None  # None: as the model takes it
    images: str | None = None
    opset: int = OPSET

    def __post_init__(self) -> None:
        suffix = Path(self.out).suffix
        if suffix not in SUFFIXES:
            raise ValueError(f'{self.out}: the ending says the format; give one of {", ".join(SUFFIXES)}.')
        if self.precision == 'int8' and suffix == '.pt2':
            raise ValueError(f'{self.out}: int8 is for .onnx and .xml files; give one of these, or --precision fp16.')
        if self.precision == 'int8' and suffix == '.xml' and self.images is None:
            raise ValueError(f'{self.out}: {INT8_NEEDS}')


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A file that was written, and how far its results are from the model's."""

    file: Path
    metadata: Mapping[str, str]
    difference: Difference | None


def export(options: ExportOptions) -> Exported:
    """Export the model of the options to a file.

    Raises:
        ValueError: a bad option, config or checkpoint, or a package that is missing.
    """
    file = Path(options.out)
    require_packages(options)
    if 'bbox_head' in open_config(options.config).model:
        return export_detector(options, file)
    model: Any = build_pose_model(options.config, options.checkpoint, dataset=options.dataset)
    choose_dataset(model)
    order = options.input_order or channel_order(model)
    metadata = pose_metadata(
        model,
        options.config,
        output=options.output,
        input_order=order,
        precision=options.precision,
    )
    scorer = getattr(model.head, 'oks_scorer', None)
    decoder = UDPDecoder(model.head.decoder, scorer) if options.output == 'keypoints' else None
    crops = random_crops(model) if options.images is None else person_crops(model, Path(options.images))
    expected = heatmaps_of(model, crops)
    swap = order != channel_order(model)
    inputs = swapped(crops, model) if swap else crops
    wrapped: nn.Module = HeatmapModel(model, half=halves(options), swap=swap)
    if decoder is not None:
        wrapped = KeypointModel(wrapped, decoder)
    write(wrapped.eval(), inputs, file, metadata=metadata, options=options)
    real = options.images is not None
    own_scorer = None if decoder is None else decoder.scorer  # in fp32; the model may have been halved
    difference = compare(file, inputs.numpy(), expected, codec=model.head.decoder, scorer=own_scorer, real=real)
    return Exported(file=file, metadata=metadata, difference=difference)


def require_packages(options: ExportOptions) -> None:
    """Check that the packages that write and run a file are there, before a large model is loaded.

    Raises:
        ValueError: one is missing.
    """
    if options.out.endswith('.onnx'):
        require('onnx', 'onnxruntime', 'onnxscript', extra='export')
    elif options.out.endswith('.xml'):
        require('openvino', *(['nncf'] if options.precision == 'int8' else []), extra='openvino')


@torch.no_grad()
def heatmaps_of(model: Any, crops: Tensor) -> np.ndarray:
    """Return a pose model's (N, K, h, w) heatmaps of (N, 3, H, W) crops.

    Raises:
        ValueError: the model predicts something else.
    """
    heatmaps = model(crops, None, mode='tensor')
    if not isinstance(heatmaps, Tensor) or heatmaps.ndim != 4:
        raise ValueError(
            f'A {type(model.head).__name__} predicts no heatmaps: export a top-down model with a heatmap head.'
        )
    return heatmaps.numpy()


def export_detector(options: ExportOptions, file: Path) -> Exported:
    """Export the detector of the options to a file with boxes and scores before non-maximum suppression."""
    if options.precision == 'int8':
        raise ValueError('A detector is exported in fp32 or fp16: leave --precision int8 out.')
    for name, default in (('output', 'heatmaps'), ('dataset', None), ('input_order', None), ('images', None)):
        if getattr(options, name) != default:
            raise ValueError(f'--{name.replace("_", "-")} is for pose models and {options.config} is a detector.')
    detector: Any = build_detector(options.config, options.checkpoint)
    metadata = detector_metadata(detector, options.config, precision=options.precision)
    wrapped = DetectorModel(detector, half=halves(options)).eval()
    width, height = detector_size(metadata)
    example = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    write(wrapped, example, file, metadata=metadata, options=options, outputs=('boxes', 'scores'))
    return Exported(file=file, metadata=metadata, difference=None)


def write(
    model: nn.Module,
    inputs: Tensor,
    file: Path,
    *,
    metadata: Mapping[str, str],
    options: ExportOptions,
    outputs: tuple[str, ...] = ('output',),
) -> None:
    """Write a network, traced on inputs like those that it will get, to a file by its ending."""
    example = inputs[:2]
    int8 = options.precision == 'int8'
    if file.suffix == '.onnx':
        write_onnx(model, example, file, outputs=outputs, metadata=metadata, opset=options.opset, int8=int8)
    elif file.suffix == '.pt2':
        write_program(model, example, file, metadata=metadata)
    else:
        calibration = inputs.numpy() if int8 else None
        half = options.precision == 'fp16'
        write_openvino(model, example, file, metadata=metadata, outputs=outputs, half=half, calibration=calibration)


def halves(options: ExportOptions) -> bool:
    """Whether to convert the network to float16; for OpenVINO only its stored weights are, and the device chooses."""
    return options.precision == 'fp16' and not options.out.endswith('.xml')


def swapped(crops: Tensor, model: Any) -> Tensor:
    """Swap the channels (RGB and BGR) of normalised crops; mean and std stay in their order."""
    mean, std = (getattr(model.data_preprocessor, name).float() for name in ('mean', 'std'))
    return ((crops * std + mean).flip(1) - mean) / std


def detector_size(metadata: Mapping[str, str]) -> tuple[int, int]:
    """Return (w, h) pixels of a detector's input, from its metadata."""
    width, height = json.loads(metadata['input_size'])
    return width, height
