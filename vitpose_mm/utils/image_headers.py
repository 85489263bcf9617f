"""What image files say of their sizes, read from their bytes: JPEG, WebP and TIFF."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal

_START_OF_SCAN = b'\xff\xda'
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # tags of TIFF
_WEBP_HEADER = 30  # bytes
_BASELINE = 0xC0  # start of frame of a JPEG that is not progressive, ITU-T T.81, table B.1
_BEFORE_FRAME = frozenset((0xC4, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE))  # tables, application data, comments


def read_baseline_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) of a baseline JPEG file, or None for any other (ITU-T T.81, annex B)."""
    size = None
    if file.read(2) == b'\xff\xd8':
        while len(head := file.read(9)) == 9 and head[0] == 0xFF:
            if head[1] == _BASELINE:
                size = int.from_bytes(head[7:9], 'big'), int.from_bytes(head[5:7], 'big')
            if head[1] not in _BEFORE_FRAME:
                break
            file.seek(int.from_bytes(head[2:4], 'big') - 7, os.SEEK_CUR)
    return size if size and all(size) else None


def read_webp_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) of a WebP file from its first chunk, or None for any other format (RFC 9649)."""
    head = file.read(_WEBP_HEADER)
    file.seek(0)
    if len(head) < _WEBP_HEADER or head[:4] != b'RIFF' or head[8:12] != b'WEBP':
        return None
    kind, body = head[12:16], head[20:]
    if kind == b'VP8X':  # 24 bits each, minus one
        return int.from_bytes(body[4:7], 'little') + 1, int.from_bytes(body[7:10], 'little') + 1
    if kind == b'VP8L':  # 14 bits each, minus one, after a signature byte
        bits = int.from_bytes(body[1:5], 'little')
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b'VP8 ':  # 14 bits each, after a frame tag and a start code of three bytes each
        width, height = struct.unpack('<HH', body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def count_scans(file: BinaryIO) -> int:
    """Return the number of scans of a JPEG file, at most."""
    return sum(block.count(_START_OF_SCAN) for block in _blocks(file))


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield all bytes of a file; its position stays."""
    position = file.tell()
    file.seek(0)
    yield from iter(lambda: file.read(1 << 20), b'')
    file.seek(position)


def read_tile_pixels(file: BinaryIO) -> int:
    """Return the pixels of a tile of a TIFF's first picture, the largest where tags stand there twice; else 0."""
    file.seek(0)
    head = file.read(16)
    order: Literal['little', 'big'] = 'little' if head[:2] == b'II' else 'big'
    big = head[2:4] in (b'\x2b\0', b'\0\x2b')  # BigTIFF
    counted, entry, value = (8, 20, 12) if big else (2, 12, 8)
    file.seek(int.from_bytes(head[8:16] if big else head[4:8], order))
    count = int.from_bytes(file.read(counted), order)
    sides = {_TILE_WIDTH: 0, _TILE_LENGTH: 0}
    for _ in range(min(count, 65535)):
        field = file.read(entry)
        tag, kind = (int.from_bytes(field[at : at + 2], order) for at in (0, 2))
        if tag in sides:
            nbytes = {3: 2, 4: 4, 16: 8}.get(kind, 1)  # SHORT, LONG, LONG8
            sides[tag] = max(sides[tag], int.from_bytes(field[value : value + nbytes], order))
    return sides[_TILE_WIDTH] * sides[_TILE_LENGTH]
