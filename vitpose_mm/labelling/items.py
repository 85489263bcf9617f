"""List the image files of folders and lists to label, in the same order in every process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..inference.images import IMAGE_SUFFIXES


def list_items(sources: Sequence[str]) -> list[str]:
    """Return sorted paths, each once, of folders with their subfolders, .txt files with a path a line, and images.

    Raises:
        ValueError: a source is not there, cannot be read, or there is no image.
    """
    paths = sorted({path for source in sources for path in _expand(Path(source))})
    if not paths:
        raise ValueError(f'{", ".join(sources)}: there is no image ({", ".join(sorted(IMAGE_SUFFIXES))}).')
    if bad := next((path for path in paths if '\n' in path or not _is_text(path)), None):
        raise ValueError(f'{bad!r} has a name that is not text in one line: rename the file.')
    return paths


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _expand(source: Path) -> Iterator[str]:
    if source.is_dir():
        yield from _walk(source)
    elif not source.is_file():
        raise ValueError(f'{source} does not exist: give folders, images, or .txt files with a path a line.')
    elif source.suffix.lower() == '.txt':
        yield from _read_list(source)
    else:
        yield str(source)


def _walk(folder: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise ValueError(f'{error.filename} cannot be read ({error.strerror}): allow this user to read it.') from None

    for root, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith('.')]
        for name in files:
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES and not name.startswith('.'):
                yield os.path.join(root, name)


def _read_list(file: Path) -> Iterator[str]:
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{file} cannot be read ({error}): it is to be text in UTF-8, a path a line.') from None
    yield from (line.strip() for line in lines if line.strip())
