"""Path of a ``.pth`` or ``.safetensors`` file -> what it holds, or one sentence on why it was not opened."""

from __future__ import annotations

import logging
import pickle
import re
from pathlib import Path
from typing import Any

import torch
from mmengine.logging import print_log

from .allowlist import CodeFound, allowed_names

# Where mmengine looks for a config to run: Runner.resume and FlexibleRunner in meta.config,
# BaseInferencer in message_hub.runtime_info.cfg and meta.cfg.
EXECUTED = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))


class CheckpointError(ValueError):
    """A checkpoint file that is missing, unreadable or asks for code; the text names file and mend."""


def load_file(path: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Path of a .pth or .safetensors file -> the dict it holds, read without running anything.

    Args:
        path: A local file.
        map_location: Where tensors go, as for ``torch.load``.

    Raises:
        CheckpointError: the file is missing, empty, damaged, asks for code, or holds no dict.
    """
    file = Path(path).expanduser()
    _check_file(file)
    checkpoint = _read_safetensors(file) if file.suffix == '.safetensors' else _read_pth(file, map_location)
    if not isinstance(checkpoint, dict):
        kind = type(checkpoint).__name__
        raise CheckpointError(f'{file} holds a {kind} where a checkpoint holds a dict of weights.')
    return drop_code(checkpoint)


def drop_code(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Checkpoint -> the same without the configs that mmengine would run as Python when it resumes.

    Methods are taken from the type: a file can give an OrderedDict attributes called get and pop.
    """
    for *parents, last in EXECUTED:
        holder: Any = checkpoint
        for name in parents:
            holder = type(holder).get(holder, name) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            type(holder).pop(holder, last, None)
    return checkpoint


def check_checkpoint(path: str | Path, *, to_resume: bool = False) -> None:
    """Path -> nothing, or the sentence on why it will not load; tensors are not read. Addresses pass unread.

    Args:
        path: of the file.
        to_resume: a training is to go on from it, which takes more than weights.

    Raises:
        CheckpointError: as :func:`load_file`, and where the file holds no tensor at all, or no state to resume.
    """
    if re.match(r'[\w-]+:(\w+:)?//', str(path)):
        return
    checkpoint = load_file(path, map_location='meta')
    if not _holds_tensors(checkpoint):
        raise CheckpointError(f'{path} holds no weights: its keys are {", ".join(map(str, checkpoint)) or "none"}.')
    if to_resume and _iterations_of(checkpoint) is None:
        raise CheckpointError(
            f'{path} holds weights without the state of an optimizer, as the best and the published checkpoints do: '
            f'resume from an epoch_N.pth, or start a new training from these weights with load_from.'
        )


def newest_readable(work_dir: str | Path) -> Path | None:
    """Folder of a run -> the checkpoint to resume from, or None where there is none yet.

    That is the file that ``last_checkpoint`` names, unless a newer file is further on; where it cannot be
    read, the newest that can. A file that cannot be read is passed over with a warning; files without an
    optimizer (best_*.pth) are no state to resume from.

    Raises:
        CheckpointError: there are such files and none can be read; a training begun anew would overwrite them.
    """
    folder = Path(work_dir)
    pointer = folder / 'last_checkpoint'
    named = Path(pointer.read_text().strip()).name if pointer.is_file() else ''
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
                f'good one there, or remove them to begin anew.'
            )
        return None
    print_log(f'Resuming from {found[0][1]} (after {found[0][0]} iterations)', logger='current')
    return found[0][1]


def _age(file: Path) -> tuple[int, list[int]]:
    return file.stat().st_mtime_ns, [int(number) for number in re.findall(r'\d+', file.name)]


def _iterations_done(file: Path) -> int | None:
    """Checkpoint file -> iterations trained; None where it is no state to resume from."""
    return _iterations_of(load_file(file, map_location='meta'))


def _iterations_of(checkpoint: dict[str, Any]) -> int | None:
    """-> iterations of a checkpoint that a training can go on from; None of one that holds weights alone."""
    meta = checkpoint.get('meta')
    if 'optimizer' not in checkpoint or not isinstance(meta, dict) or not isinstance(meta.get('iter'), int):
        return None
    return meta['iter']


def _check_file(file: Path) -> None:
    if file.is_dir():
        raise CheckpointError(f'{file} is a folder: name a checkpoint file in it.')
    if not file.is_file():
        raise CheckpointError(f'{file} does not exist: check the path of the checkpoint.')
    if file.stat().st_size == 0:
        raise CheckpointError(f'{file} is empty: its writing or its download broke off, so get it again.')


def _read_pth(file: Path, map_location: Any) -> Any:
    try:
        with allowed_names():
            return torch.load(file, map_location=map_location, weights_only=True)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise explain(str(file), error) from None


def explain(name: str, error: Exception) -> CheckpointError:
    """Name of a file and what torch raised on it -> one sentence: what it asks to run, or that it is damaged."""
    wanted = _wanted_code(error)
    if wanted:
        return CheckpointError(
            f'{name} was not opened: it asks for {wanted}, which no weights need and which could run code; '
            'use a file that holds tensors and numbers only, such as a saved state_dict.'
        )
    reason = ' '.join(str(error).split('. ')[0].split()) or type(error).__name__
    reason = 'not what torch.save writes' if isinstance(error, pickle.UnpicklingError) else reason[:160]
    return CheckpointError(f'{name} is truncated, damaged or no checkpoint ({reason}): copy or download it again.')


def _wanted_code(error: Exception) -> str | None:
    if isinstance(error, CodeFound):
        return str(error)
    if not isinstance(error, pickle.UnpicklingError):
        return None
    text = str(error)
    for pattern in (r'GLOBAL (\S+) was not an allowed', r'unsupported GLOBAL (\S+) whose module'):
        if match := re.search(pattern, text):
            return match.group(1)
    if re.search(r'unrecognized function|Can only (build|create)', text):
        return 'a call of something that is not on the list'
    # Operands that torch.save never writes: STACK_GLOBAL, FRAME, INST and so on, so a pickle of another hand.
    if re.search(r'Unsupported operand (147|149|105|111|148|129|130|140)\b', text):
        return 'a plain Python pickle'
    return None


def _read_safetensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        import safetensors.torch  # not needed for .pth files
    except ImportError:
        raise CheckpointError(f'{file} needs the package safetensors: run `pip install safetensors`.') from None
    try:
        return safetensors.torch.load_file(file)
    except Exception as error:
        raise explain(str(file), error) from None


def _holds_tensors(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_tensors(item) for item in value.values())
    return isinstance(value, torch.Tensor)
