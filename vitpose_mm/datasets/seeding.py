"""Randomness as a function of numbers: (seed, epoch, index) for a sample, (seed, rank, iteration) for a step.

An index carries its epoch and seed to the workers of a data loader, which are seeded once, when they start;
persistent ones are not told when an epoch begins.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import get_worker_info

# uses of a mixed seed: the same numbers give another stream of random numbers for each use
SAMPLE, STEP, ORDER = 1, 2, 3


class SeededIndex(int):
    """An index that knows its epoch, seed and repeat; everywhere else it is just an int.

    Attributes:
        epoch: Epoch that the index is drawn for.
        seed: Seed of the run.
        repeat: How often the epoch has drawn the index before.

    Example:
        >>> index = SeededIndex(7, epoch=2, seed=0)
        >>> index + 1, index.epoch
        (8, 2)
    """

    epoch: int
    seed: int
    repeat: int

    def __new__(cls, index: int, epoch: int = 0, seed: int = 0, repeat: int = 0) -> SeededIndex:
        self = super().__new__(cls, index)
        self.epoch = int(epoch)
        self.seed = int(seed)
        self.repeat = int(repeat)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (int(self), self.epoch, self.seed, self.repeat)


def mix_seed(seed: int, use: int, first: int, second: int, repeat: int = 0) -> int:
    """Mix a seed, a use (SAMPLE, STEP, ORDER) and numbers into a seed in [0, 2**32): near inputs, unrelated seeds."""
    numbers = (seed, use, first, second, *((repeat,) if repeat else ()))
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


@contextmanager
def isolated_rng(seed: int) -> Iterator[None]:
    """Run a block on freshly seeded python, numpy and torch (CPU) generators, then put the old states back.

    A worker's state is not shared and is not put back, which saves 0.2 ms a sample. CUDA's generators
    are left alone: a worker has none, and in the main process they are the model's. Libraries with
    generators of their own (new albumentations) are not reached.
    """
    if get_worker_info() is not None:
        _seed_cpu(seed)
        yield
        return
    python_state, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    _seed_cpu(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)


def _seed_cpu(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
