"""What each kind of error costs: AP when all errors of that kind, and no others, are fixed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .matching import NOBODY, Matches, Scorer
from .pairs import Pairs
from .people import Detections, Labels
from .taxonomy import ERRORS, GOOD, KINDS

ALL_KEYPOINTS = 'all keypoints'
SCORES, FALSE_POSITIVES, MISSED_PEOPLE = 'scores', 'false positives', 'missed people'


def ap_when_fixed(
    labels: Labels, detections: Detections, matches: Matches, pairs: Pairs, scorer: Scorer
) -> dict[str, float]:
    """Return COCO's AP when each error of a kind is fixed, 0 to 1.

    Keypoints of a kind move to their labels; ``scores`` become the OKS with the matched person, 0 for false
    positives; false positives are removed; missed people are added with their labels.
    """
    fixed = {kind: move_to_labels(labels, detections, pairs, pairs.kinds == KINDS.index(kind)) for kind in ERRORS}
    fixed[ALL_KEYPOINTS] = move_to_labels(labels, detections, pairs, pairs.kinds > GOOD)
    oks = np.zeros(len(detections.scores))
    oks[pairs.detections] = pairs.oks
    fixed[SCORES] = replace(detections, scores=oks)
    fixed[FALSE_POSITIVES] = detections.take(matches.person_of != NOBODY)
    fixed[MISSED_PEOPLE] = add_missed(labels, detections, pairs)
    return {kind: scorer.ap(one) for kind, one in fixed.items()}


def move_to_labels(labels: Labels, detections: Detections, pairs: Pairs, which: np.ndarray) -> Detections:
    """Move keypoints, (P, K) bool, to where they are labelled."""
    keypoints = detections.keypoints.copy()
    rows, columns = np.nonzero(which)
    keypoints[pairs.detections[rows], columns, :2] = labels.people.keypoints[pairs.people[rows], columns, :2]
    return replace(detections, keypoints=keypoints)


def missed_people(labels: Labels, pairs: Pairs) -> np.ndarray:
    """Return the indices of people for whom there is no prediction."""
    return np.setdiff1d(np.arange(len(labels.people.areas)), pairs.people)


def add_missed(labels: Labels, detections: Detections, pairs: Pairs) -> Detections:
    """Add the people that were missed, with the score of the most confident prediction."""
    missed = missed_people(labels, pairs)
    people = labels.people
    keypoints = np.concatenate((people.keypoints[missed, :, :2], np.ones((*people.keypoints[missed].shape[:2], 1))), 2)
    categories = np.array([people.annotations[i]['category_id'] for i in missed], dtype=np.int64)
    return Detections(
        np.concatenate((detections.keypoints, keypoints)),
        np.concatenate((detections.scores, np.full(len(missed), detections.scores.max()))),
        np.concatenate((detections.image_ids, people.image_ids[missed])),
        np.concatenate((detections.category_ids, categories)),
    )
