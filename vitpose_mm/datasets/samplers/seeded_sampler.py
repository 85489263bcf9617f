"""The order of the samples as a function of (seed, epoch), resumable at any sample."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sized

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from ...registry import DATA_SAMPLERS
from ..seeding import SeededIndex
from .subset_sampling import Ratios, draw_indices, subset_sizes, subset_weights


@DATA_SAMPLERS.register_module()
class SeededSampler(Sampler):
    """Yields the indices of this rank (:class:`SeededIndex`), in the order of mmengine's DefaultSampler.

    The order depends on seed and epoch alone, so a run with MMEngine's sampler and the same seed sees
    the same samples. ``start`` is the number of samples already consumed in this epoch, over all ranks; ``set_epoch``
    sets it to 0.

    By default every sample comes once per epoch, so that subsets come in proportion to their sizes. With ``ratios`` or
    ``temperature`` an epoch is as long, but small subsets come more often than once, and large ones come in parts
    over several epochs (see subset_sampling.py).

    Args:
        dataset: Anything with a length.
        seed: Seed of order and augmentation, the same on all ranks; None: drawn by rank 0 and shared.
        shuffle: Shuffle in every epoch, each time in another order.
        round_up: Repeat samples until all ranks have equally many.
        ratios: Weight of each subset of a MultiDataset, by name, or in order where they have none; only
            their proportions count.
        temperature: T > 0; weight of a subset is its size ** (1 / T).

    Raises:
        ValueError: If the dataset is empty, or ratios or temperature do not fit it.

    Example:
        >>> sampler = SeededSampler(range(4), seed=0, shuffle=False)
        >>> sampler.start = 3
        >>> list(sampler)
        [3]
    """

    def __init__(
        self,
        dataset: Sized,
        *,
        seed: int | None = None,
        shuffle: bool = True,
        round_up: bool = True,
        ratios: Ratios | None = None,
        temperature: float | None = None,
    ) -> None:
        if len(dataset) == 0:
            raise ValueError('SeededSampler got a dataset of length 0: check its annotation file and filters')
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.seed = sync_random_seed() if seed is None else int(seed)
        self.shuffle = shuffle
        self.round_up = round_up
        self.sizes: list[int] = []
        self.weights: list[float] | None = None  # of each subset; None: every sample once per epoch
        if ratios is not None or temperature is not None:
            self._set_weights(ratios, temperature)
        self.epoch = 0
        self.start = 0

    def _set_weights(self, ratios: Ratios | None, temperature: float | None) -> None:
        if not self.shuffle:
            raise ValueError('SeededSampler got ratios or a temperature with shuffle=False: they need shuffle=True')
        sizes = subset_sizes(self.dataset)
        self.weights = subset_weights(sizes, ratios=ratios, temperature=temperature)
        self.sizes = list(sizes.values())

    @property
    def total_size(self) -> int:
        """Samples of one epoch over all ranks."""
        if self.round_up:
            return math.ceil(len(self.dataset) / self.world_size) * self.world_size
        return len(self.dataset)

    def _order(self) -> list[int]:
        """Indices of one epoch over all ranks."""
        num = len(self.dataset)
        if not self.shuffle:
            order = list(range(num))
        else:
            generator = torch.Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = torch.randperm(num, generator=generator).tolist()
        if self.weights is not None:
            drawn = draw_indices(self.sizes, self.weights, seed=self.seed, epoch=self.epoch)
            order = [drawn[index] for index in order]
        return order

    def __iter__(self) -> Iterator[SeededIndex]:
        """Yield from ``start`` to the end of the epoch.

        With ``round_up``, the first samples of the epoch are repeated until the remaining ones divide among the ranks.
        """
        order = self._order()
        remaining = max(len(order) - self.start, 0)
        num_padding = -remaining % self.world_size if self.round_up else 0
        order += (order * math.ceil(num_padding / len(order)))[:num_padding]
        repeats = count_repeats(order) if self.weights or num_padding else [0] * len(order)
        for position in range(self.start + self.rank, len(order), self.world_size):
            yield SeededIndex(order[position], self.epoch, self.seed, repeats[position])

    def __len__(self) -> int:
        """Samples of a whole epoch on this rank, wherever it starts: the schedule counts whole epochs."""
        return math.ceil((self.total_size - self.rank) / self.world_size)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch and begin it at its first sample."""
        self.epoch = epoch
        self.start = 0


def count_repeats(order: list[int]) -> list[int]:
    """Return for each index how often it occurs earlier in the order."""
    drawn: Counter[int] = Counter()
    repeats = []
    for index in order:
        repeats.append(drawn[index])
        drawn[index] += 1
    return repeats
