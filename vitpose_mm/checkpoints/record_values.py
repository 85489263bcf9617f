"""Build tensors, arrays of numbers and plain containers from a pickle's records, in one pass without recursion.

A record is a tree with shared parts. Each part is built once, after what it holds; a call becomes a value by the
function that ``allowed_calls`` has for its name, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .allowed_calls import ALLOWED_CALLS, DTYPES, TAKES_GLOBALS, TENSORS, MemoryBudget, plain_name
from .pickle_records import NO_STATE, Call, Damaged, ForbiddenContent, Global, Record, Refused, StorageId, printable
from .storages import Storage, StorageReader

MAX_DEPTH = 100  # containers in one another; code that reads what is built may recurse
MAX_PARTS = 300_000  # containers, tensors and the like; the training state of a ViT-G has 30,000
MAX_ITEMS = 5_000_000  # shared ones counted wherever they are: 40 nested pairs of the same are 10^12
TENSOR_TYPES = ('torch.Tensor', 'torch.nn.parameter.Parameter')
LEAVES = frozenset({type(None), bool, int, float, str, bytes, bytearray, set, frozenset})  # sets hold leaves alone


class _Part:
    """A record and the value that was built of it; the record is kept alive because its id is the key."""

    __slots__ = ('depth', 'items', 'record', 'value')

    def __init__(self, record: Record, num_inner: int, below: Sequence[_Part]) -> None:
        self.record = record
        self.value: Any = None
        self.items: int = num_inner + sum(part.items for part in below)
        self.depth: int = 1 + max((part.depth for part in below), default=0)
        if self.items > MAX_ITEMS:
            raise Refused(f'it holds containers that unfold to more than {MAX_ITEMS:,} items')
        if self.depth > MAX_DEPTH:
            raise Refused(f'it holds more than {MAX_DEPTH} containers in one another')


def build_values(root: Record, storages: StorageReader, memory: MemoryBudget) -> Any:
    """Build what a record stands for.

    Args:
        root: record from :func:`pickle_records.read_pickle`.
        storages: storages of the same file.
        memory: memory that may be allocated besides storages.

    Raises:
        Refused: something that is not plain data, by its name; sizes that do not fit; a container that holds itself.
    """
    done: dict[int, _Part] = {}
    ancestors: set[int] = set()  # ids of the records that the current one is inside of
    stack = [root]  # an iterative post-order walk: a record is built after the records that it holds
    while stack:
        record, key = stack[-1], id(stack[-1])
        if key in done or type(record) in LEAVES:
            stack.pop()
            continue
        inner = _inner(record)
        parts = [part for part in inner if type(part) not in LEAVES]
        if key not in ancestors:
            ancestors.add(key)
            if any(id(part) in ancestors for part in parts):
                raise Damaged('a container that holds itself')
            stack += [part for part in parts if id(part) not in done]
        else:
            part = done[key] = _Part(record, len(inner), [done[id(part)] for part in parts])
            part.value = _build(record, [_value(one, done) for one in inner], storages, memory)
            ancestors.discard(key)
            if len(done) > MAX_PARTS:
                raise Refused(f'it holds more than {MAX_PARTS:,} containers and tensors')
    return _require_plain(_value(root, done))


def _inner(record: Record) -> Sequence[Record]:
    """Return the records that a record holds, in the order in which _build takes them."""
    if type(record) is dict:
        return tuple(record.values())
    if type(record) is Call:
        record = _without_attributes(record)
        state = () if record.state is NO_STATE else (record.state,)
        return (*record.args, *record.items, *(value for _, value in record.pairs), *state)
    return record if type(record) in (list, tuple) else ()


def _value(record: Record, done: dict[int, _Part]) -> Any:
    return record if type(record) in LEAVES else done[id(record)].value


def _build(record: Record, inner: list[Any], storages: StorageReader, memory: MemoryBudget) -> Any:
    """Build the value of a record from the values of what it holds."""
    if type(record) is StorageId:
        return storages.read(record)
    if type(record) is Global:
        return DTYPES.get(plain_name(record.name), record)
    if type(record) is Call:
        return _build_call(record, inner, memory)
    inner = [_require_plain(value) for value in inner]
    if type(record) is dict:
        return dict(zip(record, inner, strict=True))
    return tuple(inner) if type(record) is tuple else inner


def _without_attributes(record: Call) -> Call:
    """Replace the call for a tensor with attributes (FSDP's state dicts have them) by the call for the tensor alone."""
    if plain_name(record.name) != 'torch._tensor._rebuild_from_type_v2' or len(record.args) != 4:
        return record
    rebuild, kind, args, _ = record.args
    known = type(rebuild) is Global and ALLOWED_CALLS.get(plain_name(rebuild.name)) in TENSORS
    if not known or type(kind) is not Global or plain_name(kind.name) not in TENSOR_TYPES or type(args) is not tuple:
        return record
    return Call(rebuild.name, args, record.state, record.items, record.pairs)


def _build_call(record: Call, inner: list[Any], memory: MemoryBudget) -> Any:
    record = _without_attributes(record)
    name = plain_name(record.name)
    if name not in ALLOWED_CALLS:
        raise ForbiddenContent(printable(name))
    num_args, num_items, num_pairs = len(record.args), len(record.items), len(record.pairs)
    args, rest = inner[:num_args], [_require_plain(value) for value in inner[num_args:]]
    if name not in TAKES_GLOBALS:
        args = [_require_plain(value) for value in args]
    keys = [key for key, _ in record.pairs]
    values = rest[num_items : num_items + num_pairs]
    state = NO_STATE if record.state is NO_STATE else rest[-1]
    call = Call(name, tuple(args), state, rest[:num_items], list(zip(keys, values, strict=True)))
    try:
        return ALLOWED_CALLS[name](call, memory)
    except (TypeError, ValueError, IndexError, RuntimeError, OverflowError) as error:
        raise Damaged(f'{printable(name)}: {printable(error)}') from None


def _require_plain(value: Any) -> Any:
    """Check that a value is plain data, not a name or a storage, and return it."""
    if type(value) is Global:
        raise ForbiddenContent(printable(value.name.replace(' ', '.')))
    if type(value) is Storage:
        raise ForbiddenContent('the bytes of a tensor without their shape')
    return value
