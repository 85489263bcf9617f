"""Jobs, some at a time, each as soon as what it needs is there; those that are done are not run again."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from ..utils.steps import Say
from .call import end_with_parent


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        title: its name for the user.
        key: what it makes.
        needs: keys of the jobs that have to be done before.
        files: the files that are there when it is done.
        run: function that does it.
        is_current: whether the files are the ones wanted, where they are there.
    """

    title: str
    key: Path
    needs: tuple[Path, ...]
    files: tuple[Path, ...]
    run: Callable[[], object]
    is_current: Callable[[], bool] = lambda: True

    @property
    def done(self) -> bool:
        """Whether an earlier start has done it."""
        return all(file.exists() for file in self.files) and self.is_current()


@dataclass(frozen=True)
class Running:
    """A job and the process that does it; `failure` has a message where it failed."""

    job: Job
    process: BaseProcess
    failure: Connection

    @classmethod
    def start(cls, job: Job) -> Running:
        """Start a job in a process of its own."""
        context = multiprocessing.get_context('fork')
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_do, args=(job, sender))
        process.start()
        sender.close()
        return cls(job, process, receiver)

    def end(self) -> str | None:
        """Wait for the end and return why it failed; None where it did not."""
        self.process.join()
        with contextlib.suppress(EOFError):
            return str(self.failure.recv())
        code = self.process.exitcode
        return f'{self.job.title} ended with code {code}' if code else None


def _do(job: Job, failure: Connection) -> None:
    """Do a job in this process, which has one thread: a tool that it has started gets one signal when it ends.

    Ctrl-C is for the tool; this process waits until that has saved what it has.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL)
    try:
        job.run()
    except (RuntimeError, ValueError, OSError) as error:
        failure.send(str(error))


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep others that lock a folder out of it until the end of this block, or of this process.

    Raises:
        ValueError: another process has locked it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / '.lock').open('a') as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, forked processes do not have it
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):  # not: a file system without locks
                raise ValueError(f'Another process runs studies in {folder}: wait for its end.') from None
        yield


def run_jobs(jobs: Sequence[Job], *, workers: int, say: Say) -> None:
    """Run jobs in order, so many at a time. Where one fails the others go on, but for those that need it.

    Raises:
        RuntimeError: of the first job that failed, when all others are done.
    """
    pending = [job for job in jobs if not job.done]
    total = len(pending)
    started = 0
    running: list[Running] = []
    failures: list[str] = []
    try:
        while pending or running:
            for job in _ready(pending, running)[: workers - len(running)]:
                started += 1
                say(f'[{started}/{total}] {job.title}')
                pending.remove(job)
                running.append(Running.start(job))
            wait([each.process.sentinel for each in running])
            for each in [each for each in running if not each.process.is_alive()]:
                running.remove(each)
                failure = each.end()
                if failure is not None:
                    failures.append(failure)
                    say(f'{each.job.title}: {failure}')
                    pending = _without(pending, each.job)
    finally:
        for each in running:  # after Ctrl-C
            each.process.join()
    if failures:
        raise RuntimeError(failures[0])


def _ready(pending: Sequence[Job], running: Sequence[Running]) -> list[Job]:
    """Return the jobs that need nothing that is still to be made."""
    open_keys = {job.key for job in (*pending, *(each.job for each in running))}
    return [job for job in pending if not open_keys.intersection(job.needs)]


def _without(pending: Sequence[Job], failed: Job) -> list[Job]:
    """Return the jobs that do not need the failed one, nor one that does."""
    lost = {failed.key}
    for job in pending:  # a job comes after those it needs
        if lost.intersection(job.needs):
            lost.add(job.key)
    return [job for job in pending if job.key not in lost]
