"""When a process is killed: at a time, before it writes a file, or while it does."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = ('open', 'os.rename', 'os.remove')  # audit events whose first argument is a path
KINDS = ('time', 'in a write', 'in a write', 'before a write')


@dataclass(frozen=True)
class Kill:
    """One SIGKILL.

    Attributes:
        kind: of KINDS.
        write: which of the process's writes of files below the work folder, from 1.
        delay: seconds after the start ('time') or after the beginning of that write.
        rank: of the process; None: all of them.
    """

    kind: str
    write: int
    delay: float
    rank: int | None

    def __str__(self) -> str:
        who = '' if self.rank is None else f'process {self.rank} '
        when = f'after {self.delay:.2f} s' if self.kind == 'time' else f'{self.kind}, of file event {self.write}'
        return who + when


def draw_kill(rng: random.Random, *, seconds: float, writes: int, num_processes: int) -> Kill:
    """Draw a kill within a run of given lengths in seconds and writes."""
    kind = rng.choice(KINDS)
    ranks = [None, 0, 1] if kind == 'time' else [None, 0]  # the first process writes
    delay = rng.uniform(0, seconds) if kind == 'time' else rng.uniform(0, 0.01)
    return Kill(kind, rng.randint(1, writes), delay, rng.choice(ranks) if num_processes > 1 else None)


class Writes:
    """An audit hook that counts what this process opens to write, renames and removes below a folder.

    Args:
        folder: the work folder.
        number: of the write at which the function is called, before it happens; None: none.
        function: called then.
    """

    def __init__(self, folder: Path, *, number: int | None, function: Callable[[], object]) -> None:
        self.folder, self.number, self.function = f'{folder}{os.sep}', number, function
        self.count = 0
        self.process = os.getpid()  # not a loader's worker

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at what is about to happen."""
        if event not in WRITES or not isinstance(arguments[0], (str, os.PathLike)) or os.getpid() != self.process:
            return
        if event == 'open' and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
            return
        if os.path.abspath(arguments[0]).startswith(self.folder):
            self.count += 1
            if self.count == self.number:
                self.function()


def kill_here() -> None:
    """SIGKILL to this process."""
    os.kill(os.getpid(), signal.SIGKILL)
