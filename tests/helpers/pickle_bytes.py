"""Pickles written opcode by opcode, and the files around them, for attacks that Python's own pickler does not write."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def text(value: str) -> bytes:
    """BINUNICODE."""
    raw = value.encode('utf-8', 'surrogatepass')
    return b'X' + struct.pack('<I', len(raw)) + raw


def number(value: int) -> bytes:
    """BININT, or LONG1, or LONG4."""
    if -(2**31) <= value < 2**31:
        return b'J' + struct.pack('<i', value)
    raw = pickle.encode_long(value)
    return (b'\x8a' + bytes([len(raw)]) if len(raw) < 256 else b'\x8b' + struct.pack('<i', len(raw))) + raw


def name(module: str, leaf: str) -> bytes:
    """GLOBAL."""
    return f'c{module}\n{leaf}\n'.encode()


def tup(*parts: bytes) -> bytes:
    """MARK ... TUPLE."""
    return b'(' + b''.join(parts) + b't'


def lst(*parts: bytes) -> bytes:
    """EMPTY_LIST and APPENDS."""
    return b'](' + b''.join(parts) + b'e'


def dct(pairs: Mapping[str, bytes] | list[tuple[bytes, bytes]]) -> bytes:
    """EMPTY_DICT and SETITEMS."""
    items = [(text(key), value) for key, value in pairs.items()] if isinstance(pairs, Mapping) else pairs
    return b'}(' + b''.join(key + value for key, value in items) + b'u'


def call(function: bytes, *args: bytes) -> bytes:
    """REDUCE."""
    return function + tup(*args) + b'R'


def new(kind: bytes, *args: bytes) -> bytes:
    """NEWOBJ."""
    return kind + tup(*args) + b'\x81'


def build(target: bytes, state: bytes) -> bytes:
    """BUILD."""
    return target + state + b'b'


def storage(key: str = '0', numel: int = 4, kind: bytes | None = None, location: str = 'cpu') -> bytes:
    """BINPERSID as torch.save writes it."""
    kind = name('torch', 'FloatStorage') if kind is None else kind
    return tup(text('storage'), kind, text(key), text(location), number(numel)) + b'Q'


def tensor(
    *,
    source: bytes | None = None,
    offset: bytes | None = None,
    size: bytes | None = None,
    stride: bytes | None = None,
    hooks: bytes | None = None,
    more: bytes = b'',
) -> bytes:
    """(4,) float32, as torch.save writes it."""
    parts = [
        storage() if source is None else source,
        number(0) if offset is None else offset,
        tup(number(4)) if size is None else size,
        tup(number(1)) if stride is None else stride,
        b'\x89',
        call(name('collections', 'OrderedDict')) if hooks is None else hooks,
    ]
    return call(name('torch._utils', '_rebuild_tensor_v2'), *parts, more)


def whole(root: bytes, protocol: int = 2) -> bytes:
    """PROTO ... STOP."""
    return b'\x80' + bytes([protocol]) + root + b'.'


def checkpoint(**extra: bytes) -> bytes:
    """A pickle of a state dict of one weight, and what else is given beside it."""
    return whole(dct({'state_dict': dct({'weight': tensor()}), **extra}))


FOUR = struct.pack('<4f', 1, 2, 3, 4)


def write_zip(
    path: Path,
    pickled: bytes,
    *,
    data: Mapping[str, bytes] | None = None,
    stem: str = 'a',
    extra: Mapping[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> None:
    """A file as torch.save writes it today."""
    parts = {'data.pkl': pickled, 'byteorder': b'little', 'version': b'3\n', **(extra or {})}
    parts |= {f'data/{key}': raw for key, raw in ({'0': FOUR} if data is None else data).items()}
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for part, raw in parts.items():
            archive.writestr(f'{stem}/{part}', raw)


def write_legacy(
    path: Path,
    pickled: bytes,
    *,
    keys: bytes | None = None,
    data: bytes | None = None,
    magic: bytes | None = None,
    protocol: bytes | None = None,
    machine: bytes | None = None,
) -> None:
    """A file as torch.save wrote it before 1.6."""
    parts = [
        whole(number(LEGACY_MAGIC)) if magic is None else magic,
        whole(number(1001)) if protocol is None else protocol,
        whole(dct({'protocol_version': number(1001), 'little_endian': b'\x88', 'type_sizes': dct({})}))
        if machine is None
        else machine,
        pickled,
        whole(lst(text('0'))) if keys is None else keys,
        struct.pack('<q', 4) + FOUR if data is None else data,
    ]
    path.write_bytes(b''.join(parts))
