"""Groups have the right people, and their AP is COCO's for pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.analysis.test_analysis import analyze_injected
from tests.helpers.real_annotations import average_precision as by_hand
from vitpose_mm.analysis import Labels
from vitpose_mm.analysis.breakdown import average_precision, crowding, group_keypoints, group_people
from vitpose_mm.analysis.taxonomy import ERRORS


def test_ap_of_pairs() -> None:
    rng = np.random.default_rng(0)
    for number, people in ((1, 1), (7, 9), (200, 260)):
        oks, scores = rng.random(number), rng.random(number)
        assert average_precision(oks, scores, people) == pytest.approx(by_hand(oks, scores, people), abs=1e-12)
    assert average_precision(np.zeros(0), np.zeros(0), 5) == 0


def test_groups(lynxes: Labels) -> None:
    analysis, counts = analyze_injected(lynxes, ERRORS)
    groups = {f'{group.subject} {group.name}': group for group in group_people(lynxes, analysis.pairs)}
    sides = np.sqrt(lynxes.people.areas)
    assert groups['size small (below 32x32)'].people == (sides < 32).sum()
    assert groups['size large (above 96x96)'].people == (sides > 96).sum()
    numbers = lynxes.people.labelled.sum(axis=1)
    assert groups['labelled keypoints 4'].people == (numbers == 4).sum()
    everybody = groups['all everybody']
    assert everybody.people == 60 and everybody.found == 1
    assert everybody.ap == pytest.approx(analysis.matches.ap, abs=1e-9)  # nobody is confused with anybody here
    np.testing.assert_allclose(everybody.kinds, [counts[kind] / counts.total() for kind in ('good', *ERRORS)])
    worse = [group.ap for group in group_keypoints(lynxes, analysis.pairs)]
    assert len(worse) == 5 and max(worse) < 1


def test_crowding(lynxes: Labels) -> None:
    assert crowding(lynxes).sum() == 0
    boxes = lynxes.people.boxes.copy()
    boxes[:3] = [(0, 0, 10, 10), (8, 0, 10, 10), (8.2, 0, 10, 10)]  # IoU of the first with both: 1/9 and below .1
    crowded = replace(lynxes, people=replace(lynxes.people, boxes=boxes))
    assert crowding(crowded)[:4].tolist() == [1, 2, 1, 0]
