"""Kill dataloader workers that were stopped (SIGSTOP): torch waits for the batch of one without a limit."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from mmengine.logging import print_log

STOPPED = 'T'  # state in /proc after SIGSTOP or SIGTSTP


@contextmanager
def end_stopped_workers(*, seconds: float) -> Iterator[None]:
    """Watch child processes in a thread and kill those that stay stopped; at the end kill all that are stopped then.

    The timeout of a DataLoader does not help: a finished batch is in shared memory, whose file handle the worker itself
    has to send. When it is killed, the wait of the loader ends with an error.

    Args:
        seconds: how long a worker may stay stopped. Only time in which this process runs counts: it may be stopped
            together with its workers, and continue with them.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(over, seconds), daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        for worker in stopped_workers():  # at exit Python sends SIGTERM, which stopped ones do not get
            worker.kill()


def stopped_workers() -> list[BaseProcess]:
    """Return the child processes that are stopped (by SIGSTOP or SIGTSTP)."""
    return [child for child in multiprocessing.active_children() if _state(child.pid) == STOPPED]


def _state(pid: int | None) -> str:
    """Read the state of a process from /proc, as S (sleeps) or T (stopped); empty where it has ended."""
    try:
        text = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return ''
    return text[text.rindex(')') + 2]  # after its name, which may hold anything


def _watch(over: threading.Event, seconds: float) -> None:
    pause = min(1.0, seconds / 4)
    checks: dict[int | None, int] = {}  # consecutive checks that found the process stopped
    while not over.wait(pause):
        stopped = {worker.pid: worker for worker in stopped_workers()}
        checks = {pid: checks.get(pid, 0) + 1 for pid in stopped}
        for pid, worker in stopped.items():
            if checks[pid] * pause >= seconds:
                text = f'The process {pid}, which loads data, has been stopped for {seconds:g} seconds: it is ended.'
                print_log(text, logger='current', level=logging.WARNING)
                worker.kill()
