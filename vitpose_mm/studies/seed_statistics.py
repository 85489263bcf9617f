"""Mean and standard deviation of metrics over the seeds of a run, and how far two runs are apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SeedStatistics:
    """Mean and sample standard deviation of a metric over the seeds of a run.

    Attributes:
        mean: mean over the seeds.
        std: sample standard deviation; None for one seed.
        num_seeds: number of seeds.
        is_loss: whether it is a loss, which is written with a power of ten.
    """

    mean: float
    std: float | None
    num_seeds: int
    is_loss: bool = False

    @classmethod
    def of(cls, records: Sequence[dict], run: str, metric: str) -> SeedStatistics | None:
        """Return those of a metric of a run; None where no record has it."""
        values = [
            record['metrics'][metric] for record in records if record['run'] == run and metric in record['metrics']
        ]
        if not values:
            return None
        finite = all(map(math.isfinite, values))
        std = None if len(values) < 2 else statistics.stdev(values) if finite else math.nan
        return cls(statistics.fmean(values), std, len(values), metric.endswith('loss'))

    def __str__(self) -> str:
        both = [value for value in (self.mean, self.std) if value is not None]
        return ' ± '.join(plain(value, like=self.mean, is_loss=self.is_loss) for value in both)


def plain(value: float, *, like: float, sign: bool = False, is_loss: bool = False) -> str:
    """Return a number with as many digits as its kind needs: '.343', '68.0', and a loss as '2.043e-3'."""
    if abs(like) >= 10:
        return f'{value:{"+" if sign else ""}.1f}'
    if is_loss and like and math.isfinite(like):
        power = math.floor(math.log10(abs(like)))
        return f'{value / 10**power:{"+" if sign else ""}.3f}e{power}'
    return f'{value:{"+" if sign else ""}.3f}'.replace('0.', '.', 1)


@dataclass(frozen=True)
class Difference:
    """A difference between the means of runs.

    Attributes:
        value: the difference.
        pooled_sds: the difference in pooled standard deviations of the runs (root two times that where two differences
            are compared); None where a run has one seed.
        num_seeds: number of seeds of the run that has the fewest.
    """

    value: float
    pooled_sds: float | None
    num_seeds: int


def difference(plus: Sequence[SeedStatistics], minus: Sequence[SeedStatistics]) -> Difference:
    """Return the sum of the means of one side less that of the other."""
    value = sum(run.mean for run in plus) - sum(run.mean for run in minus)
    stds = [run.std for run in (*plus, *minus) if run.std is not None]
    num_seeds = min(run.num_seeds for run in (*plus, *minus))
    if num_seeds < 2:
        return Difference(value, None, num_seeds)
    pooled = math.sqrt(sum(std**2 for std in stds) / 2)  # of two runs: the root of the mean variance
    sds = value / pooled if pooled else math.copysign(math.inf, value) if value else 0.0
    return Difference(value, sds, num_seeds)
