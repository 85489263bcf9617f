"""Predictions that are of a labelled person: how near each keypoint is, and which kind of error it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .matching import Matches
from .people import Detections, Labels
from .taxonomy import classify, similarity


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs of a prediction and the person that it is of.

    Attributes:
        detections: (P,) indices of predictions.
        people: (P,) indices of people.
        scores: (P,) of the predictions.
        similarity: (P, K) ks of each keypoint to its label, 0 to 1; 0 where it is not labelled.
        kinds: (P, K) kind of error, an index of ``taxonomy.KINDS`` or NOT_LABELLED.
        oks: (P,) 0 to 1.
    """

    detections: np.ndarray
    people: np.ndarray
    scores: np.ndarray
    similarity: np.ndarray
    kinds: np.ndarray
    oks: np.ndarray


def make_pairs(labels: Labels, detections: Detections, matches: Matches) -> Pairs:
    """Pair predictions with their people, in the order of the predictions."""
    people = labels.people
    chosen = np.flatnonzero(matches.person_of >= 0)
    own = matches.person_of[chosen]
    points = detections.keypoints[chosen, :, :2]
    near = similarity(points, people.keypoints[own], people.areas[own], labels.sigmas)
    by_image: dict[int, list[int]] = {}
    for index, image_id in enumerate(people.image_ids.tolist()):
        by_image.setdefault(image_id, []).append(index)
    kinds = np.zeros(near.shape, dtype=np.int64)
    for row, person in enumerate(own.tolist()):
        others = [one for one in by_image[int(people.image_ids[person])] if one != person]
        kinds[row] = classify(
            points[row],
            people.keypoints[person],
            float(people.areas[person]),
            others=people.keypoints[others],
            other_areas=people.areas[others],
            sigmas=labels.sigmas,
            flip_indices=labels.metainfo['flip_indices'],
        )
    oks = near.sum(axis=1) / people.labelled[own].sum(axis=1)
    return Pairs(chosen, own, detections.scores[chosen], near, kinds, oks)
