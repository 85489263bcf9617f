"""Jobs, some at a time, each as soon as what it needs is there; those that are done are not run again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from ..utils.steps import Say


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        title: its name for the user.
        key: what it makes.
        needs: keys of the jobs that have to be done before.
        files: the files that are there when it is done.
        run: function that does it.
    """

    title: str
    key: Path
    needs: tuple[Path, ...]
    files: tuple[Path, ...]
    run: Callable[[], object]

    @property
    def done(self) -> bool:
        """Whether an earlier start has done it."""
        return all(file.exists() for file in self.files)


def run_jobs(jobs: Sequence[Job], *, workers: int, say: Say) -> None:
    """Run jobs in order, so many at a time. Where one fails the others go on, but for those that need it.

    Raises:
        RuntimeError: of the first job that failed, when all others are done.
    """
    pending = [job for job in jobs if not job.done]
    count = len(pending)
    running: dict[Future, Job] = {}
    failures: list[RuntimeError] = []
    with ThreadPoolExecutor(workers) as pool:
        while pending or running:
            for job in _ready(pending, running)[: workers - len(running)]:
                say(f'[{count - len(pending) + 1}/{count}] {job.title}')
                pending.remove(job)
                running[pool.submit(job.run)] = job
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                job = running.pop(future)
                try:
                    future.result()
                except RuntimeError as error:
                    failures.append(error)
                    say(f'{job.title}: {error}')
                    pending = _without(pending, job)
    if failures:
        raise failures[0]


def _ready(pending: Sequence[Job], running: dict[Future, Job]) -> list[Job]:
    """Return the jobs that need nothing that is still to be made."""
    open_keys = {job.key for job in (*pending, *running.values())}
    return [job for job in pending if not open_keys.intersection(job.needs)]


def _without(pending: Sequence[Job], failed: Job) -> list[Job]:
    """Return the jobs that do not need the failed one, nor one that does."""
    lost = {failed.key}
    for job in pending:  # a job comes after those it needs
        if lost.intersection(job.needs):
            lost.add(job.key)
    return [job for job in pending if job.key not in lost]
