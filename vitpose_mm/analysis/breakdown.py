"""AP and errors of groups of people: by size, crowding and number of labelled keypoints; and of each keypoint."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .matching import THRESHOLDS
from .pairs import Pairs
from .people import Labels
from .taxonomy import KINDS

RECALLS = np.linspace(0, 1, 101)
OVERLAP = 0.1  # IoU from which another person's box crowds one (Ronchi & Perona 2017, sec. 5)


class Group(NamedTuple):
    """A group of people, or one keypoint of all people.

    Attributes:
        subject: By what people are grouped, such as 'size'.
        name: Name of the group.
        people: Number of people in it.
        found: Share of its people that a prediction matches, 0 to 1.
        ap: AP of its people and the predictions that match them, 0 to 1.
        kinds: (5,) share of each of ``taxonomy.KINDS`` among its labelled keypoints.
    """

    subject: str
    name: str
    people: int
    found: float
    ap: float
    kinds: np.ndarray


def average_precision(oks: np.ndarray, scores: np.ndarray, num_people: int) -> float:
    """Return COCO's AP from (P,) OKS and scores of predictions of different people, ``num_people`` in all."""
    values = oks[np.argsort(-scores, kind='stable')]
    precisions = []
    for threshold in THRESHOLDS:
        hits = np.cumsum(values >= threshold)
        best = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
        index = np.searchsorted(hits / num_people, RECALLS)
        precisions.append(np.where(index < len(best), np.append(best, 0.0)[index], 0.0))
    return float(np.mean(precisions))


def group_people(labels: Labels, pairs: Pairs) -> list[Group]:
    """Return the groups that are not empty; predictions that match nobody are in no group."""
    groups = []
    for subject, name, members in _members(labels):
        if not members.any():
            continue
        own = members[pairs.people]
        ap = average_precision(pairs.oks[own], pairs.scores[own], int(members.sum()))
        found = own.sum() / members.sum()
        groups.append(Group(subject, name, int(members.sum()), float(found), ap, _shares(pairs.kinds[own])))
    return groups


def group_keypoints(labels: Labels, pairs: Pairs) -> list[Group]:
    """Return a group per labelled keypoint, with the AP of that keypoint alone, people ranked by their scores."""
    groups = []
    for index, name in enumerate(labels.names):
        members = labels.people.labelled[:, index]
        if not members.any():
            continue
        own = members[pairs.people]
        ap = average_precision(pairs.similarity[own, index], pairs.scores[own], int(members.sum()))
        found = own.sum() / members.sum()
        groups.append(Group('keypoint', name, int(members.sum()), float(found), ap, _shares(pairs.kinds[own, index])))
    return groups


def crowding(labels: Labels) -> np.ndarray:
    """Return the (N,) number of other people of the image whose boxes overlap a person's by an IoU of ``OVERLAP``."""
    people = labels.people
    counts = np.zeros(len(people.areas), dtype=np.int64)
    for image_id in np.unique(people.image_ids):
        own = np.flatnonzero(people.image_ids == image_id)
        counts[own] = (_ious(people.boxes[own]) >= OVERLAP).sum(axis=1) - 1
    return counts


def _ious(boxes: np.ndarray) -> np.ndarray:
    """Return the (N, N) IoU of (N, 4) boxes left, top, width, height; 1 of a box with itself."""
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    sides = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    both = np.maximum(sides, 0).prod(axis=-1)
    area = boxes[:, 2:].prod(axis=-1)
    return both / (area[:, None] + area - both)


def _members(labels: Labels) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield subject and name of each group, and (N,) bool, which people are in it."""
    people = labels.people
    yield 'all', 'everybody', np.ones(len(people.areas), dtype=bool)
    small, large = 32**2, 96**2  # COCO's bounds
    yield 'size', 'small (below 32x32)', people.areas < small
    yield 'size', 'medium', (people.areas >= small) & (people.areas <= large)
    yield 'size', 'large (above 96x96)', people.areas > large
    overlapping = crowding(labels)
    yield 'crowding', 'no box overlaps', overlapping == 0
    yield 'crowding', '1 or 2 boxes overlap', (overlapping > 0) & (overlapping < 3)
    yield 'crowding', '3 or more boxes overlap', overlapping >= 3
    counts, number = people.labelled.sum(axis=1), len(labels.names)
    bounds = [0, *sorted({max(1, int(share * number)) for share in (0.3, 0.6, 0.9)}), number]  # of 17: 5, 10, 15
    for low, high in pairwise(bounds):
        if low < high:
            name = f'{low + 1} to {high}' if low + 1 < high else str(high)
            yield 'labelled keypoints', name, (counts > low) & (counts <= high)


def _shares(kinds: np.ndarray) -> np.ndarray:
    """Return the (5,) share of each kind among the labelled ones; zeros where nothing is labelled."""
    counts = np.bincount(kinds[kinds >= 0], minlength=len(KINDS))
    shares: np.ndarray = counts / max(counts.sum(), 1)
    return shares
