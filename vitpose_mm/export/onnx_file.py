"""Write a network as one ONNX file with a dynamic batch and metadata, in fp32, fp16 or int8."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..utils.files import complete
from .packages import require

LARGEST = 2_000_000_000  # bytes of weights; protobuf ends at 2 ** 31
OPSET = 18


def write_onnx(
    model: nn.Module,
    example: Tensor,
    file: Path,
    *,
    outputs: Sequence[str] = ('output',),
    metadata: Mapping[str, str] | None = None,
    opset: int = OPSET,
    int8: bool = False,
) -> None:
    """Write a file with the input ``input`` and dynamic batches, traced on an example (2 or more, 3, H, W).

    Args:
        model: in eval mode.
        example: a batch of one would make its size a constant.
        file: the path, ``.onnx``; it appears when it is complete.
        outputs: names of what the network returns.
        metadata: strings by name, for the file's ``metadata_props``.
        opset: of ONNX.
        int8: matrix products in int8, weights by channel, activations scaled for each batch.

    Raises:
        ValueError: the packages are not installed, the weights are too many for one file, or the opset is not known.
    """
    require('onnx', 'onnxruntime', 'onnxscript', extra='export')
    size = sum(weight.numel() * weight.element_size() for weight in model.state_dict().values())
    if size > LARGEST:
        raise ValueError(
            f'The weights take {size / 1e9:.1f} GB and an ONNX file holds 2 GB: export with --precision fp16, or to '
            f'a .pt2 or .xml file.'
        )
    with complete(file) as part:
        if int8:
            with tempfile.TemporaryDirectory(dir=part.parent) as folder:
                whole = Path(folder) / 'fp32.onnx'
                _export(model, example, whole, outputs=outputs, opset=opset)
                _quantize(whole, part)
        else:
            _export(model, example, part, outputs=outputs, opset=opset)
        _add_metadata(part, metadata or {})


def _export(model: nn.Module, example: Tensor, file: Path, *, outputs: Sequence[str], opset: int) -> None:
    """Write the network as torch's exporter gives it, with all that it says of its progress left out."""
    batch = torch.export.Dim('batch', min=1, max=1 << 16)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        for name in ('onnxscript', 'onnx_ir', 'torch.onnx'):
            logging.getLogger(name).setLevel(logging.ERROR)
        program = torch.onnx.export(
            model,
            (example,),
            input_names=['input'],
            output_names=list(outputs),
            opset_version=opset,
            dynamic_shapes={'input': {0: batch}},
            dynamo=True,
            verbose=False,
        )
        assert program is not None
        program.save(str(file), external_data=False)


def _quantize(source: Path, file: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    level = logging.getLogger().level
    logging.getLogger().setLevel(logging.ERROR)  # it recommends a preparation that torch's exporter has done
    try:
        quantize_dynamic(source, file, op_types_to_quantize=['MatMul'], per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.getLogger().setLevel(level)


def _add_metadata(file: Path, metadata: Mapping[str, str]) -> None:
    """Put metadata into the file, and leave out what the exporter wrote of source lines on its author's machine."""
    import onnx

    content: Any = onnx.load(str(file))
    for part in (content.graph, *content.graph.node, *content.graph.input, *content.graph.output):
        del part.metadata_props[:]
        if hasattr(part, 'doc_string'):
            part.doc_string = ''
    for value in (*content.graph.value_info, *content.graph.initializer, *content.functions):
        del value.metadata_props[:]
    content.producer_name = 'vitpose_mm'
    content.doc_string = ''
    onnx.helper.set_model_props(content, dict(metadata))
    onnx.save(content, str(file))
