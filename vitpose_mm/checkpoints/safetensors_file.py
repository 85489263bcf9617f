"""Read the tensors of a ``.safetensors`` file, by the library of that name."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import torch

from ..utils.files import open_regular
from .pickle_records import Damaged, checked_key
from .storages import MapLocation, sum_is_finite
from .structure import CheckpointError

MAX_HEADER = 16 * 2**20  # bytes of its list of tensors, about 100,000 of them


def read_safetensors(path: Path, map_location: MapLocation) -> tuple[dict[str, torch.Tensor], bool]:
    """Return the tensors of a file by name, and whether the sums of all prove them finite.

    Raises:
        CheckpointError: the library is not installed.
        Refused: the file is damaged.
        OSError: it cannot be read, or is not a regular file.
    """
    try:
        import safetensors.torch  # not needed for .pth files
    except ImportError:
        raise CheckpointError(f'{path} needs the package safetensors: run `pip install safetensors`.') from None
    with open_regular(path) as file:
        beginning, size = file.read(8), os.fstat(file.fileno()).st_size
        if len(beginning) < 8 or struct.unpack('<Q', beginning)[0] > min(size, MAX_HEADER):
            raise Damaged('no list of tensors at its beginning')
        file.seek(0)
        # load_file would map the file into memory: tensors change, or the process ends, when somebody writes to it
        found: dict[str, torch.Tensor] = safetensors.torch.load(file.read())
    all_finite = all(sum_is_finite(one) for one in found.values())
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    return {checked_key(name): one.to(device) for name, one in found.items()}, all_finite
