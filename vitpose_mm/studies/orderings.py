"""The orderings of the paper that the studies look for, and whether they are seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import find_study
from .record import read_records
from .seed_statistics import Difference, SeedStatistics, difference, plain

SEEN = 3.0  # pooled standard deviations


@dataclass(frozen=True)
class Ordering:
    """Runs of a study that are better than others, in the paper.

    Attributes:
        claim: in words.
        paper: difference of AP in the paper, percentage points.
        study: name of the study.
        better: runs of the better side.
        worse: runs of the worse one.
        metric: key of what is compared.
    """

    claim: str
    paper: str
    study: str
    better: tuple[str, ...]
    worse: tuple[str, ...]
    metric: str = 'coco/AP'

    def measure(self, records: Path) -> Difference | None:
        """Return the difference that a folder of records has; None where a run is missing."""
        found = read_records(find_study(self.study), records)
        sides = [[SeedStatistics.of(found, run, self.metric) for run in runs] for runs in (self.better, self.worse)]
        better, worse = ([run for run in side if run is not None] for side in sides)
        if len(better) < len(self.better) or len(worse) < len(self.worse):
            return None
        return difference(better, worse)


RESNET_LOSS = Ordering(
    'the simple decoder costs a ResNet more than a ViT',
    '18.7 - 0.3',
    'decoders',
    ('resnet_classic', 'vit_simple'),
    ('resnet_simple', 'vit_classic'),
)
ORDERINGS = (
    RESNET_LOSS,
    Ordering('full attention is better than pure windows', '11.0', 'attention', ('full',), ('window',)),
    Ordering(
        'windows with shift and pooling are better than pure ones', '10.4', 'attention', ('shift_pool',), ('window',)
    ),
    Ordering(
        'frozen FFNs cost more than frozen attention',
        '2.3',
        'partial_finetuning',
        ('frozen_attention',),
        ('frozen_ffn',),
    ),
    Ordering(
        'a larger input is better: 192x144 against 128x96', '1.1', 'resolution', ('size_192x144',), ('vit_classic',)
    ),
    Ordering('a smaller input is worse: 64x48 against 128x96', '', 'resolution', ('vit_classic',), ('size_64x48',)),
    Ordering('a wider ViT is better: 192 against 96', '2.0 (B, S)', 'scale', ('vit_classic',), ('width_96',)),
    Ordering('a wider ViT is better: 384 against 192', '2.5 (L, B)', 'scale', ('width_384',), ('vit_classic',)),
    Ordering('one model for three datasets beats three, on COCO', '1.3', 'multi_synthetic', ('joint',), ('coco',)),
    Ordering('the same, on MPII (PCKh@.5)', '', 'multi_synthetic', ('joint',), ('mpii',), 'mpii/PCK'),
    Ordering("the teacher's heatmaps help", '0.5', 'distillation_synthetic', ('output',), ('none',)),
    Ordering('the knowledge token helps', '0.2', 'distillation_synthetic', ('token',), ('none',)),
)


def orderings_table(records: Path) -> Iterator[str]:
    """Yield the lines of a Markdown table of all orderings that have records."""
    yield '| claim of the paper | its difference, points | ours, AP of 1 (PCKh: points) | ours, in SDs | seen here |'
    yield '|---|---|---|---|---|'
    for ordering in ORDERINGS:
        found = ordering.measure(records)
        if found is None:
            yield f'| {ordering.claim} | {ordering.paper} | | | not run yet |'
            continue
        sds = '' if found.pooled_sds is None else f'{found.pooled_sds:+.1f}'
        ours = plain(found.value, like=10 if abs(found.value) > 2 else 1, sign=True)
        yield f'| {ordering.claim} | {ordering.paper} | {ours} | {sds} | {verdict(found)} |'


def verdict(found: Difference) -> str:
    """Say whether a difference shows what the paper has."""
    if math.isnan(found.value):
        return 'no: not a number'
    if found.pooled_sds is None:
        return 'the same sign, one seed' if found.value > 0 else 'the opposite sign, one seed'
    few = ', two seeds' if found.num_seeds == 2 else ''
    if abs(found.pooled_sds) < SEEN:
        return f'no: within three SDs{few}'
    return f'yes{few}' if found.value > 0 else f'no: the opposite{few}'
