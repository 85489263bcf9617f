"""Files that appear when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def complete(file: Path) -> Iterator[Path]:
    """File -> another name to write to, beside it; it becomes the file at the end, unless writing failed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f'.{file.name}.{os.getpid()}.part')
    try:
        yield part
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)
