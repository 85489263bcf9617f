"""Write weights to a ``.pth`` or ``.safetensors`` file; the two tools that rewrite files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..utils.files import complete
from .conversion_report import Report
from .convert import convert, state_dict_of
from .experts import dataset_name
from .plain import to_plain
from .reading import load_file
from .structure import CheckpointError

SUFFIXES = ('.pth', '.pt', '.bin', '.safetensors')


def save_file(state: Mapping[str, Tensor], path: str | Path, *, meta: Mapping[str, Any] | None = None) -> None:
    """Write weights by name to a file that appears when it is complete.

    Args:
        state: names to tensors.
        path: ``.safetensors``, or ``.pth``, ``.pt``, ``.bin`` as torch writes them.
        meta: goes beside ``state_dict`` in torch's format; None writes the bare weights.

    Raises:
        ValueError: the name ends otherwise.
    """
    file = Path(path)
    if file.suffix not in SUFFIXES:
        raise ValueError(f'{file} has no suffix that is known: use one of {", ".join(SUFFIXES)}.')
    # A view would bring the whole tensor that it is a part of into the file.
    tensors = {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in state.items()}
    with complete(file) as part:
        if file.suffix == '.safetensors':
            try:
                import safetensors.torch  # not needed for .pth files
            except ImportError:
                raise ValueError(f'{file} needs the package safetensors: run `pip install safetensors`.') from None
            safetensors.torch.save_file(tensors, part, metadata={'format': 'pt'})
        else:
            torch.save(tensors if meta is None else {'meta': to_plain(meta, 'meta'), 'state_dict': tensors}, part)


def convert_file(source: str | Path, destination: str | Path, *, target: str = 'vitpose_mm', **kwargs: Any) -> Report:
    """Convert a checkpoint file of any origin to one of the target; nothing is written unless the result is complete.

    Args:
        source: file to read.
        destination: file to write; the suffix decides the format.
        target: as in :func:`convert.convert`.
        kwargs: the other arguments of :func:`convert.convert`.

    Raises:
        ValueError: what cannot be read or converted, with the file's name.
    """
    if Path(source).resolve() == Path(destination).resolve():
        raise ValueError(f'{destination} is the source too: name another file to write.')
    checkpoint = load_file(source)
    try:
        state, report = convert(state_dict_of(checkpoint), target=target, **kwargs)
    except CheckpointError as error:
        raise CheckpointError(f'{source}: {error}') from None
    except ValueError as error:
        raise ValueError(f'{source}: {error}') from None
    if report.complete:
        meta = {'converted_from': report.origin, **_dataset_meta(checkpoint, kwargs.get('dataset'))}
        save_file(state, destination, meta=None if target == 'hf' else meta)
    return report


def publish_file(source: str | Path, destination: str | Path) -> tuple[int, int]:
    """Write the weights and dataset meta of a training checkpoint; return the sizes before and after, in bytes.

    Raises:
        ValueError: the file cannot be read or holds no weights.
    """
    if Path(source).resolve() == Path(destination).resolve():
        raise ValueError(f'{destination} is the source too: name another file to write.')
    checkpoint = load_file(source)
    try:
        state = state_dict_of(checkpoint)
    except CheckpointError as error:
        raise CheckpointError(f'{source}: {error}') from None
    save_file(state, destination, meta=_dataset_meta(checkpoint))
    return Path(source).stat().st_size, Path(destination).stat().st_size


def _dataset_meta(checkpoint: Mapping[str, Any], dataset: str | None = None) -> dict[str, Any]:
    """Return the dataset meta of a checkpoint; of one dataset where that is asked for and known."""
    meta = checkpoint.get('meta')
    found = meta.get('dataset_meta') if isinstance(meta, Mapping) else None
    if dataset is not None and isinstance(found, Mapping):
        known = [*(found.get('subsets') or {}).values(), {k: v for k, v in found.items() if k != 'subsets'}]
        found = next((one for one in known if one.get('dataset_name') == dataset_name(dataset)), None)
    return {} if found is None else {'dataset_meta': found}
