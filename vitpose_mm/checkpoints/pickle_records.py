"""Parse the bytes of a pickle to inert records of what they say; nothing is looked up, called or set.

Why no code of a file can run: the standard library's pickletools splits the bytes into opcodes and their plain
arguments, and :class:`_Machine` below turns these into the types of ``Record`` and no other. A name stays a
:class:`Global`, a call stays a :class:`Call`, and a state is put into the Call. There is no import, no getattr or
setattr by a name of the file, no ``__setstate__``, no registry of extensions, and no hash of anything but strings
and numbers. What a record means is decided in ``record_values``, which knows each name that it accepts.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any, Protocol

MAX_OPCODES = 1_000_000  # the training state of a ViT-G with experts takes 150,000
MAX_PICKLE = 256 * 2**20  # bytes; a million iterations of eight logged values take 190 MB
MAX_LINE = 1000  # bytes of a name
MAX_KEY = 10_000  # letters of a key; a million steps can check, copy or join a long one a million times
MAX_INT_BITS = 1024  # longer ones are not numbers of a training
KEY_TYPES = frozenset({str, bytes, int, float, bool, type(None)})  # hashed by Python itself, without recursion

NUMBERS = frozenset({'BININT', 'BININT1', 'BININT2', 'LONG1', 'LONG4', 'BINFLOAT'})
TEXTS = frozenset({'BINUNICODE', 'SHORT_BINUNICODE', 'BINUNICODE8', 'BINSTRING', 'SHORT_BINSTRING'})
BYTES = frozenset({'BINBYTES', 'SHORT_BINBYTES', 'BINBYTES8', 'BYTEARRAY8'})
CONSTANTS: dict[str, Callable[[], Any]] = {
    'NONE': lambda: None,
    'NEWTRUE': lambda: True,
    'NEWFALSE': lambda: False,
    'EMPTY_TUPLE': tuple,
    'EMPTY_LIST': list,
    'EMPTY_DICT': dict,
    'EMPTY_SET': set,
}
NO_STATE = object()


class Refused(Exception):
    """A file that is not read; the text says what it is or holds: 'it is a TorchScript program'."""


class ForbiddenContent(Refused):
    """A file that asks for something that weights do not need; the text says for what: 'posix.system'."""


class Damaged(Refused):
    """Bytes that are not what torch.save writes; the text says what is wrong."""


@dataclass(eq=False, frozen=True, slots=True)
class Global:
    """A name that a pickle gives: 'torch._utils _rebuild_tensor_v2', module and name with a space between them."""

    name: str


@dataclass(eq=False, slots=True)
class Call:
    """What a pickle would call, with what is put into the result: a state, items of a list, pairs of a dict."""

    name: str
    args: tuple[Any, ...]
    state: Any = NO_STATE
    items: list[Any] = field(default_factory=list)
    pairs: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class StorageId:
    """A storage, whose numbers the file has outside the pickle: its class, key, device and number of elements."""

    kind: str
    key: str
    location: str
    numel: int


# None, bool, int, float, str, bytes, bytearray; tuple, list, dict and set of records
Record = Any


def printable(text: object, limit: int = 80) -> str:
    """Return text from a file as one short line that every terminal can print."""
    line = str(text).encode('ascii', 'backslashreplace').decode()
    line = ''.join(letter if letter.isprintable() else '?' for letter in line[: 4 * limit])
    return line if len(line) <= limit else f'{line[:limit]}...'


class Readable(Protocol):
    """What a pickle is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""

    def readline(self) -> bytes:
        """Return the bytes up to the end of a line."""


