"""Run requests of many clients in batches through two stages, each in a thread of its own, so that both overlap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from ..utils.counted import counted
from .errors import Busy

Job = TypeVar('Job')
Found = TypeVar('Found')
Result = TypeVar('Result')
Waiting = tuple[Any, 'asyncio.Future[Any]']  # what a stage takes of a job, and where its result goes
BATCHES_INSIDE = 3  # one collected, one in each stage


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
            raise Busy(f'The server has {counted(self.number, "request")} already: try again in a second.')
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Batcher(Generic[Job, Found, Result]):
    """Collects jobs of many tasks into lists, which go through ``first`` and then through ``second``, one at a time.

    While a list is in the second stage, the next one is in the first. A list begins with the first job that waits and
    is run when it has ``max_batch`` jobs, or ``max_wait`` seconds later. Jobs that arrive while the first stage is
    busy are the next list. A job whose task was cancelled is left out.

    Args:
        first: a list of jobs -> what was found for each; an Exception among them is raised in the task of its job.
        second: a list of pairs (job, what was found) -> the result of each, or likewise an Exception.
        max_batch: jobs at most in a list.
        max_wait: seconds.
    """

    def __init__(
        self,
        first: Callable[[Sequence[Job]], Sequence[Found | Exception]],
        second: Callable[[Sequence[tuple[Job, Found]]], Sequence[Result | Exception]],
        *,
        max_batch: int,
        max_wait: float,
    ) -> None:
        self.first, self.second = first, second
        self.max_batch, self.max_wait = max_batch, max_wait
        self.threads = [ThreadPoolExecutor(1, name) for name in ('detect', 'pose')]
        self.queue: asyncio.Queue[Waiting] = asyncio.Queue()
        self.second_is_free = asyncio.Semaphore(1)
        self.tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Batcher[Job, Found, Result]:
        self._start(self._run_first())
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for thread in self.threads:
            thread.shutdown(wait=True)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def submit(self, job: Job) -> Result:
        """Run a job in the next batch and return its result.

        Raises:
            Exception: what went wrong with the job, or with its batch.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.queue.put_nowait((job, future))
        return await future

    async def _run_first(self) -> None:
        while True:
            batch = [(job, future) for job, future in await self._collect() if not future.done()]
            found = await self._run(self.threads[0], self.first, batch)
            good = [((job, one), future) for (job, future), one in zip(batch, found, strict=True) if not future.done()]
            await self.second_is_free.acquire()
            self._start(self._run_second(good))

    async def _run_second(self, batch: list[Waiting]) -> None:
        try:
            batch = [(pair, future) for pair, future in batch if not future.done()]
            results = await self._run(self.threads[1], self.second, batch)
            for (_, future), result in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(result)
        finally:
            self.second_is_free.release()

    async def _run(self, thread: ThreadPoolExecutor, function: Any, batch: list[Waiting]) -> Sequence[Any]:
        """Run a stage on a batch; an Exception of a job, or of all, is given to its future."""
        if not batch:
            return []
        try:
            results = await asyncio.get_running_loop().run_in_executor(thread, function, [item for item, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Exception) and not future.done():
                future.set_exception(result)
        return results

    async def _collect(self) -> list[Waiting]:
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
