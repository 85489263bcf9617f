"""Write a network as a torch.export program (.pt2) with a dynamic batch and metadata beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from ..utils.files import complete

METADATA = 'metadata.json'  # in extra_files


def export_program(model: nn.Module, example: Tensor) -> ExportedProgram:
    """Export the program of a network in eval mode for any batch, by an example (2 or more, 3, H, W)."""
    batch = torch.export.Dim('batch', min=1, max=1 << 16)
    with torch.no_grad():
        return torch.export.export(model, (example,), dynamic_shapes={'input': {0: batch}})


def write_program(model: nn.Module, example: Tensor, file: Path, *, metadata: Mapping[str, str]) -> None:
    """Write a program; ``torch.export.load(file, extra_files={'metadata.json': ''})`` reads it and its metadata."""
    program = export_program(model, example)
    with complete(file) as part, part.open('wb') as stream:
        torch.export.save(program, stream, extra_files={METADATA: json.dumps(dict(metadata))})
