from __future__ import annotations

import pickle
import random

import numpy as np
import pytest
import torch

from vitpose_mm.datasets.seeding import SAMPLE, STEP, SeededIndex, isolated_rng, mix_seed


def _draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_seeded_index_is_an_int_that_keeps_epoch_and_seed_when_pickled() -> None:
    index = pickle.loads(pickle.dumps(SeededIndex(7, epoch=2, seed=5)))
    assert (index, index.epoch, index.seed) == (7, 2, 5)
    assert [10, 11, 12][SeededIndex(1, epoch=9, seed=9)] == 11
    assert hash(index) == hash(7)
    assert type(index + 1) is int


def test_mixed_seeds_differ_in_each_number() -> None:
    seeds = {
        mix_seed(seed, use, first, second)
        for seed in (0, 1, 2**31)
        for use in (SAMPLE, STEP)
        for first in range(10)
        for second in range(50)
    }
    assert len(seeds) == 3 * 2 * 10 * 50
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert mix_seed(3, SAMPLE, 1, 4) == mix_seed(3, SAMPLE, 1, 4)


def test_isolated_rng_draws_from_its_seed_and_gives_the_state_back() -> None:
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = [_draw(), _draw()]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    first = _draw()
    with isolated_rng(5):
        inside = _draw()
    with pytest.raises(KeyError), isolated_rng(5):
        assert _draw() == inside
        raise KeyError
    assert [first, _draw()] == expected
    assert inside not in expected
