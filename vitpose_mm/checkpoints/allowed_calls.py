"""The calls that a checkpoint may contain, and the function of ours that is run instead of each named one."""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

from .pickle_records import Call, Damaged, ForbiddenContent, Global, Refused, checked_key, printable
from .storages import Storage, make_tensor

STATISTICS = ('min', 'max', 'current', 'mean')
NUMBERS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16')
DTYPES: dict[str, torch.dtype] = {
    str(one): one
    for one in vars(torch).values()
    if isinstance(one, torch.dtype)
    and re.fullmatch(r'torch\.(bool|u?int(8|16|32|64)|b?float(8|16|32|64)\w*|complex\w*)', str(one))
}  # not the quantised ones, nor those of 4 bits, of which torch computes nothing
# modules as protocol 2 and numpy 2 write them, and as ALLOWED_CALLS has them
MODULES = {
    '__builtin__': 'builtins',
    'numpy._core.multiarray': 'numpy.core.multiarray',
    'torch.tensor': 'torch._tensor',
}


class MemoryBudget:
    """The number of bytes that may still be allocated: a small file can describe copies without end."""

    def __init__(self, nbytes: int) -> None:
        self._left = nbytes

    def spend(self, nbytes: int) -> None:
        """Take a number of bytes from the budget.

        Raises:
            Refused: the budget is used up.
        """
        self._left -= nbytes
        if self._left < 0:
            raise Refused('it describes copies of its data that take many times its size')


def plain_name(name: str) -> str:
    """Return the 'module name' of a pickle as 'module.name', as written today."""
    module, _, leaf = name.partition(' ')
    return f'{MODULES.get(module, module)}.{leaf}'


def _arguments(call: Call, low: int, high: int) -> tuple[Any, ...]:
    if not low <= len(call.args) <= high:
        raise Damaged(f'{printable(call.name)} of {len(call.args)} arguments')
    return call.args


def _require_type(value: Any, kind: type | tuple[type, ...]) -> Any:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds:
        wanted = ' or '.join(one.__name__ for one in kinds)
        raise Damaged(f'a {type(value).__name__} where a {wanted} was expected')
    return value


def _tensor(call: Call, memory: MemoryBudget) -> Tensor:
    """Build a tensor from (storage, offset, size, stride, ...); gradients and hooks are not kept."""
    storage, offset, size, stride, *more = _arguments(call, 4, 8)
    storage = _require_type(storage, Storage)
    is_v3 = call.name == 'torch._utils._rebuild_tensor_v3'  # has the type of its numbers, for an untyped storage
    dtype = more.pop(2) if is_v3 else storage.dtype
    if is_v3 and storage.dtype is not None:
        raise Damaged('a tensor that says the type of its numbers, on a storage that does too')
    if any(type(one) in (Global, Storage) or one for one in more[1:]):
        raise Refused('it holds a tensor with hooks, or one that is conjugated or negated in place')
    tensor = make_tensor(storage, _require_type(dtype, torch.dtype), offset, size, stride)
    memory.spend(tensor.nbytes)
    return tensor


def _parameter(call: Call, memory: MemoryBudget) -> Tensor:
    """Return the tensor of (tensor, requires_grad, hooks)."""
    found: Tensor = _require_type(_arguments(call, 1, 3)[0], Tensor)
    return found


def _bytes(value: Any) -> bytes:
    """Return bytes, also from text as Python 2 wrote them."""
    return value.encode('latin1') if type(value) is str else bytes(_require_type(value, (bytes, bytearray)))


def _encode(call: Call, memory: MemoryBudget) -> bytes:
    """Return the bytes of (text, 'latin1'), as protocol 2 writes them."""
    text, encoding = _arguments(call, 2, 2)
    if encoding not in ('latin1', 'latin-1'):
        raise ForbiddenContent(f'text in {printable(encoding)}')
    memory.spend(len(_require_type(text, str)))
    return text.encode('latin1')


def _dtype(call: Call, memory: MemoryBudget) -> np.dtype:
    """Build the dtype of a number from ('f8', ...) and a state with the byte order."""
    code = call.args[0] if call.args else None
    if type(code) is not str or code not in NUMBERS:
        raise ForbiddenContent(f'a numpy array of {printable(repr(code))}')
    order = call.state[1] if type(call.state) is tuple and len(call.state) > 1 else '='
    return np.dtype(code).newbyteorder('>' if order == '>' else '<' if order == '<' else '=')


def _array_of(raw: Any, dtype: Any, shape: Any, order: str, memory: MemoryBudget) -> np.ndarray:
    if not isinstance(dtype, np.dtype) or type(shape) is not tuple or len(shape) > 25:
        raise Damaged('a numpy array that is not described as numpy does')
    content = _bytes(raw)
    numel = math.prod(_require_type(number, int) for number in shape)
    if min(shape, default=0) < 0 or max(shape, default=0) > 2**48 or numel * dtype.itemsize != len(content):
        raise Damaged(f'a numpy array of shape {printable(shape)} with {len(content):,} bytes')
    memory.spend(len(content))
    found = np.frombuffer(content, dtype).astype(dtype.newbyteorder('='))  # which copies, so that it can be written to
    return found.reshape(shape, order='F' if order == 'F' else 'C')


def _array(call: Call, memory: MemoryBudget) -> np.ndarray:
    """Build an array from (ndarray, (0,), b'b') and (1, shape, dtype, is in Fortran's order, bytes)."""
    kind = _arguments(call, 3, 3)[0]
    if type(kind) is not Global or kind.name != 'numpy ndarray':
        raise ForbiddenContent('a numpy array of a class of its own')
    _, shape, dtype, in_fortran_order, raw = _require_type(call.state, tuple)
    return _array_of(raw, dtype, shape, 'F' if in_fortran_order else 'C', memory)