def read_pickle(source: Readable) -> tuple[Record, list[StorageId]]:
    """Parse the next pickle of a source; return its record and every StorageId in it. The source is then after it.

    Raises:
        Refused: an opcode or a call that torch.save does not write, or too much of them; a pickle that is cut off.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(source)):  # type: ignore[arg-type]
            if count >= MAX_OPCODES:
                raise Refused(f'it takes more than {MAX_OPCODES:,} steps to build')
            if opcode.name != 'STOP':
                machine.step(opcode.name, argument)
    except (ValueError, OverflowError) as error:  # of pickletools
        raise Damaged(printable(error)) from None
    if len(machine.stack) != 1 or machine.marks:
        raise Damaged('a pickle that is not complete')
    return machine.stack[0], machine.storages


class PickleStream:
    """The pickles at the beginning of a file, whose length is not known before they are read."""

    def __init__(self, file: BufferedReader) -> None:
        self._file, self._left = file, MAX_PICKLE

    def read(self, size: int, /) -> bytes:
        """Read as a file does."""
        return self._spend(self._file.read(max(min(size, self._left), 0)))

    def readline(self) -> bytes:
        """Read a line as a file does; names are short."""
        return self._spend(self._file.readline(MAX_LINE))

    def _spend(self, found: bytes) -> bytes:
        self._left -= len(found)
        if self._left <= 0:
            raise Refused(f'it has more than {MAX_PICKLE:,} bytes besides its tensors')
        return found


class _Machine:
    """Opcodes of protocols 2 to 5, as Python's own picklers write them, on a stack of records."""

    def __init__(self) -> None:
        self.stack: list[Record] = []
        self.marks: list[int] = []
        self.memo: dict[int, Record] = {}
        self.storages: list[StorageId] = []

    def step(self, name: str, argument: Any) -> None:
        """Do one opcode."""
        if name in NUMBERS:
            self.stack.append(_number(argument))
        elif name in TEXTS:
            self.stack.append(_text(argument))
        elif name in BYTES:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name]())
        elif name in STEPS:
            STEPS[name](self, argument)
        else:
            raise ForbiddenContent(f'the pickle opcode {name}')

    def pop(self) -> Record:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Damaged('a pickle that takes more than it has')
        return self.stack.pop()

    def top(self) -> Record:
        top = self.pop()
        self.stack.append(top)
        return top

    def pop_mark(self) -> list[Record]:
        if not self.marks:
            raise Damaged('a pickle without the mark that it goes back to')
        start = self.marks.pop()
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def do_proto(self, version: int) -> None:
        if version > 5:
            raise Damaged(f'pickle protocol {version}')

    def do_frame(self, size: int) -> None:
        """Skip a frame, which is only for reading ahead."""

    def do_mark(self, _: None) -> None:
        self.marks.append(len(self.stack))

    def do_pop(self, _: None) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.pop()

    def do_pop_mark(self, _: None) -> None:
        self.pop_mark()

    def do_binput(self, index: int) -> None:
        self.memo[index] = self.top()

    do_long_binput = do_binput

    def do_memoize(self, _: None) -> None:
        self.memo[len(self.memo)] = self.top()

    def do_binget(self, index: int) -> None:
        if index not in self.memo:
            raise Damaged('a pickle that names what it does not hold')
        self.stack.append(self.memo[index])

    do_long_binget = do_binget

    def do_tuple(self, _: None) -> None:
        self.stack.append(tuple(self.pop_mark()))

    def do_tuple1(self, _: None) -> None:
        self.stack.append((self.pop(),))

    def do_tuple2(self, _: None) -> None:
        last, first = self.pop(), self.pop()
        self.stack.append((first, last))

    def do_tuple3(self, _: None) -> None:
        last, middle, first = self.pop(), self.pop(), self.pop()
        self.stack.append((first, middle, last))

    def do_append(self, _: None) -> None:
        item = self.pop()
        self._extend([item])

    def do_appends(self, _: None) -> None:
        items = self.pop_mark()
        self._extend(items)

    def _extend(self, items: list[Record]) -> None:
        target = self.top()
        if type(target) is list:
            target.extend(items)
        elif type(target) is Call:
            target.items.extend(items)
        else:
            raise Damaged('a pickle that adds to what is not a list')

    def do_setitem(self, _: None) -> None:
        value, key = self.pop(), self.pop()
        self._update([key, value])

    def do_setitems(self, _: None) -> None:
        items = self.pop_mark()
        self._update(items)

    def _update(self, items: list[Record]) -> None:
        if len(items) % 2:
            raise Damaged('a key without a value')
        pairs = [(checked_key(key), value) for key, value in zip(items[::2], items[1::2], strict=True)]
        target = self.top()
        if type(target) is dict:
            target.update(pairs)
        elif type(target) is Call:
            target.pairs.extend(pairs)
        else:
            raise Damaged('a pickle that sets keys of what is not a dict')

    def do_additems(self, _: None) -> None:
        items = [checked_key(item) for item in self.pop_mark()]
        target = self.top()
        if type(target) is not set:
            raise Damaged('a pickle that adds to what is not a set')
        target.update(items)

    def do_frozenset(self, _: None) -> None:
        self.stack.append(frozenset(checked_key(item) for item in self.pop_mark()))

    def do_global(self, name: str) -> None:
        self.stack.append(Global(_text(name)))

    def do_stack_global(self, _: None) -> None:
        name, module = self.pop(), self.pop()
        if type(name) is not str or type(module) is not str:
            raise Damaged('a name that is not a text')
        if len(module) + len(name) > MAX_LINE:
            raise ForbiddenContent(f'the long name {printable(name)}')
        self.stack.append(Global(f'{module} {name}'))

    def do_reduce(self, _: None) -> None:
        arguments, function = self.pop(), self.pop()
        if type(function) is not Global or type(arguments) is not tuple:
            raise ForbiddenContent('a call of something that it built itself')
        self.stack.append(Call(function.name, arguments))

    do_newobj = do_reduce

    def do_newobj_ex(self, _: None) -> None:
        if self.pop() != {}:
            raise ForbiddenContent('a call with arguments by name')
        self.do_reduce(None)

    def do_build(self, _: None) -> None:
        state, target = self.pop(), self.top()
        if type(target) is not Call or target.state is not NO_STATE:
            raise ForbiddenContent('a state for something that has none')
        target.state = state

    def do_binpersid(self, _: None) -> None:
        storage = _storage(self.pop())
        self.stack.append(storage)
        self.storages.append(storage)


STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    name.removeprefix('do_').upper(): method for name, method in vars(_Machine).items() if name.startswith('do_')
}


def _number(value: float) -> float:
    if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
        raise Refused(f'it holds a number of {value.bit_length():,} bits')
    return value


def _text(value: str) -> str:
    if not value.isascii():
        value.encode()  # raises a ValueError for half of a surrogate pair, which cannot be printed
    return value


def checked_key(value: Record) -> Record:
    """Check a key of a dict or an item of a set; numbers of 64 bits cannot be chosen to make a dict slow."""
    if type(value) not in KEY_TYPES:
        raise Refused(f'it holds a dict with a {type(value).__name__} as a key')
    if isinstance(value, (str, bytes)) and len(value) > MAX_KEY:
        raise Refused(f'it holds a dict with the key {printable(value)} of {len(value):,} letters')
    if isinstance(value, int) and value.bit_length() > 64:
        raise Refused('it holds a dict with a very large number as a key')
    if isinstance(value, str) and not value.isprintable():
        raise Refused(f'it holds a dict with the key {printable(value)}, which cannot be printed')
    return value


def _storage(found: Record) -> StorageId:
    """Return the StorageId of ('storage', class, key, device, number of elements), in old files followed by None."""
    if type(found) is tuple and len(found) == 6 and found[5] is None:
        found = found[:5]
    if type(found) is not tuple or len(found) != 5 or found[0] not in ('storage', b'storage'):
        kind = found[0] if type(found) is tuple and found and type(found[0]) is str else type(found).__name__
        raise ForbiddenContent(f'a {printable(kind)} that is stored outside the pickle, as a whole model would be')
    _, kind, key, location, numel = found
    if any(type(part) in (str, bytes) and len(part) > MAX_LINE for part in (key, location)):
        raise Damaged('numbers of a tensor with a long name')
    key, location = (part.decode('ascii') if type(part) is bytes else part for part in (key, location))
    if type(kind) is not Global or type(key) is not str or type(location) is not str or type(numel) is not int:
        raise Damaged('numbers of a tensor that are not described as torch does')
    return StorageId(kind.name, key, location, numel)
