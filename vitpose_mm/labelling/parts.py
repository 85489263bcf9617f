"""Part files: a log that grows by whole batches while a part is made, and a COCO file once it is complete."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from ..utils.json_files import parse_line


def part_file(folder: Path, part: int) -> Path:
    """Return the COCO file of a part."""
    return folder / 'parts' / f'part-{part:06d}.json'


@contextmanager
def open_log(folder: Path, part: int) -> Iterator[BinaryIO]:
    """Open the log of a part, locked, so that no two processes make the same part.

    Raises:
        ValueError: another process writes it.
    """
    file = part_file(folder, part).with_suffix('.log')
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open('a+b') as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f'{file} is being written by another process: start each rank once.') from None
        yield log


def read_log(log: BinaryIO, first: int, batch_size: int) -> list[dict[str, Any]]:
    """Read the records of a log's whole batches; what a kill left after them is cut off.

    Args:
        log: from open_log.
        first: index of the part's first image.
        batch_size: records are kept up to a multiple of it, so that the next batch has the images it always has.
    """
    log.seek(0)
    records: list[dict[str, Any]] = []
    ends = [0]
    for line in log:
        try:
            record = parse_line(line)
        except ValueError:
            break
        if not line.endswith(b'\n') or not isinstance(record, dict) or record.get('index') != first + len(records):
            break
        records.append(record)
        ends.append(ends[-1] + len(line))
    kept = len(records) // batch_size * batch_size
    log.truncate(ends[kept])
    log.seek(0, os.SEEK_END)
    return records[:kept]


def write_batch(log: BinaryIO, records: Sequence[dict[str, Any]]) -> None:
    """Append the records of a batch and flush them to the disk."""
    log.write(b''.join(json.dumps(record).encode() + b'\n' for record in records))
    log.flush()
    os.fsync(log.fileno())