def _array_from_buffer(call: Call, memory: MemoryBudget) -> np.ndarray:
    """Build an array from (bytes, dtype, shape, order), as protocol 5 writes it."""
    raw, dtype, shape, order = _arguments(call, 4, 4)
    return _array_of(raw, dtype, shape, order, memory)


def _scalar(call: Call, memory: MemoryBudget) -> np.generic:
    """Build a number from (dtype, bytes)."""
    dtype, raw = _arguments(call, 2, 2)
    return _array_of(raw, dtype, (1,), 'C', memory)[0]


def _method_name(call: Call, memory: MemoryBudget) -> str:
    """Return 'min' of (HistoryBuffer, 'min'), as a HistoryBuffer names its statistics."""
    owner, name = _arguments(call, 2, 2)
    named = owner.name if type(owner) is Global else type(owner).__name__
    if named != 'mmengine.logging.history_buffer HistoryBuffer' or type(name) is not str or name not in STATISTICS:
        raise ForbiddenContent(f'the attribute {printable(repr(name))} of {printable(named)}')
    return name


def _history(call: Call, memory: MemoryBudget) -> HistoryBuffer:
    """Build a HistoryBuffer from () and its state, with its numbers and the statistics of mmengine."""
    state = _require_type(call.state, dict)
    values, counts = (_require_type(state.get(key), np.ndarray) for key in ('_log_history', '_count_history'))
    length = state.get('max_length')
    if values.ndim != 1 or values.shape != counts.shape or not 0 <= len(values) <= _require_type(length, int):
        raise Damaged('a history of logged values that does not fit its counts')
    memory.spend(values.nbytes + counts.nbytes)
    return HistoryBuffer(values, counts, length)


def _ordered_dict(call: Call, memory: MemoryBudget) -> OrderedDict[Any, Any]:
    """Build an OrderedDict from () or (pairs,), and pairs; of its attributes the versions of modules are kept."""
    found = OrderedDict(_pairs(call))
    metadata = call.state.get('_metadata') if type(call.state) is dict else None
    if isinstance(metadata, Mapping):
        versions = ((name, part.get('version')) for name, part in metadata.items() if isinstance(part, Mapping))
        kept = OrderedDict((name, {'version': version}) for name, version in versions if type(version) is int)
        found._metadata = kept  # type: ignore[attr-defined]
    return found


def _pairs(call: Call) -> list[tuple[Any, Any]]:
    given = _arguments(call, 0, 1)
    first = given[0] if given else {}
    if isinstance(first, Mapping):
        return [*first.items(), *call.pairs]
    return [*((checked_key(key), value) for key, value in _require_type(first, (list, tuple))), *call.pairs]


def _dict(call: Call, memory: MemoryBudget) -> dict[Any, Any]:
    """Return the dict of a ConfigDict's items, or of the state of a Namespace."""
    return {**dict(_pairs(call)), **(call.state if type(call.state) is dict else {})}


def _counter(call: Call, memory: MemoryBudget) -> Counter[Any]:
    """Build a Counter from ({key: number},)."""
    counts = _require_type(_arguments(call, 0, 1)[0] if call.args else {}, dict)
    return Counter({key: _require_type(count, (int, float)) for key, count in counts.items()})


def _set(call: Call, memory: MemoryBudget) -> set[Any] | frozenset[Any]:
    kind = set if call.name == 'builtins.set' else frozenset
    items = _require_type(_arguments(call, 0, 1)[0] if call.args else [], (list, tuple))
    return kind(checked_key(item) for item in items)


def _device(call: Call, memory: MemoryBudget) -> torch.device:
    kind, *index = _arguments(call, 1, 2)
    return torch.device(_require_type(kind, str), *(_require_type(number, int) for number in index))


def _size(call: Call, memory: MemoryBudget) -> torch.Size:
    return torch.Size(_require_type(number, int) for number in _require_type(_arguments(call, 1, 1)[0], tuple))


def _complex(call: Call, memory: MemoryBudget) -> complex:
    return complex(*(_require_type(number, (int, float)) for number in _arguments(call, 2, 2)))


def _no_bytes(call: Call, memory: MemoryBudget) -> bytes:
    """Return the empty bytes of bytes(), as protocol 2 writes b''."""
    _arguments(call, 0, 0)
    return b''


ALLOWED_CALLS: dict[str, Callable[[Call, MemoryBudget], Any]] = {
    'torch._utils._rebuild_tensor': _tensor,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch._utils._rebuild_tensor_v3': _tensor,
    'torch._utils._rebuild_parameter': _parameter,
    'torch.Size': _size,
    'torch.device': _device,
    'numpy.core.multiarray._reconstruct': _array,
    'numpy.core.multiarray.scalar': _scalar,
    'numpy.core.numeric._frombuffer': _array_from_buffer,
    'numpy.dtype': _dtype,
    'mmengine.logging.history_buffer.HistoryBuffer': _history,
    'builtins.getattr': _method_name,
    'mmengine.config.config.ConfigDict': _dict,
    'argparse.Namespace': _dict,
    'collections.OrderedDict': _ordered_dict,
    'collections.Counter': _counter,
    'builtins.set': _set,
    'builtins.frozenset': _set,
    'builtins.complex': _complex,
    'builtins.bytes': _no_bytes,
    '_codecs.encode': _encode,
}
TENSORS = (_tensor, _parameter)
# calls with names (Global) or storages among their arguments
TAKES_GLOBALS = frozenset(name for name, kind in ALLOWED_CALLS.items() if kind in (_tensor, _array, _method_name))
