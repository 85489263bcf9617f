"""Clocks, turns and ratios."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from vitpose_mm.benchmarks import timing
from vitpose_mm.benchmarks.timing import Clock, Protocol, Spread, matmul_call, ratios, time_in_turns

CPU = torch.device('cpu')


def test_wall_clock_counts_waiting_and_the_processor_clock_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, process = iter([1.0, 5.0]), iter([1.0, 2.0])
    clocks = SimpleNamespace(perf_counter=lambda: next(wall), process_time=lambda: next(process))
    monkeypatch.setattr(timing, 'time', clocks)
    calls: list[int] = []
    assert Clock(CPU, 'wall').time(lambda: calls.append(1), 2) == 2.0
    assert Clock(CPU, 'process').time(lambda: calls.append(1), 2) == 0.5
    assert len(calls) == 4


def test_the_clock_follows_device_and_threads() -> None:
    kinds = [Clock.of(torch.device('cuda'), 1).kind, Clock.of(CPU, 1).kind, Clock.of(CPU, 8).kind]
    assert kinds == ['events', 'process', 'wall']


def test_turns_alternate_and_every_call_is_made_as_often() -> None:
    calls: list[str] = []
    seconds = time_in_turns(
        {name: lambda name=name: calls.append(name) for name in 'ab'},
        Clock(CPU, 'wall'),
        Protocol(warmup=1, iterations=5, rounds=2),
        lambda text: None,
    )
    assert ''.join(calls) == 'ab' + 'aabb' + 'bbaa'
    assert [len(rounds) for rounds in seconds.values()] == [2, 2]


def test_rounds_without_a_call_are_refused() -> None:
    with pytest.raises(ValueError, match='3 iterations cannot be spread over 5 rounds'):
        Protocol(iterations=3, rounds=5)


def test_ratio_is_how_many_times_as_fast_in_the_same_round() -> None:
    assert ratios([1.0, 2.0, 4.0], [2.0, 2.0, 2.0]) == Spread(1.0, 0.5, 2.0)


def test_product_is_of_the_type_that_is_asked_for() -> None:
    product = matmul_call(torch.bfloat16, CPU, 8)()
    assert product.dtype is torch.bfloat16
    assert product.shape == (8, 8)
