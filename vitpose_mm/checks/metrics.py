"""The metrics of a config: which files they compare predictions with, and which values they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mmengine.registry import METRICS
from mmpose.evaluation.metrics import AUC, EPE, NME, CocoMetric, CocoWholeBodyMetric, MpiiPCKAccuracy, PCKAccuracy

from ..evaluation import FasterCocoMetric
from .annotations import Need

WHOLE_BODY = {'foot_kpts': 18, 'face_kpts': 204, 'lefthand_kpts': 63, 'righthand_kpts': 63}
COCO_VALUES = ('AP', 'AP .5', 'AP .75', 'AP (M)', 'AP (L)', 'AR', 'AR .5', 'AR .75', 'AR (M)', 'AR (L)')
CROWD_VALUES = ('AP', 'AP .5', 'AP .75', 'AR', 'AR .5', 'AR .75', 'AP(E)', 'AP(M)', 'AP(H)')
MPII_VALUES = (
    *(f'{part} PCK' for part in ('Head', 'Shoulder', 'Elbow', 'Wrist', 'Hip', 'Knee', 'Ankle')), 'PCK', 'PCK@0.1',
)  # fmt: skip
PCK_VALUES = {'bbox': 'PCK', 'head': 'PCKh', 'torso': 'tPCK'}  # by norm_item


class Metric(NamedTuple):
    """One metric of an evaluator.

    Attributes:
        cfg: Its config.
        where: How the user reaches it, such as 'val_evaluator.subsets.coco'.
        kind: Its class; None where nothing of that name is registered.
        subset: Name of the subset that it scores; None: everything.
    """

    cfg: dict
    where: str
    kind: Any
    subset: str | None = None

    @property
    def reads_labels(self) -> bool:
        """Whether it reads a COCO-style annotation file, its own or the dataset's."""
        return isinstance(self.kind, type) and any(base.__name__ == 'CocoMetric' for base in self.kind.__mro__)

    @property
    def scores_samples(self) -> bool:
        """Whether it compares predictions with the keypoints of the dataset's samples."""
        return isinstance(self.kind, type) and issubclass(self.kind, (PCKAccuracy, AUC, EPE, NME))

    def scores(self, where: str) -> bool:
        """Whether it scores the dataset that is reached so in the config."""
        return self.subset is None or where.endswith(f'.datasets.{self.subset}')

    @property
    def formats_only(self) -> bool:
        """Whether it writes predictions to a file and compares them with nothing."""
        return bool(self.cfg.get('format_only'))

    @property
    def need(self) -> Need:
        """What it needs of the annotation file."""
        if not issubclass(self.kind, CocoMetric):  # MMDetection's
            return Need(people=False, scored=not self.formats_only, area=True)
        return Need(
            other_parts=WHOLE_BODY if issubclass(self.kind, CocoWholeBodyMetric) else {},
            scored=not self.formats_only,
            area=bool(self.cfg.get('use_area', True)),
            crowd=self.cfg.get('iou_type') == 'keypoints_crowd',
        )


def find_metrics(evaluators: Any, *, where: str, scope: str, subset: str | None = None) -> Iterator[Metric]:
    """Yield the metrics of an evaluator's config, or of a list of them."""
    if isinstance(evaluators, (list, tuple)):
        for one in evaluators:
            yield from find_metrics(one, where=where, scope=scope, subset=subset)
    if not isinstance(evaluators, Mapping):
        return
    if 'metrics' in evaluators:
        yield from find_metrics(evaluators['metrics'], where=f'{where}.metrics', scope=scope, subset=subset)
    elif 'subsets' in evaluators:
        for name, one in evaluators['subsets'].items():
            yield from find_metrics(one, where=f'{where}.subsets.{name}', scope=scope, subset=name)
    elif 'type' in evaluators:
        yield Metric(evaluators, where, metric_class(evaluators, scope=scope), subset)  # type: ignore[arg-type]


def metric_class(cfg: Mapping, *, scope: str) -> Any:
    """Return the class of a metric's config; None where nothing of that name is registered."""
    kind = cfg.get('type')
    if not isinstance(kind, str):
        return kind
    with METRICS.switch_scope_and_registry(scope) as registry:
        return registry.get(kind)


def values_of(metric: Metric) -> list[str] | None:
    """Return the names of the values that a metric gives; None where that is not known."""
    kind, cfg = metric.kind, metric.cfg
    if kind in (CocoMetric, FasterCocoMetric):
        names: Sequence[str] = CROWD_VALUES if cfg.get('iou_type') == 'keypoints_crowd' else COCO_VALUES
        names = () if metric.formats_only else names
    elif kind is MpiiPCKAccuracy:
        names = MPII_VALUES
    elif kind is PCKAccuracy:
        items = cfg.get('norm_item', 'bbox')
        names = [PCK_VALUES[item] for item in ([items] if isinstance(items, str) else items) if item in PCK_VALUES]
    elif kind in (AUC, EPE, NME):
        names = [kind.__name__]
    elif getattr(kind, '__name__', '') == 'DumpResults':
        names = ()
    else:
        return None
    own, default = cfg.get('prefix'), kind.default_prefix
    if metric.subset is not None:  # SubsetMetric puts the subset's name in the place of a default prefix
        prefixes = [metric.subset, *([own] if own not in (None, default, metric.subset) else [])]
    else:
        prefixes = [one for one in (own or default,) if one]
    return ['/'.join([*prefixes, name]) for name in names]


def check_best(save_best: Any, metrics: Sequence[Metric], *, where: str = 'val_evaluator') -> None:
    """Check that the value which chooses the best checkpoint is one that a metric gives.

    Args:
        save_best: option of the checkpoint hook: a name, several, 'auto' or None.
        metrics: metrics of the validation.
        where: key of these metrics in the config.

    Raises:
        ValueError: no metric gives it.
    """
    known = [values_of(metric) for metric in metrics]
    names = [save_best] if isinstance(save_best, str) else save_best or []
    subsets = [metric.subset for metric in metrics if metric.subset is not None]
    given = [name for values in known for name in values or ()]
    for name in names:
        unknown = name not in given and name != 'auto'
        wrong_subset = bool(subsets) and '/' in name and name.split('/')[0] not in subsets
        if wrong_subset or (unknown and None not in known):
            few = ', '.join(map(repr, given[:4])) or 'no values'
            reason = f' does not belong to a subset of {where}' if wrong_subset else f', which {where} does not give'
            choice = f'name a metric of one of {", ".join(subsets)}, or None' if wrong_subset else (
                f"it gives {few}{', ...' if len(given) > 4 else ''}: name one of these, 'auto' or None"
            )  # fmt: skip
            raise ValueError(f'default_hooks.checkpoint.save_best={name!r}{reason}: {choice}.')
