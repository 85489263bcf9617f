"""Kinds of keypoint errors.

After M. R. Ronchi and P. Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017.

A keypoint's similarity ks to a location is OKS of that keypoint alone: exp(-d^2 / (2 area (2 sigma)^2)), 0 to 1.
Shapes: K keypoints, Q other people of the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KINDS = ('good', 'jitter', 'inversion', 'swap', 'miss')
GOOD, JITTER, INVERSION, SWAP, MISS = range(5)
NOT_LABELLED = -1
ERRORS = KINDS[1:]
GOOD_KS, NEAR_KS = 0.85, 0.5  # at least: right within the annotators' own deviation; still at that keypoint


def similarity(points: np.ndarray, labelled: np.ndarray, areas: np.ndarray | float, sigmas: np.ndarray) -> np.ndarray:
    """Return (..., K) ks of (..., K, 2) points to (..., K, 3) labels with flags, (...) areas; 0 where not labelled."""
    squared = ((points - labelled[..., :2]) ** 2).sum(axis=-1)
    spread = 2 * np.asarray(areas)[..., None] * (2 * sigmas) ** 2
    return np.where(labelled[..., 2] > 0, np.exp(-squared / spread), 0.0)


def classify(
    points: np.ndarray,
    person: np.ndarray,
    area: float,
    *,
    others: np.ndarray,
    other_areas: np.ndarray,
    sigmas: np.ndarray,
    flip_indices: Sequence[int],
) -> np.ndarray:
    """Return the (K,) kind of each predicted keypoint of a person, an index of ``KINDS`` or NOT_LABELLED.

    A keypoint with ks below ``NEAR_KS`` to its own label is an inversion where it is at its mirror partner of the same
    person, a swap where it is at the same keypoint or its partner of another person, of both the nearer, else a miss.

    Args:
        points: (K, 2) predicted, pixels.
        person: (K, 3) labels of the person.
        area: of the person, square pixels.
        others: (Q, K, 3) labels of the other people of the image.
        other_areas: (Q,).
        sigmas: (K,).
        flip_indices: mirror partner of each keypoint; itself where it has none.
    """
    flipped = np.asarray(flip_indices)
    has_partner = flipped != np.arange(len(flipped))
    own = similarity(points, person, area, sigmas)
    partner = np.where(has_partner, similarity(points, person[flipped], area, sigmas), 0.0)
    of_others = np.zeros(len(points))
    if len(others):
        for labels in (others, others[:, flipped]):
            of_others = np.maximum(of_others, similarity(points, labels, other_areas, sigmas).max(axis=0))
    kinds = np.full(len(points), MISS)
    kinds[of_others >= NEAR_KS] = SWAP
    kinds[(partner >= NEAR_KS) & (partner >= of_others)] = INVERSION
    kinds[own >= NEAR_KS] = JITTER
    kinds[own >= GOOD_KS] = GOOD
    kinds[person[:, 2] <= 0] = NOT_LABELLED
    return kinds
