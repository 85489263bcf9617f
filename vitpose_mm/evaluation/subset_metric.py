"""One metric for a test set of several parts: each part is scored by its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from ..datasets.multi_dataset import SUBSET_KEY
from ..registry import METRICS

Metrics = Mapping[str, dict | BaseMetric | Sequence[dict | BaseMetric]]


# Of one sample: its subset, and the results of each of that subset's metrics. MMEngine makes any tuple a plain one.
Scored = tuple[str, list[list[Any]]]


@METRICS.register_module()
class SubsetMetric(BaseMetric):
    """Scores a MultiDataset with named subsets: {'<subset>/<metric>': value}, and one table in the log.

    It is a metric and not an evaluator, so that it works beside DumpResults in a list, in every tool.
    Every sample goes to the metrics of the subset in its metainfo; its results stay with it until those of all
    processes are gathered in the order of the whole test set, so that MMEngine drops padded ones as usual.

    Args:
        subsets: config of a metric, or a list of them, by name of the subset (a key `metrics` would make it an
            evaluator for MMEngine). The subset's name takes the place of a metric's default prefix; one given in
            its config stays.
        collect_device: 'cpu' or 'gpu'.

    Raises:
        ValueError: the subsets of the test set and those given here differ, or two metrics have the same name.

    Example:
        >>> SubsetMetric(subsets=dict(coco=dict(type='CocoMetric', ann_file=...), mpii=dict(type='MpiiPCKAccuracy')))
    """

    default_prefix = 'subset'  # MMEngine warns where a metric has none

    def __init__(self, subsets: Metrics, *, collect_device: str = 'cpu') -> None:
        super().__init__(collect_device=collect_device)
        self.prefix = None
        self.metrics = {name: build_metrics(given) for name, given in subsets.items()}

    @property
    def dataset_meta(self) -> dict | None:
        """Metainfo of the whole test set."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        """Hand each subset's metainfo to its metrics."""
        self._dataset_meta = dataset_meta
        subsets = dataset_meta.get('subsets', {})
        if set(subsets) != set(self.metrics):
            raise ValueError(
                f'SubsetMetric scores {sorted(self.metrics)} and the test set has the subsets {sorted(subsets)}: give '
                f'both the same names (subsets=dict(NAME=...), vitpose_mm.MultiDataset datasets=dict(NAME=...))'
            )
        for name, metrics in self.metrics.items():
            for metric in metrics:
                metric.dataset_meta = deepcopy(subsets[name])  # a metric may write into it

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score each sample by the metrics of its subset.

        Raises:
            ValueError: a sample has no subset, or one without a metric.
        """
        for sample in data_samples:
            subset = sample.get(SUBSET_KEY)
            if subset not in self.metrics:
                raise ValueError(
                    f'a sample is from subset {subset!r} and SubsetMetric scores {sorted(self.metrics)}: test on a '
                    f'vitpose_mm.MultiDataset whose datasets=dict(NAME=...) have these names'
                )
            results = []
            for metric in self.metrics[subset]:
                # no metric of mmpose's for keypoints reads the batch, whose samples have no common shape
                metric.process(data_batch, [sample])
                results.append(list(metric.results))
                metric.results.clear()
            self.results.append((subset, results))

    def compute_metrics(self, results: list[Scored]) -> dict[str, float]:
        """Return the values by '<subset>/<metric>' from the results of all samples."""
        values: dict[str, float] = {}
        sizes = Counter(subset for subset, _ in results)
        for name, metrics in self.metrics.items():
            own = [parts for subset, parts in results if subset == name]
            for i, metric in enumerate(metrics if own else ()):
                gathered = [result for parts in own for result in parts[i]]
                for key, value in metric.compute_metrics(gathered).items():
                    full = '/'.join([name, *_own_prefix(metric, name), key])
                    if full in values:
                        raise ValueError(f'two metrics of {name!r} are called {full}: give one a prefix of its own')
                    values[full] = float(value)
        print_log(table(values, {name: sizes[name] for name in self.metrics}), logger='current')
        return values


def build_metrics(given: dict | BaseMetric | Sequence[dict | BaseMetric]) -> list[BaseMetric]:
    """Build the metrics of a config, a metric or a list of them."""
    listed = [given] if isinstance(given, (Mapping, BaseMetric)) else given
    return [one if isinstance(one, BaseMetric) else METRICS.build(one) for one in listed]


def _own_prefix(metric: BaseMetric, subset: str) -> list[str]:
    """Return the prefix that distinguishes a metric from others of its subset, as a list of one or none."""
    return [] if metric.prefix in (None, metric.default_prefix, subset) else [metric.prefix]


def table(values: Mapping[str, float], sizes: Mapping[str, int]) -> str:
    """Return the lines of a table, one a subset, of values by '<subset>/<metric>' and samples of each subset."""
    lines = []
    for name, size in sizes.items():
        own = {key.removeprefix(f'{name}/'): value for key, value in values.items() if key.startswith(f'{name}/')}
        shown = '  '.join(f'{key} {value:.4f}' for key, value in own.items()) or 'not scored: it has no sample'
        lines.append(f'{name:<16} {size:>7}  {shown}')
    return '\n'.join(['', f'{"subset":<16} {"samples":>7}  metrics', *lines])
