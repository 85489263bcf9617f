"""Checkpoints of tensors, numbers, texts and Python's containers alone, which ``torch.load`` opens for everybody.

MMEngine writes numpy arrays (keypoint sets), numpy numbers (rates) and HistoryBuffers (logs), which torch 2.6 and
later refuse unless they are told of each. They are written as lists, numbers and dicts, and come back on loading.
"""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from torch import Tensor

from .keypoint_sets import keypoint_set_problems
from .pickle_records import printable
from .structure import CheckpointError

SAME = (Tensor, torch.Size, torch.dtype, torch.device)
ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
HISTORY = ('log_history', 'count_history', 'max_length')  # of a HistoryBuffer
# parts of a keypoint set that mmpose makes arrays of
ARRAYS = {
    'keypoint_colors': np.uint8,
    'skeleton_link_colors': np.uint8,
    'dataset_keypoint_weights': np.float32,
    'sigmas': np.float32,
}
MAX_SUBSETS = 3  # in one another; shared ones unfold, 20 levels of two to a million
LEFT_OUT = object()


def to_plain(value: Any, where: str = 'checkpoint') -> Any:
    """Convert a checkpoint or a part of it to types that ``torch.load(..., weights_only=True)`` knows.

    Args:
        value: tensors are kept as they are.
        where: name of the part, for the warning that an object of another type is left out.
    """
    if type(value) in ATOMS or isinstance(value, SAME):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.tolist()
    if isinstance(value, HistoryBuffer):
        values, counts = (torch.from_numpy(np.array(one)) for one in value.data)
        return dict(zip(HISTORY, (values, counts, value.max_length), strict=True))
    if isinstance(value, Mapping):
        return _plain_dict(value, where)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [item for one in value if (item := to_plain(one, where)) is not LEFT_OUT]
        return tuple(items) if isinstance(value, tuple) else items
    for kind in (str, bool, int, float):  # subclasses of them, as an enum
        if isinstance(value, kind):
            return kind(value)
    text = f'{where} is a {type(value).__name__}, which cannot be read back safely: it is left out of the checkpoint'
    print_log(text, logger='current', level=logging.WARNING)
    return LEFT_OUT


def _plain_dict(value: Mapping[Any, Any], where: str) -> dict[Any, Any]:
    if isinstance(value, Counter):
        return Counter({to_plain(key): to_plain(count) for key, count in value.items()})
    items = ((to_plain(key), to_plain(one, f'{where}.{key}')) for key, one in value.items())
    kept = ((key, one) for key, one in items if one is not LEFT_OUT)
    if not isinstance(value, OrderedDict):
        return dict(kept)
    ordered = OrderedDict(kept)
    if isinstance(metadata := getattr(value, '_metadata', None), Mapping):
        ordered._metadata = to_plain(metadata)  # type: ignore[attr-defined]  # versions of modules
    return ordered


def restore(name: str, checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Restore the arrays and histories that MMEngine and mmpose work with in a checkpoint as it was read.

    Args:
        name: name of the file, for errors.
        checkpoint: changed in place.

    Raises:
        CheckpointError: they are not numbers, or do not fit one another.
    """
    logs: Any = (checkpoint.get('message_hub') or {}).get('log_scalars')
    dataset_meta = (checkpoint.get('meta') or {}).get('dataset_meta')
    try:
        _restore_arrays(dataset_meta)
        for key, value in logs.items() if isinstance(logs, dict) else ():
            if isinstance(value, dict) and set(value) == set(HISTORY):
                logs[key] = _restore_history(*(value[part] for part in HISTORY))
        for problem in keypoint_set_problems(dataset_meta or {}):
            raise ValueError(problem)
    except (ValueError, TypeError, OverflowError, AssertionError) as error:
        raise CheckpointError(
            f'{name} holds a keypoint set or a log that is damaged ({printable(error, 160)}).'
        ) from None
    return checkpoint


def _restore_arrays(dataset_meta: Any, depth: int = 0) -> None:
    """Restore the arrays of a keypoint set, and of its subsets, in place."""
    if not isinstance(dataset_meta, dict):
        return
    for key, dtype in ARRAYS.items():
        if isinstance(dataset_meta.get(key), (list, tuple)):
            dataset_meta[key] = _array(dataset_meta[key], dtype)
    subsets: Any = dataset_meta.get('subsets')
    stats: Any = dataset_meta.get('stats_info')
    if depth > MAX_SUBSETS:
        raise ValueError('subsets of subsets of subsets')
    for one in subsets.values() if isinstance(subsets, dict) else ():
        _restore_arrays(one, depth + 1)
    for key, numbers in stats.items() if isinstance(stats, dict) else ():
        stats[key] = _array(numbers, np.float32)


def _array(numbers: Any, dtype: Any) -> np.ndarray:
    if not _holds_numbers(numbers):  # numpy makes each item of an array as long as the longest text
        raise ValueError(f'not all are {dtype.__name__}')
    found = np.array(numbers)
    is_number = found.dtype.kind in 'iuf' or not found.size
    if not is_number or (dtype is np.uint8 and not np.array_equal(found, found % 256)):
        raise ValueError(f'no {dtype.__name__}')
    with np.errstate(over='ignore'):  # infinity is refused later
        return found.astype(dtype)


def _holds_numbers(value: Any) -> bool:
    """Whether a value is a number, an array, or a list of such."""
    if isinstance(value, (list, tuple)):
        return all(map(_holds_numbers, value))
    return isinstance(value, (int, float, np.ndarray, np.generic))


def _restore_history(values: Any, counts: Any, max_length: Any) -> HistoryBuffer:
    if not isinstance(values, Tensor) or not isinstance(counts, Tensor) or type(max_length) is not int:
        raise TypeError('a log is not a tensor')
    if values.ndim != 1 or values.shape != counts.shape or not 0 <= len(values) <= max_length:
        raise ValueError(f'{len(values)} values in a log of at most {max_length}')
    if values.is_meta:  # somebody looks at the file's structure alone
        return HistoryBuffer(max_length=max_length)
    return HistoryBuffer(values.cpu().numpy(), counts.cpu().numpy(), max_length)
