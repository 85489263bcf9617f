"""Code in forked processes that may be killed: nothing is imported again, so that a tiny training takes a second or so.

The process that forks may have no threads of torch: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any


class Forks:
    """Processes that call a function, each a leader of its own process group; what they say is added to a log.

    Args:
        function: called with the arguments; in a gloo group where there are several processes.
        args: of the function.
        log: file.
        num_processes: size of the group.
        timeout: seconds, limit of a collective.
    """

    def __init__(
        self, function: Callable[..., Any], *args: Any, log: Path, num_processes: int = 1, timeout: float = 60
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.start = time.monotonic()
        group = log.with_name(f'group_{time.monotonic_ns()}')
        context = multiprocessing.get_context('fork')
        ranks: Any = [(rank, num_processes, group, timeout) for rank in range(num_processes)]
        self.processes: list[BaseProcess] = [
            context.Process(target=_call, args=(function, args, log, rank)) for rank in ranks
        ]
        for process in self.processes:
            process.start()

    @property
    def running(self) -> bool:
        """Whether all processes are there."""
        return all(process.is_alive() for process in self.processes)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.start

    def send(self, number: int, *, rank: int | None = None) -> None:
        """Send a signal to one process or, without a rank, to all; their loaders' workers are spared, as in life."""
        for process in self.processes if rank is None else [self.processes[rank]]:
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, number)

    def codes(self, *, limit: float) -> list[int | None]:
        """Wait until all have ended, for some seconds since the start; return exit codes, None if one runs on."""
        for process in self.processes:
            process.join(max(self.start + limit - time.monotonic(), 0))
        return [process.exitcode for process in self.processes]

    def clear(self) -> None:
        """Kill what is left, loaders' workers of killed trainings too."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.kill()
            process.join()
        for group in self.log.parent.glob('group_*'):
            group.unlink(missing_ok=True)


def _call(function: Callable[..., Any], args: Any, log: Path, place: tuple[int, int, Path, float]) -> None:
    rank, size, group, timeout = place
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = sys.stderr = open(1, 'w', buffering=1, closefd=False)  # noqa: SIM115  # pytest has replaced them
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(size))
    if size > 1:
        import torch.distributed as dist

        seconds = timedelta(seconds=timeout)
        dist.init_process_group('gloo', init_method=f'file://{group}', rank=rank, world_size=size, timeout=seconds)
    function(*args)
