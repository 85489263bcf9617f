"""Scores that tell, and scores that do not."""

from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.analysis.calibration import calibrate


def test_perfect_and_overconfident_scores() -> None:
    quality = np.random.default_rng(0).random(1000)
    perfect = calibrate(quality, quality)
    assert perfect is not None and perfect.gap == 0 and perfect.rank_correlation == pytest.approx(1)
    assert len(perfect.scores) == 10 and (np.diff(perfect.scores) > 0).all()
    sure = calibrate(np.sqrt(quality), quality)
    assert sure is not None and sure.rank_correlation == pytest.approx(1)
    assert sure.gap == pytest.approx(2 / 3 - 1 / 2, abs=0.02)  # integral of sqrt(q) - q


def test_too_few_or_constant() -> None:
    assert calibrate(np.ones(1), np.ones(1)) is None
    constant = calibrate(np.ones(5), np.arange(5) / 4)
    assert constant is not None and np.isnan(constant.rank_correlation) and constant.gap == pytest.approx(0.5)
