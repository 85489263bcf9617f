"""The names that a checkpoint may call, and what each call stands for: our functions, never the named ones."""

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

from .pickle_records import Call, Damaged, Global, NotPlain, Refused, checked_key, shown
from .storages import Storage, make_tensor

STATISTICS = ('min', 'max', 'current', 'mean')
NUMBERS = ('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16')
DTYPES: dict[str, torch.dtype] = {
    str(one): one
    for one in vars(torch).values()
    if isinstance(one, torch.dtype) and re.fullmatch(r'torch\.(bool|u?int(8|16|32|64)|b?float\w*|complex\w*)', str(one))
}  # not the quantised ones
# modules as protocol 2 and numpy 2 write them -> as they are written below
MODULES = {
    '__builtin__': 'builtins',
    'numpy._core.multiarray': 'numpy.core.multiarray',
    'torch.tensor': 'torch._tensor',
}


class Memory:
    """Bytes that may still be taken; a file can ask for the same bytes many times."""

    def __init__(self, nbytes: int) -> None:
        self._left = nbytes

    def spend(self, nbytes: int) -> None:
        """Take so many."""
        self._left -= nbytes
        if self._left < 0:
            raise Refused('it holds the same data so often that copies of it take many times its size')


def plain_name(name: str) -> str:
    """Return the 'module name' of a pickle as 'module.name', as written today."""
    module, _, leaf = name.partition(' ')
    return f'{MODULES.get(module, module)}.{leaf}'


def _arguments(call: Call, low: int, high: int) -> tuple[Any, ...]:
    if not low <= len(call.args) <= high:
        raise Damaged(f'{shown(call.name)} of {len(call.args)} arguments')
    return call.args


def _typed(value: Any, kind: type | tuple[type, ...]) -> Any:
    if type(value) not in (kind if isinstance(kind, tuple) else (kind,)):
        raise Damaged(f'a {type(value).__name__} where numbers should be described')
    return value


def _tensor(call: Call, memory: Memory) -> Tensor:
    """Build a tensor from (storage, offset, size, stride, ...); gradients and hooks are not kept."""
    storage, offset, size, stride, *more = _arguments(call, 4, 8)
    typed = call.name == 'torch._utils._rebuild_tensor_v3'
    dtype = more.pop(2) if typed else _typed(storage, Storage).dtype
    if any(type(one) in (Global, Storage) or one for one in more[1:]):
        raise Refused('it holds a tensor with hooks, or one that is conjugated or negated in place')
    tensor = make_tensor(_typed(storage, Storage), _typed(dtype, torch.dtype), offset, size, stride)
    memory.spend(tensor.nbytes)
    return tensor


def _parameter(call: Call, memory: Memory) -> Tensor:
    """Return the tensor of (tensor, requires_grad, hooks)."""
    found: Tensor = _typed(_arguments(call, 1, 3)[0], Tensor)
    return found


def _bytes(value: Any) -> bytes:
    """Return bytes, also from text as Python 2 wrote them."""
    return value.encode('latin1') if type(value) is str else bytes(_typed(value, (bytes, bytearray)))


def _encode(call: Call, memory: Memory) -> bytes:
    """Return the bytes of (text, 'latin1'), as protocol 2 writes them."""
    text, encoding = _arguments(call, 2, 2)
    if encoding not in ('latin1', 'latin-1'):
        raise NotPlain(f'text in {shown(encoding)}')
    memory.spend(len(_typed(text, str)))
    return text.encode('latin1')


def _dtype(call: Call, memory: Memory) -> np.dtype:
    """Build the dtype of a number from ('f8', ...) and a state with the byte order."""
    code = call.args[0] if call.args else None
    if type(code) is not str or code not in NUMBERS:
        raise NotPlain(f'a numpy array of {shown(repr(code))}')
    order = call.state[1] if type(call.state) is tuple and len(call.state) > 1 else '='
    return np.dtype(code).newbyteorder('>' if order == '>' else '<' if order == '<' else '=')


def _array_of(raw: Any, dtype: Any, shape: Any, order: str, memory: Memory) -> np.ndarray:
    if not isinstance(dtype, np.dtype) or type(shape) is not tuple or len(shape) > 25:
        raise Damaged('a numpy array that is not described as numpy does')
    content = _bytes(raw)
    numel = math.prod(_typed(number, int) for number in shape)
    if min(shape, default=0) < 0 or max(shape, default=0) > 2**48 or numel * dtype.itemsize != len(content):
        raise Damaged(f'a numpy array of shape {shown(shape)} with {len(content):,} bytes')
    memory.spend(len(content))
    found = np.frombuffer(content, dtype).astype(dtype.newbyteorder('='))  # which copies, so that it can be written to
    return found.reshape(shape, order='F' if order == 'F' else 'C')


