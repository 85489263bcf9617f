"""Stages that overlap: each runs in a thread of its own, behind a queue that bounds the memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

T = TypeVar('T')
Result = TypeVar('Result')

MAX_WAITING = 1  # items that wait between two stages
END = object()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of ``size`` items; the last may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def ahead(items: Iterable[T], depth: int = MAX_WAITING) -> Iterator[T]:
    """Yield items that a thread produces, at most ``depth`` items ahead of the consumer.

    An exception of the iterator is raised here, after the items before it. When the consumer stops, the thread
    ends and closes the iterator.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stopped = threading.Event()
    thread = threading.Thread(target=_produce, args=(items, waiting, stopped), daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is END:
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def _produce(items: Iterable[Any], waiting: queue.Queue, stopped: threading.Event) -> None:
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put((item, None), waiting, stopped):
                break
        else:
            _put((END, None), waiting, stopped)
    except BaseException as error:  # raised again where the items are consumed
        _put((END, error), waiting, stopped)
    finally:
        close = getattr(iterator, 'close', None)
        if close is not None:
            close()


def _put(entry: tuple[Any, BaseException | None], waiting: queue.Queue, stopped: threading.Event) -> bool:
    """Whether the entry went into the queue before the consumer stopped."""
    while not stopped.is_set():
        try:
            waiting.put(entry, timeout=0.1)
        except queue.Full:
            continue
        return True
    return False


def each_alone(function: Callable[[list[T]], list[Result]], items: list[T]) -> list[Result | Exception]:
    """Return the results of a batch; where it fails, the result or exception of each item, run by itself.

    So one image that a model fails on, or that leaves no memory for the others, does not end a run.
    """
    try:
        return [*function(items)]
    except Exception as error:
        if len(items) < 2:
            return [error for _ in items]
        return [result for item in items for result in each_alone(function, [item])]
