"""What runs a model on this CPU, next to MMPose's own model and rtmlib: crops to heatmaps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..export.models import HeatmapModel
from ..export.onnx_file import write_onnx
from ..export.openvino_file import write_openvino
from ..export.run import open_exported
from ..inference.backends import make_forward
from ..inference.backends.network import Normalize, example_of, network_of
from .benchmark_models import build
from .machine_description import describe_machine
from .report import Report
from .timing import Call, Spread, Stand, ratios

THEIRS = 'mmpose fp32'
Run = Callable[[Tensor], Any]


def benchmark_backends(stand: Stand, ours: Path, theirs: Path, rows: Sequence[str] | None = None) -> Report:
    """Time every backend that is installed in turns; return a report.

    Args:
        stand: where and how; its batch is of uint8 crops.
        ours: config of a model of COCO.
        theirs: config of MMPose's model of the same size.
        rows: names of rows; None for all that this machine can run.
    """
    torch.manual_seed(0)
    (network, (width, height)), (reference, _) = build(ours), build(theirs)
    crops = torch.randint(0, 256, (stand.batch, 3, height, width), dtype=torch.uint8)
    model = network.estimator
    model.dataset_meta = {'dataset_name': 'coco'}
    runs = dict(_runs(model, reference.estimator, crops, rows, stand.say))
    seconds = stand.time({name: _call(run, crops) for name, run in runs.items()})
    notes = [
        f'{stand.batch} uint8 crops of {width}x{height} (w x h) a call, normalised, without flip test and decoding; '
        f'{torch.get_num_threads()} thread(s); rtmlib takes one crop a call. {stand.describe()}',
        f'Ratios are to {THEIRS}, medians (least to largest) of the rounds.',
    ]
    report = Report('Backends', describe_machine(stand.device), notes)
    report.tables[ours.stem] = [_row(name, values, seconds, stand.batch) for name, values in seconds.items()]
    report.raw = dict(seconds)
    return report


def _call(run: Run, crops: Tensor) -> Call:
    return lambda: run(crops)


def _row(name: str, values: list[float], seconds: dict[str, list[float]], batch: int) -> dict[str, str]:
    rate = Spread.of([batch / value for value in values])
    row = {'': name, 'crops/s': f'{rate.median:.2f} ({rate.low:.2f} to {rate.high:.2f})'}
    if THEIRS in seconds:
        ratio = ratios(values, seconds[THEIRS])
        row['to mmpose'] = f'{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})'
    return row


def _runs(
    ours: Any, theirs: Any, crops: Tensor, wanted: Sequence[str] | None, say: Callable[[str], None]
) -> Iterator[tuple[str, Run]]:
    """Yield name and function of every row that can be run here."""
    makers: dict[str, Callable[[], Run]] = {
        THEIRS: lambda: mmpose_forward(theirs),
        'rtmlib onnxruntime fp32': lambda: rtmlib_forward(ours),
        'torch fp32': lambda: make_forward('torch', ours, 'fp32'),
        'torch bf16': lambda: make_forward('torch', ours, 'bf16'),
        'compile fp32': lambda: make_forward('compile', ours, 'fp32'),
        'compile bf16': lambda: make_forward('compile', ours, 'bf16'),
        'onnxruntime fp32': lambda: make_forward('onnxruntime', ours, 'fp32'),
        'onnxruntime int8': lambda: exported_forward(ours, '.onnx', crops),
        'openvino fp32': lambda: make_forward('openvino', ours, 'fp32'),
        'openvino bf16': lambda: make_forward('openvino', ours, 'bf16'),
        'openvino int8': lambda: exported_forward(ours, '.xml', crops),
    }
    for name, make in makers.items():
        if wanted is not None and name not in wanted:
            continue
        if name.startswith('rtmlib') and find_spec('rtmlib') is None:
            say(f'{name}: left out, rtmlib is not installed')
            continue
        try:
            yield name, make()
        except ValueError as error:
            say(f'{name}: left out, {error}')


def mmpose_forward(model: Any) -> Run:
    """Return a call of MMPose's own model as it is, from uint8 crops to heatmaps."""
    normalize = Normalize(model)

    @torch.inference_mode()
    def run(crops: Tensor) -> Tensor:
        return model(normalize(crops), None, mode='tensor')

    return run


def rtmlib_forward(model: Any) -> Run:
    """rtmlib's ViTPose on onnxruntime, one crop after the other, as it does it."""
    from rtmlib.tools.pose_estimation.vitpose import ViTPose

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'vitpose.onnx'
        write_onnx(network_of(model), example_of(model), file)
        tool = ViTPose(str(file), backend='onnxruntime')
    mean, std = np.array(tool.mean), np.array(tool.std)

    def run(crops: Tensor) -> list[Any]:
        return [tool.inference((crop - mean) / std)[0] for crop in crops.permute(0, 2, 3, 1).numpy()]

    return run


def exported_forward(model: Any, suffix: str, crops: Tensor) -> Run:
    """An int8 file of the model; OpenVINO's is calibrated on the crops, of which only the speed is asked."""
    normalize = Normalize(model)
    network: HeatmapModel = network_of(model)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f'int8{suffix}'
        if suffix == '.onnx':
            write_onnx(network, example_of(model), file, int8=True)
        else:
            write_openvino(network, example_of(model), file, metadata={}, calibration=normalize(crops).numpy())
        run = open_exported(file)
    return lambda crops: run(normalize(crops).numpy())