def _array(call: Call, memory: Memory) -> np.ndarray:
    """Build an array from (ndarray, (0,), b'b') and (1, shape, dtype, is in Fortran's order, bytes)."""
    kind = _arguments(call, 3, 3)[0]
    if type(kind) is not Global or kind.name != 'numpy ndarray':
        raise NotPlain('a numpy array of a class of its own')
    _, shape, dtype, in_fortran_order, raw = _typed(call.state, tuple)
    return _array_of(raw, dtype, shape, 'F' if in_fortran_order else 'C', memory)


def _array_from_buffer(call: Call, memory: Memory) -> np.ndarray:
    """Build an array from (bytes, dtype, shape, order), as protocol 5 writes it."""
    raw, dtype, shape, order = _arguments(call, 4, 4)
    return _array_of(raw, dtype, shape, order, memory)


def _scalar(call: Call, memory: Memory) -> np.generic:
    """Build a number from (dtype, bytes)."""
    dtype, raw = _arguments(call, 2, 2)
    return _array_of(raw, dtype, (1,), 'C', memory)[0]


def _method_name(call: Call, memory: Memory) -> str:
    """Return 'min' of (HistoryBuffer, 'min'), as a HistoryBuffer names its statistics."""
    owner, name = _arguments(call, 2, 2)
    named = owner.name if type(owner) is Global else type(owner).__name__
    if named != 'mmengine.logging.history_buffer HistoryBuffer' or type(name) is not str or name not in STATISTICS:
        raise NotPlain(f'the attribute {shown(repr(name))} of {shown(named)}')
    return name


def _history(call: Call, memory: Memory) -> HistoryBuffer:
    """Build a HistoryBuffer from () and its state, with its numbers and the statistics of mmengine."""
    state = _typed(call.state, dict)
    values, counts = (_typed(state.get(key), np.ndarray) for key in ('_log_history', '_count_history'))
    length = state.get('max_length')
    if values.ndim != 1 or values.shape != counts.shape or not 0 <= len(values) <= _typed(length, int):
        raise Damaged('a history of logged values that does not fit its counts')
    memory.spend(values.nbytes + counts.nbytes)
    return HistoryBuffer(values, counts, length)


def _ordered_dict(call: Call, memory: Memory) -> OrderedDict[Any, Any]:
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
    return [*((checked_key(key), value) for key, value in _typed(first, (list, tuple))), *call.pairs]


def _dict(call: Call, memory: Memory) -> dict[Any, Any]:
    """Return the dict of a ConfigDict's items, or of the state of a Namespace."""
    return {**dict(_pairs(call)), **(call.state if type(call.state) is dict else {})}


def _counter(call: Call, memory: Memory) -> Counter[Any]:
    """Build a Counter from ({key: number},)."""
    counts = _typed(_arguments(call, 0, 1)[0] if call.args else {}, dict)
    return Counter({key: _typed(count, (int, float)) for key, count in counts.items()})


def _set(call: Call, memory: Memory) -> set[Any] | frozenset[Any]:
    kind = set if call.name == 'builtins.set' else frozenset
    items = _typed(_arguments(call, 0, 1)[0] if call.args else [], (list, tuple))
    return kind(checked_key(item) for item in items)


def _device(call: Call, memory: Memory) -> torch.device:
    kind, *index = _arguments(call, 1, 2)
    return torch.device(_typed(kind, str), *(_typed(number, int) for number in index))


def _size(call: Call, memory: Memory) -> torch.Size:
    return torch.Size(_typed(number, int) for number in _typed(_arguments(call, 1, 1)[0], tuple))


def _complex(call: Call, memory: Memory) -> complex:
    return complex(*(_typed(number, (int, float)) for number in _arguments(call, 2, 2)))


def _no_bytes(call: Call, memory: Memory) -> bytes:
    """Return the empty bytes of bytes(), as protocol 2 writes b''."""
    _arguments(call, 0, 0)
    return b''


KINDS: dict[str, Callable[[Call, Memory], Any]] = {
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
TAKES_NAMES = frozenset(name for name, kind in KINDS.items() if kind in (_tensor, _array, _method_name))
