"""Labels and predictions of a COCO-style set as arrays.

Shapes: N labelled people, D predictions (detections), K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class People:
    """The people of an annotation file that count in the score; coordinates are pixels of the whole image.

    Attributes:
        annotations: Of each, as in the file.
        keypoints: (N, K, 3) x, y and the flag of COCO: 0 not labelled, 1 hidden, 2 visible.
        areas: (N,) square pixels.
        boxes: (N, 4) left, top, width, height.
        image_ids: (N,).
    """

    annotations: list[dict]
    keypoints: np.ndarray
    areas: np.ndarray
    boxes: np.ndarray
    image_ids: np.ndarray

    @property
    def labelled(self) -> np.ndarray:
        """(N, K) whether each keypoint is labelled."""
        return self.keypoints[..., 2] > 0


@dataclass(frozen=True, eq=False)
class Labels:
    """An annotation file and what its keypoints are.

    Attributes:
        content: Content of the file, checked.
        metainfo: The keypoint set as MMPose parses it: sigmas, flip_indices, skeleton_links, keypoint_id2name.
        people: The people that are scored.
        notes: Sentences on what was left out or corrected.
    """

    content: dict[str, Any]
    metainfo: Mapping[str, Any]
    people: People
    notes: list[str]

    @property
    def sigmas(self) -> np.ndarray:
        """(K,) deviation of each keypoint, as a share of the square root of a person's area."""
        return np.asarray(self.metainfo['sigmas'])

    @property
    def names(self) -> list[str]:
        """Names of the K keypoints."""
        return [self.metainfo['keypoint_id2name'][i] for i in range(self.metainfo['num_keypoints'])]


@dataclass(frozen=True, eq=False)
class Detections:
    """Predicted people; coordinates are pixels of the whole image.

    Attributes:
        keypoints: (D, K, 3) x, y and score.
        scores: (D,) of the person.
        image_ids: (D,).
        category_ids: (D,).
    """

    keypoints: np.ndarray
    scores: np.ndarray
    image_ids: np.ndarray
    category_ids: np.ndarray

    def to_coco(self) -> list[dict]:
        """Return COCO's list of results."""
        columns = (self.image_ids, self.category_ids, self.keypoints.reshape(len(self.scores), -1), self.scores)
        keys = ('image_id', 'category_id', 'keypoints', 'score')
        return [dict(zip(keys, row, strict=True)) for row in zip(*(one.tolist() for one in columns), strict=True)]

    def take(self, which: np.ndarray) -> Detections:
        """Return some of them: (D,) bool or indices."""
        return Detections(*(one[which] for one in vars(self).values()))


def stack_people(annotations: Sequence[dict], num_keypoints: int) -> People:
    """Stack the annotations of a checked file that count: not of a crowd, with a labelled keypoint."""
    kept = [one for one in annotations if not one.get('iscrowd') and any(flag > 0 for flag in one['keypoints'][2::3])]
    return People(
        kept,
        np.array([one['keypoints'] for one in kept], dtype=np.float64).reshape(-1, num_keypoints, 3),
        np.array([one['area'] for one in kept], dtype=np.float64),
        np.array([one['bbox'] for one in kept], dtype=np.float64).reshape(-1, 4),
        np.array([one['image_id'] for one in kept], dtype=np.int64),
    )
