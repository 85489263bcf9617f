"""Stages in threads: order, bounds, errors and ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from vitpose_mm.inference.pipeline import ahead, each_alone


def counted(made: list[int], number: int = 100) -> Iterator[int]:
    for i in range(number):
        made.append(i)
        yield i


def wait_until(condition: object) -> None:
    end = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_items_come_in_order_and_at_most_some_ahead() -> None:
    made: list[int] = []
    items = ahead(counted(made), 2)
    assert next(items) == 0
    wait_until(lambda: len(made) >= 4)
    time.sleep(0.3)
    assert len(made) == 4  # one taken, two in the queue, one in hand
    assert list(items) == list(range(1, 100))


def test_what_the_source_raises_comes_after_its_items() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise KeyError('gone')

    items = ahead(fail())
    assert next(items) == 1
    with pytest.raises(KeyError, match='gone'):
        next(items)


def test_a_consumer_that_stops_ends_every_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    items = ahead(x + 1 for x in ahead(endless()))
    assert next(items) == 2
    items.close()  # type: ignore[attr-defined]
    wait_until(closed.is_set)
    wait_until(lambda: threading.active_count() == before)


def test_one_that_fails_fails_alone() -> None:
    calls: list[list[int]] = []

    def invert(items: list[int]) -> list[float]:
        calls.append(items)
        return [1 / item for item in items]

    found = each_alone(invert, [1, 0, 2])
    assert [type(one) for one in found] == [float, ZeroDivisionError, float]
    assert calls == [[1, 0, 2], [1], [0], [2]]
    assert each_alone(invert, [4]) == [0.25]
