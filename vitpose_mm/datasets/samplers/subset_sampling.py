"""How many samples of each subset an epoch has, and which ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

from ..seeding import ORDER, mix_seed

Ratios = Mapping[str, float] | Sequence[float]


def subset_weights(
    sizes: Mapping[str, int], *, ratios: Ratios | None = None, temperature: float | None = None
) -> list[float]:
    """Return the weight of each subset in an epoch, from the sizes of the subsets by name.

    Args:
        sizes: samples of each subset.
        ratios: weights by name, or in order where the subsets have none; only their proportions count.
        temperature: T > 0, weights are size ** (1 / T): 1 is by size, a large T makes all subsets equal.

    Raises:
        ValueError: both or neither of ratios and temperature are given, or a ratio is missing, not positive or for an
            unknown subset.
    """
    if (ratios is None) == (temperature is None):
        raise ValueError(f'SeededSampler got ratios={ratios} and temperature={temperature}: give one of them')
    if ratios is None:
        if not isinstance(temperature, int | float) or not temperature > 0:
            raise ValueError(f'SeededSampler got temperature={temperature!r}: give a number above 0')
        return [size ** (1 / temperature) for size in sizes.values()]
    if not isinstance(ratios, Mapping):
        if list(sizes) != [str(index) for index in range(len(ratios))]:
            raise ValueError(
                f'SeededSampler got ratios={list(ratios)} for the subsets {list(sizes)}: give one for each by name, as '
                f'dict({next(iter(sizes))}=2, ...), or without names one for each in order'
            )
        ratios = dict(zip(sizes, ratios, strict=True))
    if set(ratios) != set(sizes):
        raise ValueError(f'SeededSampler got ratios for {list(ratios)}: give one for each of {list(sizes)}')
    bad = [name for name, ratio in ratios.items() if not ratio > 0]
    if bad:
        raise ValueError(f'SeededSampler got ratio {ratios[bad[0]]} for {bad[0]}: give more than 0, or leave it out')
    return [ratios[name] for name in sizes]


def count_samples(total: int, weights: Sequence[float]) -> list[int]:
    """Return the number of samples of each subset among the first ``total`` samples of training.

    Webster's (Sainte-Lague's) method: every share is rounded to the nearest integer, and the rounding is adjusted until
    the counts add up to ``total``. No count falls when ``total`` grows, so that the counts of an epoch are the
    difference between those at its end and at its start. A subset with a share of less than a sample per epoch has
    one every few epochs.
    """
    whole = math.fsum(weights)
    counts = [math.floor(total * weight / whole + 0.5) for weight in weights]
    subsets = range(len(weights))
    while sum(counts) < total:
        counts[max(subsets, key=lambda k: (weights[k] / (counts[k] + 0.5), -k))] += 1
    while sum(counts) > total:
        counts[min((k for k in subsets if counts[k]), key=lambda k: (weights[k] / (counts[k] - 0.5), -k))] -= 1
    return counts


def draw_indices(sizes: Sequence[int], weights: Sequence[float], *, seed: int, epoch: int) -> list[int]:
    """Draw the indices of an epoch, as many as the concatenated dataset has samples, subset by subset.

    A subset's samples come from an endless sequence of its permutations, and every epoch continues
    where the last one ended: how often two samples were drawn differs by one at most. A function of (seed, epoch).
    """
    chosen: list[int] = []
    offset, total = 0, sum(sizes)
    bounds = zip(count_samples(epoch * total, weights), count_samples((epoch + 1) * total, weights), strict=True)
    for subset, (size, (start, end)) in enumerate(zip(sizes, bounds, strict=True)):
        for repeat in range(start // size, math.ceil(end / size)):
            order = _permutation(size, mix_seed(seed, ORDER, subset, repeat))
            part = order[max(start - repeat * size, 0) : min(end - repeat * size, size)]
            chosen += [offset + index for index in part]
        offset += size
    return chosen


def _permutation(size: int, seed: int) -> list[int]:
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed)).tolist()


def subset_sizes(dataset: object) -> dict[str, int]:
    """Return the samples of each subset of a dataset by name.

    Raises:
        ValueError: it has no subsets.
    """
    names, parts = getattr(dataset, 'names', None), getattr(dataset, 'datasets', None)
    if names is None or parts is None:
        raise ValueError(
            f'SeededSampler got ratios or a temperature for a {type(dataset).__name__}, which has no subsets: '
            f'use vitpose_mm.MultiDataset'
        )
    return {name: len(part) for name, part in zip(names, parts, strict=True)}
