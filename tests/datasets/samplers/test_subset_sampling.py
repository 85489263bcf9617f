from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from vitpose_mm.datasets import SeededSampler
from vitpose_mm.datasets.samplers.subset_sampling import count_samples, draw_indices, subset_weights

SIZES = {'a': 20, 'b': 5}


class Two:
    """As much of a MultiDataset as the sampler looks at: 20 and 5 samples."""

    names = list(SIZES)
    datasets = [range(20), range(5)]

    def __len__(self) -> int:
        return 25


def epoch_of(sampler: SeededSampler, epoch: int) -> list[int]:
    sampler.set_epoch(epoch)
    return [int(index) for index in sampler]


def test_counts_are_the_nearest_with_the_right_sum() -> None:
    assert count_samples(25, [1, 1]) == [13, 12]
    assert count_samples(10, [1, 1, 1]) == [4, 3, 3]
    assert count_samples(100, [149813, 378352, 22246]) == [27, 69, 4]
    assert count_samples(7, [0.001, 1.0]) == [0, 7]
    assert count_samples(0, [1, 2]) == [0, 0]


def test_no_count_falls_when_the_sum_grows() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        weights = (rng.uniform(0.001, 1, rng.integers(1, 8)) ** 4).tolist()
        step, before = int(rng.integers(1, 40)), [0] * len(weights)
        for epoch in range(1, 30):
            counts = count_samples(epoch * step, weights)
            assert sum(counts) == epoch * step
            assert all(old <= new for old, new in zip(before, counts, strict=True))
            before = counts


@pytest.mark.parametrize(('share', 'expected'), [(1e-4, 20), (7e-4, 140), (0.123456, 24691), (0.5, 100000)])
def test_the_remainder_of_a_share_is_carried_over_the_epochs(share: float, expected: int) -> None:
    sizes, weights = [1990, 10], [1 - share, share]
    drawn = [sum(index >= 1990 for index in draw_indices(sizes, weights, seed=0, epoch=epoch)) for epoch in range(100)]
    assert sum(drawn) == expected
    assert max(drawn) - min(drawn) <= 1


def test_weights_of_a_temperature() -> None:
    assert subset_weights(SIZES, temperature=1) == [20, 5]
    assert subset_weights(SIZES, temperature=2) == pytest.approx([20**0.5, 5**0.5])
    flat = subset_weights(SIZES, temperature=1e9)
    assert flat[0] / flat[1] == pytest.approx(1, abs=1e-6)
    assert subset_weights(SIZES, ratios={'b': 3, 'a': 1}) == [1, 3]
    assert subset_weights({'0': 20, '1': 5}, ratios=[1, 3]) == [1, 3]


def test_the_default_is_one_permutation_of_all() -> None:
    """Bit for bit what it was before there were shares, by the formula that MMEngine has too."""
    for epoch in (0, 3):
        expected = torch.randperm(25, generator=torch.Generator().manual_seed(7 + epoch)).tolist()
        assert epoch_of(SeededSampler(Two(), seed=7), epoch) == expected


def test_an_epoch_has_the_length_of_the_whole_and_the_shares_asked_for() -> None:
    for settings, from_a in (
        ({'ratios': {'a': 1, 'b': 4}}, [5, 5, 5]),
        ({'ratios': {'b': 1, 'a': 1}}, [13, 12, 13]),
        ({'temperature': 2}, [17, 16, 17]),  # 16.67 an epoch
    ):
        sampler = SeededSampler(Two(), seed=0, **settings)
        assert len(sampler) == 25
        for epoch in range(3):
            order = epoch_of(sampler, epoch)
            assert len(order) == 25
            assert sum(index < 20 for index in order) == from_a[epoch], settings


def test_samples_of_a_subset_come_equally_often_but_for_one_time() -> None:
    sampler = SeededSampler(Two(), seed=3, ratios={'a': 1, 'b': 4})  # 5 of the 20, 20 of the 5
    counts: Counter = Counter()
    for epoch in range(7):
        counts.update(epoch_of(sampler, epoch))
        for part in (range(20), range(20, 25)):
            seen = [counts[index] for index in part]
            assert max(seen) - min(seen) <= 1
    assert sum(counts.values()) == 7 * 25
    first_four = [index for epoch in range(4) for index in epoch_of(sampler, epoch) if index < 20]
    assert sorted(first_four) == list(range(20))


def test_it_is_a_function_of_seed_and_epoch_and_mixes_the_subsets() -> None:
    orders = {(s, e): tuple(epoch_of(SeededSampler(Two(), seed=s, temperature=2), e)) for s in (0, 1) for e in (0, 1)}
    assert len(set(orders.values())) == 4
    for (seed, epoch), order in orders.items():
        assert tuple(epoch_of(SeededSampler(Two(), seed=seed, temperature=2), epoch)) == order
    positions = [position for position, index in enumerate(orders[0, 0]) if index >= 20]
    assert positions[0] < 12 < positions[-1] and len(positions) == 8  # not one block at an end
    assert sorted(draw_indices([3, 2], [1e-9, 1], seed=0, epoch=5)) in ([3, 3, 3, 4, 4], [3, 3, 4, 4, 4])
    assert draw_indices([3, 2], [1, 1], seed=0, epoch=5) == draw_indices([3, 2], [1, 1], seed=0, epoch=5)


def test_resume_goes_on_at_the_next_unseen_sample() -> None:
    sampler = SeededSampler(Two(), seed=1, ratios={'a': 1, 'b': 1})
    whole = epoch_of(sampler, 2)
    for start in (0, 8, 25):
        sampler.start = start
        assert [int(index) for index in sampler] == whole[start:]
        assert len(sampler) == 25


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'ratios': {'a': 1, 'b': 1}, 'temperature': 2}, 'give one of them'),
        ({'temperature': 0}, 'temperature=0: give a number above 0'),
        ({'ratios': {'a': 1}}, r"ratios for \['a'\]: give one for each of \['a', 'b'\]"),
        (
            {'ratios': [1, 2]},
            r"ratios=\[1, 2\] for the subsets \['a', 'b'\]: give one for each by name, as dict\(a=2",
        ),
        ({'temperature': '2'}, "temperature='2': give a number above 0"),
        ({'ratios': {'a': 1, 'b': 0}}, 'ratio 0 for b: give more than 0, or leave it out'),
        ({'ratios': {'a': 1, 'b': 1}, 'shuffle': False}, 'they need shuffle=True'),
    ],
)
def test_mistakes(settings: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SeededSampler(Two(), seed=0, **settings)
    with pytest.raises(ValueError, match=r'for a range, which has no subsets: use vitpose_mm\.MultiDataset'):
        SeededSampler(range(3), seed=0, temperature=2)
