"""One or more pose datasets as one, each with its own skeleton, pipeline and images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, ConcatDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..registry import DATASETS
from .checks import build_checked, check_loaded
from .seeding import SAMPLE, SeededIndex, isolated_rng, mix_seed
from .unreadable import Unreadable, find_unreadable, note_unreadable


@DATASETS.register_module()
class MultiDataset(ConcatDataset):
    """Datasets -> their concatenation for training; a sample is a function of (seed, epoch, index).

    Every sub-dataset keeps its metainfo, flip pairs and half-body sets, which mmpose's CombinedDataset
    overwrites. A :class:`SeededIndex` seeds the augmentation, whatever the worker, and leaves the
    caller's random state alone; a plain int draws from it. A sample whose image cannot be read is
    replaced by another one of its sub-dataset, drawn from the same stream; the replacement carries the
    file's name for :class:`BadImageHook`. Sub-datasets with test_mode=True raise instead.

    Args:
        datasets: Configs or datasets; at least one.
        metainfo: Metainfo of the whole (for visualizer and checkpoint); None: the first dataset's.
        lazy_init: Do not load the annotations yet.
        max_replacements: Draws for one sample before its dataset counts as unreadable.

    Raises:
        ValueError: If a data_root, annotation file or image folder is missing, the annotations have
            another number of keypoints than the metainfo, or no usable person.

    Example:
        >>> dataset = MultiDataset([dict(type='CocoDataset', data_root='data/coco', ...)])
        >>> dataset[SeededIndex(0, epoch=3, seed=1)]
    """

    def __init__(
        self,
        datasets: Sequence[dict | BaseDataset],
        metainfo: dict | None = None,
        *,
        lazy_init: bool = False,
        max_replacements: int = 20,
    ) -> None:
        if not datasets:
            raise ValueError('MultiDataset got no datasets: list at least one config in datasets=[...]')
        built = [build_checked(dataset, where=f'datasets.{i}') for i, dataset in enumerate(datasets)]
        self.max_replacements = max_replacements
        self._own_metainfo = None if metainfo is None else parse_pose_metainfo(metainfo)
        # every key may differ between sub-datasets: that is the point
        keys = sorted({key for dataset in built for key in dataset.metainfo})
        super().__init__(built, lazy_init=lazy_init, ignore_keys=keys)

    @property
    def metainfo(self) -> dict:
        """Metainfo for runner, visualizer and checkpoint: the given one or the first dataset's."""
        return self.datasets[0].metainfo if self._own_metainfo is None else dict(self._own_metainfo)

    def full_init(self) -> None:
        """Load the annotations of all datasets and check them."""
        if self._fully_initialized:
            return
        for i, dataset in enumerate(self.datasets):
            check_loaded(dataset, where=f'datasets.{i}')
        super().full_init()

    def __getitem__(self, index: int) -> Any:
        """Index -> transformed sample; seeded where the index is a :class:`SeededIndex`."""
        if not isinstance(index, SeededIndex):
            return self._fetch(index)
        with isolated_rng(mix_seed(index.seed, SAMPLE, index.epoch, int(index))):
            return self._fetch(int(index))

    def _fetch(self, index: int) -> Any:
        which, local = self._get_ori_dataset_idx(index)
        dataset = self.datasets[which]
        unreadable: list[Unreadable] = []
        while len(unreadable) <= self.max_replacements:
            try:
                sample = dataset[local]
            except Exception as error:
                file = find_unreadable(error)
                if file is None or dataset.test_mode:
                    raise
                unreadable.append(file)
                local = np.random.randint(len(dataset))
            else:
                return note_unreadable(sample, unreadable) if unreadable else sample
        raise ValueError(
            f'datasets.{which}: {len(unreadable)} images drawn one after another cannot be read, the last is '
            f'{unreadable[-1]}; check data_root and data_prefix'
        )
