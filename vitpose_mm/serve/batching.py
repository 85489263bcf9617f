"""Run requests of many clients in batches, one after the other, through the models in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from .errors import Busy

Job = TypeVar('Job')
Result = TypeVar('Result')


class Slots:
    """The requests that may be inside at once, which bounds what their bodies and answers take."""

    def __init__(self, number: int) -> None:
        self.number, self.taken = number, 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold one slot.

        Raises:
            Busy: there is none.
        """
        if self.taken >= self.number:
            raise Busy(f'{self.number} requests are being worked on or wait: try again in a second.')
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Batcher(Generic[Job, Result]):
    """Collects jobs of many tasks into lists of jobs for ``run``, a batch at a time.

    A batch begins with the first job that waits and is run when it has ``max_batch`` jobs, or ``max_wait`` seconds
    later. Jobs that arrive while a batch runs are the next one. A job whose task was cancelled is left out.

    Args:
        run: a list of jobs -> as many results; an Exception among them is raised in the task of its job.
        max_batch: jobs at most in a batch.
        max_wait: seconds.
    """

    def __init__(
        self, run: Callable[[Sequence[Job]], Sequence[Result | Exception]], *, max_batch: int, max_wait: float
    ) -> None:
        self.run, self.max_batch, self.max_wait = run, max_batch, max_wait
        self.thread = ThreadPoolExecutor(1, 'models')
        self.queue: asyncio.Queue[tuple[Job, asyncio.Future[Result]]] = asyncio.Queue()
        self.loop_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Batcher[Job, Result]:
        self.loop_task = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.loop_task:
            self.loop_task.cancel()
            await asyncio.gather(self.loop_task, return_exceptions=True)
        self.thread.shutdown(wait=True)

    async def submit(self, job: Job) -> Result:
        """Job -> its result, when its batch is done.

        Raises:
            Exception: what went wrong with the job, or with its batch.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((job, future))
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [(job, future) for job, future in await self._collect() if not future.done()]
            if not batch:
                continue
            jobs = [job for job, _ in batch]
            try:
                results = await loop.run_in_executor(self.thread, self.run, jobs)
            except Exception as error:
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():  # cancelled meanwhile
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)

    async def _collect(self) -> list[tuple[Job, asyncio.Future[Result]]]:
        """Wait for a first job and for those that come soon after it."""
        batch = [await self.queue.get()]
        deadline = asyncio.get_running_loop().time() + self.max_wait
        while len(batch) < self.max_batch:
            try:
                async with asyncio.timeout_at(deadline):
                    batch.append(await self.queue.get())
            except TimeoutError:
                break
        while len(batch) < self.max_batch and not self.queue.empty():
            batch.append(self.queue.get_nowait())
        return batch
