"""Progress of long loops: tqdm's bar on a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

INTERVAL = 10.0  # seconds between two lines where there is no terminal
LINE = '{desc}: {percentage:3.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]'


class _Lines:
    """Stands for the terminal that tqdm draws on and writes each state of a bar as a line of its own."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, text: str) -> None:
        """Write what is more than an order to the cursor."""
        if text.strip():
            self.file.write(f'{text.strip()}\n')

    def flush(self) -> None:
        """Flush the file."""
        self.file.flush()


def progress_bar(iterable: Iterable[Any] | None = None, *, position: int = 0, **options: Any) -> tqdm:
    """A tqdm bar on stderr; without a terminal a line every ten seconds, and nothing for a shorter loop.

    Args:
        iterable: what is iterated over, or None for a bar that is told by ``update()``.
        position: position among bars that several processes show on a terminal.
        options: others of tqdm.
    """
    if sys.stderr.isatty():
        return tqdm(iterable, position=position, **options)
    lines = {'mininterval': INTERVAL, 'delay': INTERVAL, 'miniters': 1, 'bar_format': LINE}
    return tqdm(iterable, file=_Lines(sys.stderr), **{**options, **lines})
