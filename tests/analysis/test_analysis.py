"""Errors that were put in are found, as often as they were put in; fixing them gives AP 1."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from mmpose.evaluation.metrics import CocoMetric

from tests.helpers.injected_errors import LYNX_FLIPS, LYNX_SIGMAS, inject
from vitpose_mm.analysis import Analysis, Labels, analyze, read_labels
from vitpose_mm.analysis.read_predictions import to_detections
from vitpose_mm.analysis.taxonomy import ERRORS


def analyze_injected(
    labels: Labels, kinds: Sequence[str], *, share: float = 0.4, seed: int = 0
) -> tuple[Analysis, Counter[str]]:
    """Analyze predictions with errors put in; return that, and how many there are of each kind."""
    rng = np.random.default_rng(seed)
    flips = labels.metainfo['flip_indices']
    results, counts = inject(labels.content, labels.sigmas, flips, kinds=kinds, share=share, rng=rng)
    return analyze(labels, to_detections(results, labels, 'injected')), counts


def test_all_kinds_are_found_as_often_as_they_were_injected(lynxes: Labels) -> None:
    assert list(lynxes.metainfo['flip_indices']) == LYNX_FLIPS and np.allclose(lynxes.sigmas, LYNX_SIGMAS)
    analysis, counts = analyze_injected(lynxes, ERRORS)
    assert min(counts.values()) >= 5, 'each kind is there'
    assert analysis.counts == counts
    assert len(analysis.pairs.people) == 60 and not len(analysis.false_positives)


@pytest.mark.parametrize('kind', ERRORS)
def test_fixing_the_only_kind_gives_a_perfect_score(kind: str, lynxes: Labels) -> None:
    analysis, counts = analyze_injected(lynxes, [kind])
    assert analysis.counts[kind] == counts[kind] > 5
    assert analysis.matches.ap < 0.99
    assert analysis.fixed[kind] == analysis.fixed['all keypoints'] == pytest.approx(1)
    others = [analysis.fixed[other] for other in ERRORS if other != kind]
    assert others == [analysis.matches.ap] * 3


def test_real_people(shared_data: Path) -> None:
    labels = read_labels(str(shared_data / 'coco/annotations/person_keypoints_val2017.json'))
    analysis, counts = analyze_injected(labels, ERRORS, share=0.3)
    assert min(counts.values()) >= 10
    assert analysis.counts == counts
    assert analysis.fixed['all keypoints'] == pytest.approx(1)


def test_ap_is_that_of_the_metric(lynxes: Labels, lynx_folder: Path, tmp_path: Path) -> None:
    analysis, _ = analyze_injected(lynxes, ERRORS)
    metric = CocoMetric(str(lynx_folder / 'labels.json'), outfile_prefix=str(tmp_path / 'results'))
    metric.dataset_meta = dict(lynxes.metainfo)
    (tmp_path / 'results.keypoints.json').write_text(json.dumps(analysis.detections.to_coco()))
    assert analysis.matches.ap == dict(metric._do_python_keypoint_eval(str(tmp_path / 'results')))['AP']


def test_false_positives_missed_people_and_scores(lynxes: Labels) -> None:
    results, _ = inject(
        lynxes.content, lynxes.sigmas, LYNX_FLIPS, kinds=['miss'], share=0, rng=np.random.default_rng(0)
    )
    nobody = [{**one, 'keypoints': [x + 5000 for x in one['keypoints']], 'score': 2.0} for one in results[:9]]
    analysis = analyze(lynxes, to_detections([*results[10:], *nobody], lynxes, 'made'))
    assert len(analysis.false_positives) == 9 and len(analysis.pairs.people) == 50
    reached = 84 / 101  # recalls 0 to .83, of 50 of 60 people
    assert analysis.fixed['false positives'] == pytest.approx(reached)
    assert analysis.fixed['scores'] == pytest.approx(reached)  # those of nobody come last
    assert analysis.fixed['missed people'] > analysis.matches.ap
    found = analysis.person_scores
    assert found is not None and found.quality[-1] < found.quality[0]
