"""Each kind at its bounds, and the nearer of two where both fit."""

from __future__ import annotations

import numpy as np
import pytest

from vitpose_mm.analysis.taxonomy import GOOD, INVERSION, JITTER, MISS, NOT_LABELLED, SWAP, classify, similarity

SIGMAS, FLIPS, AREA = np.array([0.05, 0.05, 0.1]), [1, 0, 2], 10_000.0
PERSON = np.array([(100.0, 100, 2), (200, 100, 1), (150, 200, 2)])
OTHER = PERSON + np.array([300.0, 0, 0])


def kind_of(
    index: int, point: tuple[float, float], *, others: np.ndarray = OTHER[None], person: np.ndarray = PERSON
) -> int:
    """Return the kind of a keypoint; all others are at their labels."""
    points = person[:, :2].copy()
    points[index] = point
    kinds = classify(
        points, person, AREA, others=others, other_areas=np.full(len(others), AREA), sigmas=SIGMAS, flip_indices=FLIPS
    )
    assert all(kind == GOOD for i, kind in enumerate(kinds) if i != index and person[i, 2])
    return int(kinds[index])


def distance(ks: float, sigma: float) -> float:
    """Pixels at which a keypoint has a similarity."""
    return float(np.sqrt(-2 * np.log(ks) * AREA) * 2 * sigma)


def test_similarity_is_oks_of_one_keypoint() -> None:
    points = PERSON[:, :2] + np.array([3.0, 4.0])
    expected = np.exp(-25 / (2 * AREA * (2 * SIGMAS) ** 2))
    np.testing.assert_allclose(similarity(points, PERSON, np.array(AREA), SIGMAS), expected)


@pytest.mark.parametrize(('ks', 'kind'), [(0.86, GOOD), (0.84, JITTER), (0.51, JITTER), (0.49, MISS)])
@pytest.mark.parametrize('index', [0, 2])
def test_bounds(ks: float, kind: int, index: int) -> None:
    x, y, _ = PERSON[index]
    assert kind_of(index, (x, y - distance(ks, SIGMAS[index]))) == kind


def test_inversion_needs_a_partner() -> None:
    assert kind_of(0, (201, 101)) == INVERSION
    assert kind_of(1, (100, 100)) == INVERSION
    assert kind_of(2, (100, 100)) == MISS  # at somebody's other keypoint, which is not a partner of it
    unlabelled = PERSON * np.array([(1, 1, 1), (1, 1, 0), (1, 1, 1)])
    assert kind_of(0, (200, 100), person=unlabelled) == MISS
    assert kind_of(1, (100, 100), person=unlabelled) == NOT_LABELLED


def test_swap_with_the_same_keypoint_or_its_partner() -> None:
    assert kind_of(0, (400, 100)) == SWAP
    assert kind_of(0, (500, 100)) == SWAP
    assert kind_of(0, (450, 200)) == MISS
    assert kind_of(0, (400, 100), others=np.zeros((0, 3, 3))) == MISS


def test_the_nearer_of_partner_and_other_person() -> None:
    beside = PERSON + np.array([96.0, 0, 0])  # its first keypoint is 4 pixels from our second
    assert kind_of(0, (199, 100), others=beside[None]) == INVERSION
    assert kind_of(0, (197, 100), others=beside[None]) == SWAP
