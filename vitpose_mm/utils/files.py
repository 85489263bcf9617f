"""Files that appear when they are complete."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def complete(file: Path) -> Iterator[Path]:
    """Yield another name to write to, beside a file; it becomes the file at the end, unless writing failed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f'.{file.name}.{os.getpid()}.part')
    part.touch()
    readers = part.stat().st_mode
    part.unlink()
    try:
        yield part
        part.chmod(readers)  # safetensors lets nobody else read what it writes
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def refuse_source(source: Path, *written: Path) -> None:
    """Check that no file to write is the one that is read, by whatever name.

    Raises:
        ValueError: one is.
    """
    for file in written:
        if file.resolve() == source.resolve() or (file.exists() and source.exists() and file.samefile(source)):
            raise ValueError(f'{file} is the source, which would be overwritten: name another file to write')


def write_json(content: Any, file: Path, *, compact: bool = False) -> None:
    """Write anything JSON can hold to a file that appears when it is complete.

    Args:
        content: content of the file.
        file: the path, ``.json``.
        compact: in one line, for large files.
    """
    write_text(json.dumps(content) if compact else json.dumps(content, indent=1) + '\n', file)


def write_text(text: str, file: Path) -> None:
    """Write text to a file that appears when it is complete."""
    with complete(file) as part:
        part.write_text(text, encoding='utf-8')
