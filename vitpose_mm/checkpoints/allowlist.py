"""What a checkpoint file may name: tensors (torch's own list), numbers in numpy arrays, log histories, settings.

torch reads a file with ``weights_only=True``: every name in it has to be on a list, and every call and
every state goes to the object of that name. The obvious list (numpy's ndarray and dtype, mmengine's
HistoryBuffer, builtin getattr) is no protection. getattr walks from any class to the interpreter;
``numpy.ndarray((1,), 'O', b'12345678')`` makes a Python object of eight bytes; a HistoryBuffer writes
what its state holds into its class. So each of those names is answered by a small reader of our own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
import torch.serialization
from mmengine.logging import HistoryBuffer

STATISTICS = ('min', 'max', 'current', 'mean')
NUMBERS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16')


class CodeFound(Exception):
    """The file asks for something that weights do not need; the text says for what."""


def array_class(*args: object) -> NoReturn:
    """Stands for ``numpy.ndarray``: a name to hand on, never to call."""
    raise CodeFound('numpy.ndarray on bytes of its own')


def read_array(*args: object) -> np.ndarray:
    """Stands for numpy's ``_reconstruct``: () -> (0,) array, which takes shape and numbers from its state."""
    return np.empty(0, np.int8)


def read_dtype(code: str, *args: object) -> np.dtype:
    """Stands for ``numpy.dtype``: 'f8' -> the built-in dtype of that number (native order), nothing else."""
    if code not in NUMBERS:
        raise CodeFound(f'a numpy array of {code!r}')
    return np.dtype(code)


def read_scalar(dtype: np.dtype, raw: bytes) -> np.generic:
    """Stands for numpy's ``scalar``: (dtype, bytes) -> one number."""
    if not isinstance(dtype, np.dtype):
        raise CodeFound(f'a numpy scalar of {dtype!r}')
    return np.frombuffer(raw, dtype, count=1)[0]


def no_bytes() -> bytes:
    """Stands for builtin bytes, which a file calls for the numbers of an empty array: () -> b''."""
    return b''


def read_settings(items: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Stands for mmengine's ConfigDict: settings -> plain dict."""
    return dict(items or {})


class HistoryReader(HistoryBuffer):
    """Stands for HistoryBuffer: checks the state, takes numbers only, and becomes a plain HistoryBuffer."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise CodeFound('a HistoryBuffer that is called instead of filled')

    def __setstate__(self, state: dict[str, Any]) -> None:
        values, counts = state.get('_log_history'), state.get('_count_history')
        length = state.get('max_length')
        if not all(isinstance(x, np.ndarray) and x.ndim == 1 for x in (values, counts)):
            raise CodeFound('a HistoryBuffer that holds something else than numbers')
        if type(length) is not int or not set(state.get('statistics_methods', ())) <= set(STATISTICS):
            raise CodeFound('a HistoryBuffer with statistics of its own')
        self.__class__ = HistoryBuffer
        HistoryBuffer.__init__(self, values, counts, length)


def history_statistic(owner: object, name: object) -> Callable[..., Any]:
    """Stands for builtin getattr, by which a HistoryBuffer names its four statistics: 'min' -> HistoryBuffer.min."""
    if owner is not HistoryReader or name not in STATISTICS:
        raise CodeFound(f'the attribute {name!r} of {getattr(owner, "__name__", owner)!r}')
    return getattr(HistoryBuffer, str(name))


# A state is taken only by types on the list. A file names things by lines, so that no file can name a
# type that is listed under two lines: arrays and dtypes take their state but cannot be called.
STATE_ONLY: tuple[type, ...] = (np.ndarray, *dict.fromkeys(type(np.dtype(code)) for code in NUMBERS))
ALLOWED: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
    (HistoryReader, 'mmengine.logging.history_buffer.HistoryBuffer'),
    (history_statistic, 'builtins.getattr'),
    (no_bytes, 'builtins.bytes'),
    (array_class, 'numpy.ndarray'),
    (read_dtype, 'numpy.dtype'),
    (read_array, 'numpy.core.multiarray._reconstruct'),
    (read_array, 'numpy._core.multiarray._reconstruct'),
    (read_scalar, 'numpy.core.multiarray.scalar'),
    (read_scalar, 'numpy._core.multiarray.scalar'),
    (read_settings, 'mmengine.config.config.ConfigDict'),
    (argparse.Namespace, 'argparse.Namespace'),
    *((kind, f'takes state only\n{kind.__name__}') for kind in STATE_ONLY),
]


@contextmanager
def allowed_names() -> Iterator[None]:
    """While it is open, ``torch.load(..., weights_only=True)`` takes exactly this list, whatever others added."""
    theirs = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(ALLOWED)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(theirs)
