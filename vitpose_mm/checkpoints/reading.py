"""Read a ``.pth`` or ``.safetensors`` file safely, or say in one sentence why it was not opened."""

from __future__ import annotations

import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log

from ..utils.files import open_regular
from .allowed_calls import MemoryBudget
from .file_formats import read_content
from .pickle_records import Damaged, ForbiddenContent, Refused, printable
from .plain import restore
from .record_values import build_values
from .safetensors_file import read_safetensors
from .storages import MapLocation, StorageReader
from .structure import CheckpointError, check_content, drop_code, keys_of

MAX_COPIES = 4  # of the numbers in a file, by tensors that share them
SPARE_MEMORY = 64 * 2**20  # bytes


def load_file(path: str | Path, map_location: MapLocation = 'cpu', *, called: str | None = None) -> dict[str, Any]:
    """Read the dict that a .pth or .safetensors file holds, without running anything.

    Tensors come back without gradients, parameters as tensors, settings (ConfigDict, Namespace) as dicts.

    Args:
        path: A local file.
        map_location: Where tensors go, as for ``torch.load``, but that None is the CPU.
        called: name of the file in sentences, where it is not the path.

    Raises:
        CheckpointError: the file is missing, empty, damaged, asks for code, holds no dict, or NaN as weights.
    """
    try:
        file = Path(path).expanduser()
    except RuntimeError:
        raise CheckpointError(f'{path} is in the home folder of nobody: give the whole path.') from None
    name = str(file) if called is None else called
    _check_file(file, name)
    read = read_safetensors if file.suffix == '.safetensors' else _read_pth
    try:
        checkpoint, all_finite = read(file, map_location)
    except (torch.OutOfMemoryError, CheckpointError):
        raise
    except Exception as error:
        raise explain(name, error) from None
    if not isinstance(checkpoint, dict):
        kind = type(checkpoint).__name__
        raise CheckpointError(f'{name} holds a {kind} where a checkpoint holds a dict of weights.')
    check_content(name, checkpoint, all_finite=all_finite)
    return restore(name, drop_code(checkpoint))


def check_checkpoint(path: str | Path, *, to_resume: bool = False) -> None:
    """Check that a checkpoint will load, without reading its tensors. Addresses are not looked at.

    Args:
        path: path of the file.
        to_resume: a training is to go on from it, which takes more than weights.

    Raises:
        CheckpointError: as :func:`load_file`, and where the file holds no tensor at all, or no state to resume.
    """
    if re.match(r'[\w-]+:(\w+:)?//', str(path)):
        return
    checkpoint = load_file(path, map_location='meta')
    if not _holds_tensors(checkpoint):
        raise CheckpointError(f'{path} holds no weights: its keys are {keys_of(checkpoint)}.')
    if to_resume and _iterations_of(checkpoint) is None:
        raise CheckpointError(
            f'{path} holds weights without the state of an optimizer, as the best and the published checkpoints do: '
            f'resume from an epoch_N.pth, or start a new training from these weights with load_from.'
        )


def newest_readable(work_dir: str | Path) -> Path | None:
    """Return the checkpoint to resume from in the folder of a run, or None where there is none yet.

    That is the file that ``last_checkpoint`` names, unless a newer file is further on; where it cannot be
    read, the newest that can. A file that cannot be read is passed over with a warning; files without an
    optimizer (best_*.pth) cannot be resumed from.

    Raises:
        CheckpointError: there are such files and none can be read; a training from the beginning would overwrite them.
    """
    folder = Path(work_dir)
    pointer = folder / 'last_checkpoint'
    named = _name_in(pointer) if pointer.is_file() else ''
    found: list[tuple[int, Path]] = []
    damaged: list[Path] = []
    for file in sorted(folder.glob('*.pth'), key=_age, reverse=True):
        try:
            done = _iterations_done(file)
        except CheckpointError as error:
            print_log(f'Passed over: {error}', logger='current', level=logging.WARNING)
            damaged.append(file)
            continue
        if done is not None and file.name == named:
            found = [(done, file), *found] if not found or found[0][0] <= done else found
            break
        if done is not None:
            found.append((done, file))
    if not found:
        if damaged:
            raise CheckpointError(
                f'None of the checkpoints in {folder} can be read to resume from, such as {damaged[0].name}: put a '
                f'good one there, or remove them to train from the beginning.'
            )
        return None
    print_log(f'Resuming from {found[0][1]} (after {found[0][0]} iterations)', logger='current')
    return found[0][1]


def _name_in(pointer: Path) -> str:
    """Return the name of the file whose path is in ``last_checkpoint``, of this or of another machine."""
    with pointer.open(errors='replace') as file:
        return re.split(r'[/\\]', file.read(4096).strip())[-1]


def _age(file: Path) -> tuple[int, list[int]]:
    return file.lstat().st_mtime_ns, [int(number) for number in re.findall(r'\d+', file.name)]


def _iterations_done(file: Path) -> int | None:
    """Return the iterations that a checkpoint file was trained for; None where it cannot be resumed from."""
    return _iterations_of(load_file(file, map_location='meta'))


def _iterations_of(checkpoint: dict[str, Any]) -> int | None:
    """Return the iterations of a checkpoint that training can continue from; None of one that holds weights alone."""
    meta = checkpoint.get('meta')
    if 'optimizer' not in checkpoint or not isinstance(meta, dict) or not isinstance(meta.get('iter'), int):
        return None
    return meta['iter']


def _check_file(file: Path, name: str) -> None:
    try:
        exists = file.exists()
    except OSError as error:  # such as a name that is too long
        raise explain(name, error) from None
    if not exists:
        raise CheckpointError(f'{name} does not exist: check the path of the checkpoint.')
    if file.is_dir():
        raise CheckpointError(f'{name} is a folder: name a checkpoint file in it.')
    if file.is_file() and file.stat().st_size == 0:
        raise CheckpointError(f'{name} is empty: its writing or its download broke off, so get it again.')


def _read_pth(path: Path, map_location: MapLocation) -> tuple[Any, bool]:
    """Return what the file holds, and whether all its numbers are proven to be finite."""
    with open_regular(path) as file, ThreadPoolExecutor(1) as checker:
        content = read_content(file)
        storages = StorageReader(file, content.sections, map_location, checker)
        memory = MemoryBudget(SPARE_MEMORY + MAX_COPIES * os.fstat(file.fileno()).st_size)
        return build_values(content.root, storages, memory), storages.all_finite()


def explain(name: str, error: Exception) -> CheckpointError:
    """Say in one sentence why a file was not read: what it asks to run, or that it is damaged."""
    if isinstance(error, ForbiddenContent):
        return CheckpointError(
            f'{name} was not opened: it asks for {error}, which no weights need and which could run code; '
            'use a file that holds tensors and numbers only, such as a saved state_dict.'
        )
    if isinstance(error, Refused) and not isinstance(error, Damaged):
        return CheckpointError(f'{name} was not opened: {error}.')
    if isinstance(error, OSError) and error.strerror:
        return CheckpointError(f'{name} cannot be read ({error.strerror}): check its permissions and its disk.')
    reason = printable(error, 160) or type(error).__name__
    return CheckpointError(f'{name} is truncated, damaged or not a checkpoint ({reason}): copy or download it again.')


def _holds_tensors(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_tensors(item) for item in value.values())
    return isinstance(value, torch.Tensor)
