"""JSON files of others, read with care: a regular file, one sentence where it cannot be read."""

from __future__ import annotations

import codecs
import gc
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BLOCK = 1 << 22  # bytes read at a time
ROOM = 300  # of Python's 1000 calls in one another; each list in a list takes one
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_json(path: str | Path, *, content: str) -> tuple[Any, bool]:
    """Read a JSON file; also return whether it is plain UTF-8, as the readers of MMPose want it.

    Args:
        path: path of a regular file that ends in .json.
        content: what it is, for the sentence: 'annotation file'.

    Raises:
        ValueError: it is missing, another kind of file, or not JSON.
    """
    where = f'{content} {str(path)!r}'
    if Path(path).suffix != '.json':
        raise ValueError(f'{where} is not read: only files that end in .json are; save it as JSON.')
    data = read_bytes(Path(path), where=where)
    encoding = json.detect_encoding(data)
    try:
        with garbage_collection_paused():
            return _parse(data.decode(encoding), ROOM), encoding == 'utf-8'
    except UnicodeDecodeError as error:
        raise ValueError(f'{where} is not text ({error}): save it as JSON in UTF-8.') from None
    except RecursionError:
        raise ValueError(f'{where} holds lists within lists too deep to read: save it as plain JSON.') from None
    except ValueError as error:  # JSONDecodeError, or a number of thousands of digits
        raise ValueError(f'{where} is not a whole JSON file ({error}): copy it again, or make it again.') from None


def _parse(text: str, room: int) -> Any:
    """Parse JSON from deeper in the stack, so that MMPose's readers, which are called from there, can read it too."""
    return _parse(text, room - 1) if room else json.loads(text)


def parse_line(line: str | bytes) -> Any:
    """Parse a line of a log that is one JSON value.

    Raises:
        ValueError: it is not, or holds lists in one another too deep to read.
    """
    try:
        return json.loads(line)
    except RecursionError:
        raise ValueError('lists within lists too deep to read') from None


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Do not look for cycles meanwhile: parsed objects hold none, and looking doubles the time of parsing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_bytes(path: Path, *, where: str) -> bytearray:
    """Read the bytes of a regular file, only as far as it can be text.

    Raises:
        ValueError: it is missing, cannot be read, is another kind of file, or holds zero bytes.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f'{where} is not a regular file: name the file itself.')
        with path.open('rb') as file:
            data = bytearray(file.read(BLOCK))
            while not holds_zeros(data[-BLOCK:], data) and (block := file.read(BLOCK)):
                data += block
    except (OSError, UnicodeEncodeError) as error:
        reason = getattr(error, 'strerror', None) or error
        raise ValueError(f'{where} cannot be read ({reason}): look at its path and permissions.') from None
    if not data[:BLOCK].strip():
        raise ValueError(f'{where} is empty: copy it again, or make it again.')
    if holds_zeros(data[-BLOCK:], data):
        raise ValueError(f'{where} is not text (it holds zero bytes): save it as JSON in UTF-8.')
    return data


def holds_zeros(block: bytearray, data: bytearray) -> bool:
    """Return whether a file has zero bytes and is not UTF-16, by its last block and all of it so far."""
    return b'\0' in block and not data.startswith(UTF_16)
