"""Analyze predictions on labels: everything that the report shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .breakdown import Group, group_keypoints, group_people
from .calibration import Calibration, calibrate
from .fixes import ap_when_fixed
from .matching import IGNORED, NOBODY, Matches, Scorer
from .pairs import Pairs, make_pairs
from .people import Detections, Labels
from .taxonomy import KINDS, NEAR_KS


@dataclass(frozen=True, eq=False)
class Analysis:
    """Where the predictions on a set go wrong.

    Attributes:
        labels: The set.
        detections: The predictions.
        matches: AP, precisions, and which prediction is of whom.
        pairs: The predictions that are of somebody, with kinds of errors.
        fixed: Kind of error -> AP when all of that kind are fixed.
        groups: By size, crowding and labelled keypoints.
        keypoints: Each keypoint.
        person_scores: Score of a person against OKS, 0 where it is of nobody.
        keypoint_scores: Score of a keypoint against being at its label (ks at least .5).
    """

    labels: Labels
    detections: Detections
    matches: Matches
    pairs: Pairs
    fixed: dict[str, float]
    groups: list[Group]
    keypoints: list[Group]
    person_scores: Calibration | None
    keypoint_scores: Calibration | None

    @property
    def counts(self) -> dict[str, int]:
        """Number of keypoints of each kind among the labelled ones of people who were found."""
        return {kind: int((self.pairs.kinds == i).sum()) for i, kind in enumerate(KINDS)}

    @property
    def false_positives(self) -> np.ndarray:
        """Indices of the predictions that match nobody, most confident first."""
        nobody = np.flatnonzero(self.matches.person_of == NOBODY)
        return nobody[np.argsort(-self.detections.scores[nobody], kind='stable')]


def analyze(labels: Labels, detections: Detections) -> Analysis:
    """Analyze where the predictions of a labelled set go wrong.

    Example:
        >>> labels = read_labels('person_keypoints_val2017.json')
        >>> analyze(labels, read_predictions('predictions.keypoints.json', labels)).fixed['inversion']
        0.761
    """
    scorer = Scorer(labels)
    matches = scorer.match(detections)
    pairs = make_pairs(labels, detections, matches)
    oks = np.zeros(len(detections.scores))
    oks[pairs.detections] = pairs.oks
    counted = matches.person_of != IGNORED
    labelled = pairs.kinds >= 0
    point_scores = detections.keypoints[pairs.detections, :, 2]
    return Analysis(
        labels,
        detections,
        matches,
        pairs,
        ap_when_fixed(labels, detections, matches, pairs, scorer),
        group_people(labels, pairs),
        group_keypoints(labels, pairs),
        calibrate(detections.scores[counted], oks[counted]),
        calibrate(point_scores[labelled], (pairs.similarity[labelled] >= NEAR_KS).astype(float)),
    )
