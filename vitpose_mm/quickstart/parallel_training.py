"""Two trainings at once, each in a process of its own with half of the cores.

On two cores that is faster than one after the other: a small model keeps one core busy and two cores
waiting for each other.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
from dataclasses import dataclass
from pathlib import Path

from ..utils.machine import count_cores


@dataclass(frozen=True)
class Training:
    """A config to train: its data and work folders, how long, and what its line of progress is called."""

    config: Path
    data: Path
    work_dir: Path
    epochs: int
    title: str


def train_in_parallel(trainings: list[Training]) -> None:
    """Train several configs at once and return their checkpoints; when one fails the others are stopped.

    Raises:
        ValueError: one of them failed; it has told why.
    """
    context = multiprocessing.get_context('spawn')
    threads = max(count_cores() // len(trainings), 1)
    processes = [context.Process(target=_train, args=(t, row, threads)) for row, t in enumerate(trainings)]
    try:
        for process in processes:
            process.start()
        alive = list(processes)
        while alive:
            multiprocessing.connection.wait([process.sentinel for process in alive])
            alive = [process for process in alive if process.exitcode is None]
            if any(process.exitcode for process in processes):
                break
    finally:
        for process in processes:
            if process.is_alive():
                process.terminate()
        for process in processes:
            process.join()
    failed = [t.title for t, process in zip(trainings, processes, strict=True) if process.exitcode]
    if failed:
        raise ValueError(f'training stopped: {", ".join(failed)}; its log is below {trainings[0].work_dir.parent}')


def _train(training: Training, row: int, threads: int) -> None:
    """Train in a process of its own; imports are here, because threads are set before torch is imported."""
    os.environ['OMP_NUM_THREADS'] = str(threads)
    import torch

    from .train_and_test import load, train

    torch.set_num_threads(threads)
    cfg = load(training.config, training.data, work_dir=training.work_dir)
    try:
        train(cfg, epochs=training.epochs, title=training.title, row=row)
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None
