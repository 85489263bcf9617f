"""A hostile image: how it is written, and what is to come of it in the demo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

TOO_LARGE = 'million are the limit'
NO_IMAGE = 'not an image that can be read'
Files = Mapping[str | bytes, 'bytes | Callable[[Path], object]']


class Case(NamedTuple):
    """Files of a folder.

    Attributes:
        files: name to content, or to what makes the file at its path.
        pictures: that the demo makes of them; None: one, or it says why not.
        says: what the demo says, as a pattern.
        meanwhile: done to the folder after it was listed.
    """

    files: Files
    pictures: int | None = 1
    says: str = ''
    meanwhile: Callable[[Path], object] | None = None


def one(name: str | bytes, content: bytes | Callable[[Path], object], says: str = '') -> Case:
    """A file that is read, or refused with a sentence."""
    return Case({name: content}, 0 if says else 1, says)
