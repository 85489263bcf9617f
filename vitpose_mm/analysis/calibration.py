"""Do scores say how good predictions are? Predictions in groups of equal number by their score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

BINS = 10


class Calibration(NamedTuple):
    """Scores and the qualities that they should predict, in bins with the same number of items.

    Attributes:
        scores: (B,) mean score of each bin.
        quality: (B,) mean quality of each bin.
        rank_correlation: Spearman's, -1 to 1; NaN where all scores, or all qualities, are the same.
        gap: expected calibration error: the mean, weighted by size, of |score - quality| of the bins.
    """

    scores: np.ndarray
    quality: np.ndarray
    rank_correlation: float
    gap: float


def calibrate(scores: np.ndarray, quality: np.ndarray) -> Calibration | None:
    """Return the calibration of (n,) scores to qualities, 0 to 1; None where there are fewer than 2."""
    if len(scores) < 2:
        return None
    order = np.argsort(scores, kind='stable')
    bins = [one for one in np.array_split(order, BINS) if len(one)]
    means = np.array([(scores[one].mean(), quality[one].mean()) for one in bins])
    sizes = np.array([len(one) for one in bins])
    constant = np.ptp(scores) == 0 or np.ptp(quality) == 0
    correlation = float('nan') if constant else float(spearmanr(scores, quality).statistic)
    gap = float(np.average(np.abs(means[:, 0] - means[:, 1]), weights=sizes))
    return Calibration(means[:, 0], means[:, 1], correlation, gap)
