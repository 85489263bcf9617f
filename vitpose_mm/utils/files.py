"""Files that are read only where they are regular ones, and that appear when they are complete."""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)  # which no reading raises


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading; a pipe is not waited for, a device is not read.

    Raises:
        OSError: it is missing, may not be read, or is not a regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, 'not a regular file', str(path))
    return open(descriptor, 'rb')


def printable(text: object) -> str:
    """Return a path or message with what a terminal cannot show, or would obey, written as in a Python string."""
    return ''.join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text))


@contextmanager
def complete(file: Path) -> Iterator[Path]:
    """Yield another name to write to, beside a file; it becomes the file at the end, unless writing failed.

    Raises:
        ValueError: the file is there and is a folder, device, pipe or socket, which root could replace.
    """
    if file.exists() and not file.is_file():
        raise ValueError(f'{file} is not a regular file: name another one to write.')
    file.parent.mkdir(parents=True, exist_ok=True)
    name = os.fsdecode(os.fsencode(file.name)[-200:])  # file systems take 255 bytes
    part = file.with_name(f'.{name}.{os.getpid()}.part')
    part.unlink(missing_ok=True)
    part.touch(exist_ok=False)  # through no link that somebody put there
    readers = part.stat().st_mode
    part.unlink()
    try:
        yield part
        part.chmod(readers)  # safetensors lets nobody else read what it writes
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def explain_writing(folder: str | Path) -> Iterator[None]:
    """Turn what a full disk or a folder that cannot be written to raises inside into a sentence.

    Args:
        folder: where all is written.

    Raises:
        ValueError: with the reason, and the file where that is known.
    """
    try:
        yield
    except OSError as error:
        where = Path(folder).absolute()
        file = Path(os.fsdecode(error.filename)).absolute() if isinstance(error.filename, (str, bytes)) else None
        inside = file is not None and (file == where or where in file.parents or file in where.parents)
        if error.errno not in DISK_FAULTS and not inside:
            raise
        raise ValueError(
            f'{file if inside else where} cannot be written ({error.strerror}): what {where} holds already stays; '
            f'make room, allow writing there or name another folder, then run the same command with --resume.'
        ) from error


def refuse_links(work_dir: Path) -> None:
    """Check that no file of a work folder that MMEngine writes in place is a link, which it would write through.

    Raises:
        ValueError: the config or ``last_checkpoint`` is one.
    """
    for file in sorted(work_dir.glob('*')):
        if file.is_symlink() and (file.name == 'last_checkpoint' or file.suffix == '.py'):
            target = printable(os.readlink(file))
            raise ValueError(f'{file} is a link to {target}, which would be overwritten: remove the link.')


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
