"""Figures of runs over their seeds, and how far two of them are apart."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Mean and sample deviation of a figure over seeds.

    Attributes:
        mean: mean over the seeds.
        spread: sample deviation; None for one seed.
        seeds: number of seeds.
        is_loss: whether it is a loss, which is written with a power of ten.
    """

    mean: float
    spread: float | None
    seeds: int
    is_loss: bool = False

    @classmethod
    def of(cls, records: Sequence[dict], run: str, metric: str) -> Figure | None:
        """Return the figure of a run; None where no record has it."""
        values = [
            record['metrics'][metric] for record in records if record['run'] == run and metric in record['metrics']
        ]
        if not values:
            return None
        spread = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), spread, len(values), metric.endswith('loss'))

    def __str__(self) -> str:
        both = [value for value in (self.mean, self.spread) if value is not None]
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
    """A sum of figures, each with a sign.

    Attributes:
        value: the sum.
        deviations: its size in deviations of a difference's one side; None where a run has one seed.
        seeds: number of seeds of the run that has the fewest.
    """

    value: float
    deviations: float | None
    seeds: int


def difference(plus: Sequence[Figure], minus: Sequence[Figure]) -> Difference:
    """Return the figures of one side less those of the other.

    A deviation is the root of the mean variance of the runs; of four runs, root two of that.
    """
    value = sum(figure.mean for figure in plus) - sum(figure.mean for figure in minus)
    spreads = [figure.spread for figure in (*plus, *minus) if figure.spread is not None]
    seeds = min(figure.seeds for figure in (*plus, *minus))
    if seeds < 2:
        return Difference(value, None, seeds)
    deviation = math.sqrt(sum(spread**2 for spread in spreads) / 2)  # of two runs: the root of the mean variance
    return Difference(value, value / deviation if deviation else math.inf, seeds)
