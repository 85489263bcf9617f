"""Measure the seconds of calls in turns, so that a disturbance of the machine affects all of them alike.

On a GPU: CUDA events around the calls, and synchronisation. On a CPU: wall time, or the processor time of this
process, which leaves out the turns of other programs and is a fair clock for one thread only.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Call = Callable[[], Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Clock:
    """Times a number of calls in a row.

    Args:
        device: device of the calls.
        kind: 'events' (CUDA), 'wall' or 'process'.
    """

    device: torch.device
    kind: str

    @classmethod
    def of(cls, device: torch.device, threads: int) -> Clock:
        """Return the clock that suits a device and a number of threads."""
        if device.type == 'cuda':
            return cls(device, 'events')
        return cls(device, 'process' if threads == 1 else 'wall')

    def time(self, call: Call, iterations: int) -> float:
        """Return the seconds of a call, the mean of ``iterations`` in a row."""
        if self.kind == 'events':
            return self._time_events(call, iterations)
        start = self.now()
        for _ in range(iterations):
            call()
        return (self.now() - start) / iterations

    def now(self) -> float:
        """Return the seconds at this moment, once a GPU has done what it was given."""
        if self.kind == 'events':
            torch.cuda.synchronize(self.device)
        return time.process_time() if self.kind == 'process' else time.perf_counter()

    def _time_events(self, call: Call, iterations: int) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize(self.device)
        start.record()
        for _ in range(iterations):
            call()
        end.record()
        torch.cuda.synchronize(self.device)
        return start.elapsed_time(end) / 1000 / iterations


@dataclass(frozen=True)
class Protocol:
    """How often everything is called.

    Args:
        warmup: calls of each before anything is timed.
        iterations: timed calls of each in all.
        rounds: turns that the timed calls are spread over; each gives one figure.
    """

    warmup: int = 100
    iterations: int = 100
    rounds: int = 5

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.iterations < self.rounds:
            raise ValueError(
                f'{self.iterations} iterations cannot be spread over {self.rounds} rounds: '
                f'give at least one iteration a round.'
            )

    @property
    def chunk(self) -> int:
        """Timed calls a round."""
        return self.iterations // self.rounds


def time_in_turns(calls: Mapping[str, Call], clock: Clock, protocol: Protocol, say: Say) -> dict[str, list[float]]:
    """Return the seconds of a call in each round, by name; every other round goes through the calls backwards."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        say(f'warming up {name}')
        for _ in range(protocol.warmup):
            call()
    for turn in range(protocol.rounds):
        order = list(calls) if turn % 2 == 0 else list(calls)[::-1]
        for name in order:
            seconds[name].append(clock.time(calls[name], protocol.chunk))
        say(f'round {turn + 1} of {protocol.rounds} done')
    return seconds


@dataclass(frozen=True)
class Stand:
    """Where and how calls are timed.

    Args:
        device: where the calls run.
        clock: clock that times them.
        protocol: how often each is called.
        batch: number of crops a call.
        say: called with a line of progress.
    """

    device: torch.device
    clock: Clock
    protocol: Protocol
    batch: int
    say: Say

    def time(self, calls: Mapping[str, Call]) -> dict[str, list[float]]:
        """Return the seconds of a call in each round, by name."""
        return time_in_turns(calls, self.clock, self.protocol, self.say)

    def describe(self) -> str:
        """Return the sentence of a report that says how it was timed."""
        protocol = self.protocol
        return (
            f'{protocol.warmup} calls to warm up and {protocol.chunk * protocol.rounds} timed, in {protocol.rounds} '
            f'rounds in turns; clock: {self.clock.kind}.'
        )


def matmul_call(dtype: torch.dtype, device: torch.device, side: int) -> Callable[[], Tensor]:
    """Return a call that multiplies two square matrices of random normal numbers (side^3 multiply-accumulates)."""
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty(side, side, device=device, dtype=dtype)
    return lambda: torch.mm(left, right, out=out)


@dataclass(frozen=True)
class Spread:
    """Median, least and largest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return the spread of the rounds' values."""
        return cls(statistics.median(values), min(values), max(values))


def ratios(ours: list[float], theirs: list[float]) -> Spread:
    """Return how many times as fast ours was, round by round, from the seconds of each round."""
    return Spread.of([their / our for our, their in zip(ours, theirs, strict=True)])
