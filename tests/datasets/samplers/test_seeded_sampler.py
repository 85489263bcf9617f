from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from mmengine.dataset import DefaultSampler

from tests.helpers.processes import run_processes
from vitpose_mm.datasets import SeededIndex, SeededSampler
from vitpose_mm.datasets.seeding import SAMPLE, mix_seed
from vitpose_mm.registry import DATA_SAMPLERS


def read_epoch(*, start: int, round_up: bool) -> list[tuple[int, int, int]]:
    """What this process sees of epoch 1 of 11 samples; all of it is compared with MMEngine's sampler."""
    sampler = SeededSampler(range(11), seed=3, round_up=round_up)
    host = DefaultSampler(range(11), seed=3, round_up=round_up)
    sampler.set_epoch(1)
    host.set_epoch(1)
    assert list(sampler) == list(host)
    assert len(sampler) == len(host) == len(list(host))
    sampler.start = start
    return [(int(index), index.epoch, index.seed) for index in sampler]


class Two:
    """As much of a MultiDataset as the sampler looks at: 4 and 7 samples."""

    names = ['a', 'b']
    datasets = [range(4), range(7)]

    def __len__(self) -> int:
        return 11


def read_shares() -> list[int]:
    """What this process sees of epoch 1 where the first subset, a third of the samples, gives two of three."""
    sampler = SeededSampler(Two(), seed=2, ratios={'a': 2, 'b': 1})
    sampler.set_epoch(1)
    return [int(index) for index in sampler]


def read_all() -> dict:
    """Whole and rest of an epoch with and without round_up, the order without a given seed, and with ratios."""
    cases = [(start, round_up) for start in (0, 4) for round_up in (False, True)]
    epochs = {(start, round_up): read_epoch(start=start, round_up=round_up) for start, round_up in cases}
    return {**epochs, 'no seed': [int(index) for index in SeededSampler(range(8))], 'shares': read_shares()}


def test_order_is_the_hosts_and_depends_on_seed_and_epoch() -> None:
    orders = {}
    for seed in (0, 10):
        for epoch in (0, 1):
            sampler, host = SeededSampler(range(50), seed=seed), DefaultSampler(range(50), seed=seed)
            sampler.set_epoch(epoch)
            host.set_epoch(epoch)
            assert list(sampler) == list(host)
            assert list(sampler) == list(sampler)
            orders[seed, epoch] = tuple(sampler)
    assert len(set(orders.values())) == 4
    assert sorted(orders[0, 0]) == list(range(50))


def test_indices_carry_epoch_and_seed() -> None:
    sampler = SeededSampler(range(3), seed=4, shuffle=False)
    sampler.set_epoch(6)
    indices = list(sampler)
    assert all(isinstance(index, SeededIndex) for index in indices)
    assert [(int(i), i.epoch, i.seed) for i in indices] == [(0, 6, 4), (1, 6, 4), (2, 6, 4)]


def test_start_continues_at_the_next_unseen_sample_and_ends_with_the_epoch() -> None:
    sampler = SeededSampler(range(10), seed=1)
    whole = list(sampler)
    for start in (0, 1, 7, 10):
        sampler.start = start
        assert list(sampler) == whole[start:]
        assert len(sampler) == 10
    sampler.set_epoch(1)
    assert sampler.start == 0
    assert len(list(sampler)) == 10


def read_ranks(start: int, world_size: int, **settings: Any) -> list[list[SeededIndex]]:
    """What each of several processes sees of the rest of an epoch of 15 samples that begins at ``start``."""
    ranks = []
    for rank in range(world_size):
        sampler = SeededSampler(range(15), seed=3, **settings)
        sampler.rank, sampler.world_size, sampler.start = rank, world_size, start
        ranks.append(list(sampler))
    return ranks


@pytest.mark.parametrize('world_size', [1, 2, 3, 4, 8])
def test_any_number_of_processes_goes_on_exactly_at_any_sample(world_size: int) -> None:
    whole = list(SeededSampler(range(15), seed=3))
    for start in range(17):
        ranks = read_ranks(start, world_size, round_up=False)
        rest = [ranks[i % world_size][i // world_size] for i in range(sum(map(len, ranks)))]
        assert rest == whole[start:]
        filled = read_ranks(start, world_size)
        assert len({len(rank) for rank in filled}) == 1
        added = [filled[i % world_size][i // world_size] for i in range(len(rest), len(filled[0]) * world_size)]
        assert added == whole[: len(added)] and len(added) < world_size
        assert {index.repeat for index in added} <= {1}
        assert [index.repeat for index in rest] == [0] * len(rest)


@pytest.mark.slow
def test_two_processes_share_an_epoch_and_the_rest_of_one() -> None:
    first, second = run_processes(read_all)
    one = read_shares()
    assert first['shares'] == one[0::2]
    assert second['shares'] == [*one[1::2], one[0]]  # rounded up with the first sample
    assert sorted(first['no seed'] + second['no seed']) == list(range(8))
    for round_up in (False, True):
        whole = [process[0, round_up] for process in (first, second)]
        rest = [process[4, round_up] for process in (first, second)]
        assert [len(part) for part in whole] == ([6, 6] if round_up else [6, 5])
        assert rest == [part[2:] for part in whole]
        counts = Counter(index for part in whole for index, _, _ in part)
        assert set(counts) == set(range(11))
        assert sum(counts.values()) == (12 if round_up else 11)


def test_an_empty_dataset_is_refused_and_the_name_is_registered() -> None:
    with pytest.raises(ValueError, match='length 0'):
        SeededSampler([])
    built = DATA_SAMPLERS.build({'type': 'vitpose_mm.SeededSampler', 'dataset': range(3), 'seed': 0})
    assert isinstance(built, SeededSampler)


def test_a_sample_that_comes_again_comes_with_another_augmentation() -> None:
    sampler = SeededSampler(Two(), seed=2, ratios={'a': 2, 'b': 1})
    repeats: dict[int, list[int]] = {}
    for index in sampler:
        repeats.setdefault(int(index), []).append(index.repeat)
    assert max(map(len, repeats.values())) > 1
    assert all(found == list(range(len(found))) for found in repeats.values())
    assert {index.repeat for index in SeededSampler(range(11), seed=2)} == {0}
    seeds = {mix_seed(0, SAMPLE, 3, 7, repeat) for repeat in range(4)}
    assert len(seeds) == 4 and mix_seed(0, SAMPLE, 3, 7) in seeds
