"""How a hostile file is written, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.helpers.pickle_bytes import (
    write_zip,
)

Write = Callable[[Path], object]
# case: (how it is written, what the sentence says; None where the file is good)
Case = tuple[Write, str | None]
ODD, PLAIN, BROKEN = 'it asks for', None, 'is truncated, damaged or not a checkpoint'


def zipped(pickled: bytes, says: str | None, **kwargs: object) -> Case:
    """A pickle in today's format."""
    return lambda path: write_zip(path, pickled, **kwargs), says  # type: ignore[arg-type]


def raw(content: bytes, says: str | None) -> Case:
    """A file of these bytes."""
    return lambda path: path.write_bytes(content), says
