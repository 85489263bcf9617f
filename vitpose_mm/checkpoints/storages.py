"""Read the numbers of a file's tensors into storages in memory, and make tensors on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from io import BufferedReader
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .pickle_records import Damaged, ForbiddenContent, StorageId, printable

UNTYPED = 'torch.storage.UntypedStorage'  # counts bytes; each of its tensors says the type of its numbers
# names of torch's storages, and the type of their numbers
STORAGES = {
    'torch.FloatStorage': torch.float32,
    'torch.DoubleStorage': torch.float64,
    'torch.HalfStorage': torch.float16,
    'torch.BFloat16Storage': torch.bfloat16,
    'torch.ByteStorage': torch.uint8,
    'torch.CharStorage': torch.int8,
    'torch.ShortStorage': torch.int16,
    'torch.IntStorage': torch.int32,
    'torch.LongStorage': torch.int64,
    'torch.BoolStorage': torch.bool,
    'torch.ComplexFloatStorage': torch.complex64,
    'torch.ComplexDoubleStorage': torch.complex128,
    UNTYPED: torch.uint8,
}
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
MAX_DIMENSIONS = 25
MapLocation = str | torch.device | Mapping[str, Any] | Callable[..., Any] | None


class Section(NamedTuple):
    """Where bytes are in a file."""

    offset: int
    nbytes: int


class Storage(NamedTuple):
    """Numbers of one or more tensors.

    Attributes:
        data: the bytes, on the device where they are to be; on 'meta' there are none.
        dtype: type of the numbers; None of an untyped storage, whose tensors have types of their own.
        nbytes: bytes of all of them.
    """

    data: torch.UntypedStorage
    dtype: torch.dtype | None
    nbytes: int


class StorageReader:
    """Reads the Storage of a StorageId, each once.

    Args:
        file: it is read where ``sections`` says.
        sections: key of a storage -> its bytes in the file.
        map_location: as for ``torch.load``, but that None is the CPU.
        checker: looks for NaN and infinity while the next storage is read.
    """

    def __init__(
        self, file: BufferedReader, sections: Mapping[str, Section], map_location: MapLocation, checker: Executor
    ) -> None:
        self._file, self._sections, self._map_location = file, sections, map_location
        self._is_meta = isinstance(map_location, (str, torch.device)) and torch.device(map_location).type == 'meta'
        self._read: dict[str, torch.UntypedStorage] = {}
        self._dtypes: dict[str, torch.dtype] = {}  # as which the bytes of a storage are checked
        self._has_unchecked = False
        self._checker = checker
        self._checks: list[Future[bool]] = []

    def all_finite(self) -> bool:
        """Whether it is proven that no storage that was read holds NaN or infinity.

        False does not prove the opposite: see :func:`sum_is_finite`; types that only tensors know are not checked.
        """
        return not self._has_unchecked and all(check.result() for check in self._checks)

    def read(self, wanted: StorageId) -> Storage:
        """Return the storage that a pickle describes.

        Raises:
            Refused: numbers of a kind that is not known; the file does not have them, or not as many.
        """
        name = wanted.kind.replace(' ', '.')
        if name not in STORAGES:
            raise ForbiddenContent(printable(name))
        section, dtype = self._sections.get(wanted.key), STORAGES[name]
        nbytes = wanted.numel * dtype.itemsize
        if section is None or section.nbytes != nbytes:
            found = 'none' if section is None else f'{section.nbytes:,}'
            raise Damaged(f'tensor data {printable(wanted.key)} should be {nbytes:,} bytes and the file has {found}')
        if wanted.key not in self._read:
            self._read[wanted.key] = self._place(self._load(section, dtype), wanted.location)
        is_untyped = name == UNTYPED
        if is_untyped or self._dtypes.setdefault(wanted.key, dtype) != dtype:
            self._has_unchecked = True
        return Storage(self._read[wanted.key], None if is_untyped else dtype, nbytes)

    def _load(self, section: Section, dtype: torch.dtype) -> Tensor:
        """Return the bytes at a section of the file, (nbytes,) uint8."""
        if self._is_meta:
            return torch.empty(section.nbytes, dtype=torch.uint8, device='meta')
        data = torch.empty(section.nbytes, dtype=torch.uint8)
        self._file.seek(section.offset)
        if self._file.readinto(data.numpy()) != section.nbytes:  # type: ignore[arg-type]  # numpy 1 does not say so
            raise Damaged('the file ends before its tensors do')
        self._checks.append(self._checker.submit(sum_is_finite, data.view(dtype)))
        return data

    def _place(self, data: Tensor, location: str) -> torch.UntypedStorage:
        """Move a storage as ``torch.load`` does with a map_location."""
        wanted = self._map_location
        if callable(wanted):
            storage = data.untyped_storage()
            placed = wanted(storage, location)
            return storage if placed is None else placed
        if isinstance(wanted, Mapping):
            wanted = wanted.get(location)
        return data.to('cpu' if wanted is None else wanted).untyped_storage()


def sum_is_finite(tensor: Tensor) -> bool:
    """Whether the sum of a tensor proves that it holds no NaN or infinity; integers are always finite.

    False does not prove the opposite: large numbers may overflow their sum, and complex and 8-bit floating-point
    numbers are not summed.
    """
    if tensor.dtype not in FLOATS:
        return not (tensor.is_floating_point() or tensor.is_complex())
    with np.errstate(all='ignore'):  # numpy's sum takes one core, and another thread reads on meanwhile
        numbers = tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()
        return bool(np.isfinite(numbers.detach().numpy().sum()))


def make_tensor(storage: Storage, dtype: torch.dtype, offset: Any, size: Any, stride: Any) -> Tensor:
    """Make a tensor on a storage; nothing is copied.

    Args:
        storage: storage that holds its numbers, and perhaps others.
        dtype: type of its numbers.
        offset: numbers before the first one.
        size: (dimension, ...).
        stride: numbers from one index to the next, of each dimension.

    Raises:
        Damaged: it reaches beyond the storage, or repeats its numbers.
    """
    fits = type(size) in (tuple, torch.Size) and type(stride) is tuple and len(size) == len(stride) <= MAX_DIMENSIONS
    if not fits or not all(type(number) is int and number >= 0 for number in (offset, *size, *stride)):
        raise Damaged(
            f'a tensor with the odd shape {printable(size)}, strides {printable(stride)} or offset {printable(offset)}'
        )
    have = storage.nbytes // dtype.itemsize
    numel = math.prod(size)
    end = offset + sum((number - 1) * step for number, step in zip(size, stride, strict=True)) + 1 if numel else offset
    if end > have or numel > have or max(size, default=0) > 2**48:
        raise Damaged(f'a tensor of shape {printable(tuple(size))} that reaches beyond its {have:,} numbers')
    empty = torch.empty(0, dtype=dtype, device=storage.data.device)
    return empty.set_(storage.data, offset, torch.Size(size), stride)
