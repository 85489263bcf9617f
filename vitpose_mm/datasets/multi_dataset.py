"""One or more pose datasets as one, each with its own skeleton, pipeline and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, ConcatDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..checks.dataset_files import build_checked, check_loaded
from ..registry import DATASETS
from .corrupt_images import CorruptImage, find_corrupt_image, record_corrupt_images, set_metainfo
from .seeding import SAMPLE, SeededIndex, isolated_rng, mix_seed
from .transforms.fast_steps import use_fast_steps
from .transforms.skeleton_converter import check_mapping, convert_skeletons

# metainfo key of the name of the subset that a sample is from
SUBSET_KEY = 'subset'
MAX_REPLACEMENTS = 20  # draws for one sample before its dataset counts as corrupt


@DATASETS.register_module()
class MultiDataset(ConcatDataset):
    """The concatenation of datasets; a training sample is a function of (seed, epoch, index, repeat).

    Every sub-dataset keeps its metainfo, flip pairs and half-body sets, which mmpose's CombinedDataset
    overwrites; with a KeypointConverter in its pipeline they follow from the mapping. A :class:`SeededIndex` seeds the
    augmentation, whatever the worker, and leaves the caller's random state alone; a plain int draws from it. A
    sample whose image cannot be read is replaced by another one of its sub-dataset, drawn from the same stream; the
    replacement carries the file's name for :class:`BadImageHook`. Sub-datasets with test_mode=True raise instead.

    Subsets that are given by name are told apart in evaluation, where one dataset may be listed twice (OCHuman val
    and test, true and detected boxes): a sample's metainfo has the name as ``subset``, and ``metainfo['subsets']``
    has the metainfo of each for :class:`SubsetMetric`.

    Named subsets come in the order of their names: a config that MMEngine has dumped has its keys sorted, and the
    same seed has to give the same samples.

    Args:
        datasets: Configs or datasets, in a list or by name; at least one.
        pipeline: Pipeline of the configs that have none of their own; MMPose's inferencers take it too.
        metainfo: Metainfo of the whole (for visualizer and checkpoint); None: the first dataset's (by name, where they
            are named).
        lazy_init: Do not load the annotations yet.

    Raises:
        ValueError: If a data_root, annotation file or image folder is missing, the annotations have
            another number of keypoints than the metainfo, or no usable person, or a KeypointConverter maps half of a
            mirror pair.

    Example:
        >>> dataset = MultiDataset([dict(type='CocoDataset', data_root='data/coco', ...)])
        >>> dataset[SeededIndex(0, epoch=3, seed=1)]
    """

    def __init__(
        self,
        datasets: Sequence[dict | BaseDataset] | Mapping[str, dict | BaseDataset],
        metainfo: dict | None = None,
        *,
        pipeline: Sequence[dict] | None = None,
        lazy_init: bool = False,
    ) -> None:
        if not datasets:
            raise ValueError('MultiDataset got no datasets: list at least one config in datasets=[...]')
        self.named = isinstance(datasets, Mapping)
        parts = (
            dict(sorted(datasets.items()))
            if isinstance(datasets, Mapping)
            else {str(i): one for i, one in enumerate(datasets)}
        )
        self.names = list(parts)
        built = [
            build_converted(give_pipeline(dataset, pipeline), where=f'datasets.{name}')
            for name, dataset in parts.items()
        ]
        self._own_metainfo = None if metainfo is None else parse_pose_metainfo(metainfo)
        # every key may differ between sub-datasets: that is the point
        keys = sorted({key for dataset in built for key in dataset.metainfo})
        super().__init__(built, lazy_init=lazy_init, ignore_keys=keys)

    @property
    def metainfo(self) -> dict:
        """Metainfo for runner, visualizer and checkpoint: the given one or the first dataset's."""
        whole = self.datasets[0].metainfo if self._own_metainfo is None else dict(self._own_metainfo)
        if self.named:
            whole['subsets'] = {name: dataset.metainfo for name, dataset in zip(self.names, self.datasets, strict=True)}
        return whole

    def full_init(self) -> None:
        """Load the annotations of all datasets and check them."""
        if self._fully_initialized:
            return
        for name, dataset in zip(self.names, self.datasets, strict=True):
            check_loaded(dataset, where=f'datasets.{name}')
        super().full_init()

    def __getitem__(self, index: int) -> Any:
        """Return the transformed sample of an index; seeded where the index is a :class:`SeededIndex`."""
        if not isinstance(index, SeededIndex):
            return self._fetch(index)
        with isolated_rng(mix_seed(index.seed, SAMPLE, index.epoch, int(index), index.repeat)):
            return self._fetch(int(index))

    def _fetch(self, index: int) -> Any:
        which, local = self._get_ori_dataset_idx(index)
        dataset = self.datasets[which]
        unreadable: list[CorruptImage] = []
        while len(unreadable) <= MAX_REPLACEMENTS:
            try:
                sample = dataset[local]
            except Exception as error:
                file = find_corrupt_image(error)
                if file is None or dataset.test_mode:
                    raise
                unreadable.append(file)
                local = np.random.randint(len(dataset))
            else:
                if self.named:
                    set_metainfo(sample, SUBSET_KEY, self.names[which])
                return record_corrupt_images(sample, unreadable) if unreadable else sample
        raise ValueError(
            f'datasets.{self.names[which]}: {len(unreadable)} images drawn one after another cannot be read, the last '
            f'is {unreadable[-1]}; check data_root and data_prefix'
        )


def build_converted(dataset: dict | BaseDataset, *, where: str) -> BaseDataset:
    """Build a dataset; a KeypointConverter in its pipeline maps the skeleton too, and steps take their faster class."""
    if not isinstance(dataset, Mapping):
        return build_checked(dataset, where=where)
    pipeline = dataset.get('pipeline') or []
    built = build_checked({**dataset, 'pipeline': use_fast_steps(convert_skeletons(pipeline))}, where=where)
    check_mapping(pipeline, built.metainfo, where=where)
    return built


def give_pipeline(dataset: dict | BaseDataset, pipeline: Sequence[dict] | None) -> dict | BaseDataset:
    """Return a dataset's config with this pipeline where it has none of its own."""
    if pipeline is None or not isinstance(dataset, Mapping) or 'pipeline' in dataset:
        return dataset
    return {**dataset, 'pipeline': list(pipeline)}
