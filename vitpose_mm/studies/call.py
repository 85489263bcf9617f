"""Run one of tools/ as a process of its own, which ends with this one, and say what it has cost."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Cost:
    """What a process and those it has waited for have taken.

    Attributes:
        wall: seconds by the clock.
        cpu: seconds of all cores.
        memory: most main memory of one process, MiB.
    """

    wall: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


def call_tool(
    root: Path,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    begin: Callable[[], bool] = lambda: True,
) -> Cost:
    """Run one of tools/ to its end, with all its output added to the log.

    Where this process is killed the tool stops, as by Ctrl-C: a second start would train in the same folder beside it.
    While one is still saving it has the log locked, and the next one waits for its end.

    Args:
        root: folder that holds tools/.
        command: name of the tool and its arguments.
        log: file for its output.
        cwd: folder to run in; that of this process by default.
        begin: called when no other tool has the log; where it returns False, the tool is not run.

    Raises:
        RuntimeError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    tool, *arguments = map(str, command)
    with open(log, 'ab') as file:
        _lock(file, log)  # the tool has it too, as its output
        if not begin():
            return Cost()
        whole = [sys.executable, str(root / 'tools' / tool), *arguments]
        start = time.perf_counter()
        process = subprocess.Popen(
            whole, stdout=file, stderr=subprocess.STDOUT, preexec_fn=stop_with_parent, cwd=cwd, stdin=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)  # of this process and those it has waited for
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f'{tool} ended with code {process.returncode}: {log} has the reason')
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _lock(file: BinaryIO, log: Path) -> None:
    """Lock an open log, when no other process has it; Ctrl-C ends the waiting."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        from mmengine.logging import print_log  # brings torch

        print_log(f'Waiting for the end of a tool of an earlier start, which still writes {log}')
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        fcntl.flock(file, fcntl.LOCK_EX)
        signal.signal(signal.SIGINT, before)
    except OSError:
        pass  # a file system without locks


def stop_with_parent() -> None:
    """Have Linux send SIGINT to this process when its parent is gone.

    Not SIGTERM: a scheduler sends that to all processes, and a second one would end a training that is saving.
    A shell has what it starts in the background ignore SIGINT, which this process must not.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(signal.SIGINT)


def end_with_parent(number: int) -> None:
    """Have Linux send a signal to this process when the thread that has started it is gone.

    A parent of several threads may send it more than once while it dies.
    """
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
