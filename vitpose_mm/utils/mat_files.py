"""Matlab files, read by SciPy in a process of its own: a damaged file can end that process, or take all its memory."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

MEMORY = 3 << 30  # bytes of address space that reading may take; MPII's release takes less than a third
ANSWER = 100 << 20  # bytes of JSON, which take up to 16 times as much here
VALUES = 5_000_000  # of one array
SECONDS = 600


def read_mat(path: str | Path, *, content: str) -> dict[str, Any]:
    """Read a Matlab 5 file's variables by name: structs as dicts, arrays as (nested) lists, axes of 1 dropped.

    Args:
        path: path of a regular file.
        content: what it is, for the sentence: 'file of head boxes'.

    Raises:
        ValueError: it is missing, not a Matlab file, or damaged.
    """
    if not Path(path).is_file():
        raise ValueError(f'{content} {str(path)!r} does not exist')
    with tempfile.TemporaryFile() as answer:  # not a pipe: a small file can expand to gigabytes
        reason = _read_in_child(str(Path(path).resolve()), answer)
        if reason is None:
            answer.seek(0)
            try:
                return json.load(answer)
            except (ValueError, RecursionError) as error:
                reason = f'reading it gives no values, {type(error).__name__}'
    raise ValueError(f'{content} {str(path)!r} is not a whole Matlab file ({reason}): copy it again')


def _read_in_child(path: str, answer: BinaryIO) -> str | None:
    """Write a file's variables as JSON to a file, in a process of its own; return why that failed, or None."""
    command = [sys.executable, '-W', 'ignore', __file__, path]
    try:
        done = subprocess.run(command, stdout=answer, stderr=subprocess.PIPE, timeout=SECONDS, text=True)
    except subprocess.TimeoutExpired:
        return f'it cannot be read in {SECONDS} s'
    if done.returncode < 0:
        return f'reading it ends by {signal.Signals(-done.returncode).name}'
    lines = done.stderr.strip().splitlines() or ['no reason is given']
    return lines[-1][:200] if done.returncode else None


def _plain(value: Any) -> Any:
    """Convert what SciPy read to dicts, lists, numbers and strings."""
    if isinstance(value, (int, float, str)):
        return value
    if getattr(value, 'size', 0) > VALUES:
        raise ValueError(f'an array of {value.size:,} values, where {VALUES:,} are the limit')
    if hasattr(value, '_fieldnames'):
        return {name: _plain(getattr(value, name)) for name in value._fieldnames}
    if hasattr(value, 'tolist'):  # NumPy's arrays and numbers
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (int, float)) else str(value)


def _write_plain(path: str) -> None:
    """Print a file's variables as JSON on stdout; in the child process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER, ANSWER))
    from scipy.io import loadmat

    variables = loadmat(path, struct_as_record=False, squeeze_me=True)
    json.dump({name: _plain(value) for name, value in variables.items() if not name.startswith('__')}, sys.stdout)


if __name__ == '__main__':
    _write_plain(sys.argv[1])
