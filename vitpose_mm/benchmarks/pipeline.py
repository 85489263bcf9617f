"""What a training sample costs from its image file to packed tensors, next to MMPose's steps on the same files."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from ..datasets import MultiDataset, SeededIndex
from ..datasets.browse import spread
from ..datasets.seeding import SAMPLE, isolated_rng, mix_seed
from ..registry import DATASETS
from ..utils.configs import open_config
from .next_to_mmpose import OURS, THEIRS, report_times
from .report import Report
from .timing import Call, Stand

PLAIN = {'SafeLoadImage': 'LoadImage', 'BatchedUDPHeatmap': 'UDPHeatmap', 'ExactUDPHeatmap': 'UDPHeatmap'}


def benchmark_pipeline(stand: Stand, config: Path) -> Report:
    """Time the samples of a config's first training dataset, a batch of them a call; the files are in the page cache.

    Raises:
        ValueError: the dataset's files are not there.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    ours, theirs = build_both(config)
    indices = spread(len(ours), stand.batch)
    seeded = [SeededIndex(index, epoch=0, seed=0) for index in indices]
    different = sum(not same(ours[index], make_seeded(theirs, index)) for index in seeded)
    report = report_times(
        'Training pipeline',
        _InWorker(**vars(stand)),
        {THEIRS: lambda: [theirs[index] for index in indices], OURS: lambda: [ours[index] for index in seeded]},
        note=f'{config.stem}: from image file to packed tensors.',
        unit='sample',
    )
    cv2.setNumThreads(threads)
    report.notes.append(f'From the same seeds, {different} of {len(indices)} samples differ in any bit.')
    steps = {THEIRS: time_steps(theirs, indices), OURS: time_steps(ours.datasets[0], indices)}
    report.tables['Milliseconds by step'] = [
        {'': name, 'step': step, 'ms a sample': f'{1000 * seconds:.3f}'}
        for name, one in steps.items()
        for step, seconds in one.items()
    ]
    report.raw['steps'] = steps
    return report


class _InWorker(Stand):
    """Times calls in a worker of a DataLoader, where training makes its samples: samples are seeded otherwise there."""

    def time(self, calls: Mapping[str, Call]) -> dict[str, list[float]]:
        one: Any = [calls]
        time: Any = super().time
        seconds: dict[str, list[float]] = next(iter(DataLoader(one, batch_size=None, num_workers=1, collate_fn=time)))
        return seconds


def build_both(config: Path) -> tuple[MultiDataset, BaseDataset]:
    """Return the first training dataset of a config as it is, and with MMPose's own steps."""
    cfg = open_config(str(config))
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    whole = cfg.train_dataloader.dataset.to_dict()
    parts = whole['datasets']
    first = next(iter(parts.values())) if isinstance(parts, Mapping) else parts[0]
    first = {'pipeline': whole.get('pipeline'), **first}
    return MultiDataset([first]), DATASETS.build({**first, 'pipeline': as_mmpose(first['pipeline'])})


def as_mmpose(pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a pipeline's config with MMPose's classes for ours, and packed as MMPose's own configs do."""
    plain = []
    for step in pipeline:
        kind = _plain(step['type'])
        step = {'type': kind} if kind == 'PackPoseInputs' else {**step, 'type': kind}
        if 'encoder' in step:
            step['encoder'] = {**step['encoder'], 'type': _plain(step['encoder']['type'])}
        plain.append(step)
    return plain


def _plain(kind: str) -> str:
    name = kind.rpartition('.')[2]
    return PLAIN.get(name, kind)


def make_seeded(dataset: BaseDataset, index: SeededIndex) -> dict[str, Any]:
    """Return the sample of MMPose's dataset from the seed that ours takes for the index."""
    with isolated_rng(mix_seed(index.seed, SAMPLE, index.epoch, int(index), index.repeat)):
        sample: dict[str, Any] = dataset[int(index)]
    return sample


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two samples have the same image, target heatmaps and weights, bit for bit."""
    found, expected = one['data_samples'], other['data_samples']
    pairs = [
        (one['inputs'], other['inputs']),
        (found.gt_fields.heatmaps, expected.gt_fields.heatmaps),
        (found.gt_instance_labels.keypoint_weights, expected.gt_instance_labels.keypoint_weights),
    ]
    return all(a.equal(b) for a, b in pairs)


def time_steps(dataset: Any, indices: Sequence[int]) -> dict[str, float]:
    """Return the seconds of processor time that a sample spends in each step, the mean over samples."""
    seconds: dict[str, float] = defaultdict(float)
    for index in indices:
        start = time.process_time()
        results = {**dataset.get_data_info(index), 'dataset': dataset}
        seconds['labels'] += time.process_time() - start
        for step in dataset.pipeline.transforms:
            start = time.process_time()
            results = step(results)
            seconds[type(step).__name__] += time.process_time() - start
    return {name: spent / len(indices) for name, spent in seconds.items()}
