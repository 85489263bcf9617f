"""Loader workers that were stopped and hold a batch are waited for without a limit by torch: they are ended here."""

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
    """Kill child processes that are stopped for so long, in a thread; at the end those that are stopped then.

    The time limit of a DataLoader does not help: a finished batch lies in shared memory, whose file the worker itself
    hands over on demand. Killed, it ends the loader's wait with an error.

    Args:
        seconds: in which this process itself runs; it may be stopped together with its workers and go on with them.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(over, seconds), daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        for worker in stopped_workers():  # Python's end sends them SIGTERM, which they do not get, and waits
            worker.kill()


def stopped_workers() -> list[BaseProcess]:
    """Child processes of this process that are stopped."""
    return [child for child in multiprocessing.active_children() if _state(child.pid) == STOPPED]


def _state(pid: int | None) -> str:
    """Read the state of a process from /proc, as S (sleeps) or T (stopped); empty where it is gone."""
    try:
        text = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return ''
    return text[text.rindex(')') + 2]  # after its name, which may hold anything


def _watch(over: threading.Event, seconds: float) -> None:
    pause = min(1.0, seconds / 4)
    looks: dict[int | None, int] = {}  # in a row that saw the process stopped
    while not over.wait(pause):
        stopped = {worker.pid: worker for worker in stopped_workers()}
        looks = {pid: looks.get(pid, 0) + 1 for pid in stopped}
        for pid, worker in stopped.items():
            if looks[pid] * pause >= seconds:
                text = f'The process {pid}, which loads data, has been stopped for {seconds:g} seconds: it is ended.'
                print_log(text, logger='current', level=logging.WARNING)
                worker.kill()
