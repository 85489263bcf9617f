"""The annotations of a COCO-style file: which are left out and why, and what is corrected in those that stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..utils.counted import part_of
from .label_file import LabelFile, count_reasons
from .label_structure import clean_ids
from .number_lists import is_number

# MMPose leaves annotations with these faults out by itself when it trains: no corrected copy is written for them alone
NO_BOX = 'with no box'
NO_KEYPOINTS = 'with no keypoints'
UNKNOWN_IMAGE = 'of an image that the file does not list'
EMPTY_BOX = 'with a box without width or height'
NEGATIVE_BOX = 'with a box of negative width or height'
BOX_OUTSIDE = 'with a box outside the image'
NOTHING_INSIDE = 'with all keypoints left of or above the image'
LEFT_OUT_BY_MMPOSE = frozenset((
    NO_BOX, NO_KEYPOINTS, UNKNOWN_IMAGE, EMPTY_BOX, NEGATIVE_BOX, BOX_OUTSIDE, NOTHING_INSIDE,
))  # fmt: skip


class Need(NamedTuple):
    """What the datasets and metrics that read an annotation file need of it.

    Attributes:
        people: Whether they read keypoints; False where they read boxes alone.
        plain: Whether they take visibilities for COCO's 0, 1 and 2.
        other_parts: Keys of further keypoints (of hands, face and feet in COCO-WholeBody), and how many each has.
        scored: Whether a metric compares predictions with the file.
        area: Whether a metric or dataset reads areas.
        crowd: Whether the metric is CrowdPose's.
    """

    people: bool = True
    plain: bool = True
    other_parts: Mapping[str, int] = {}
    scored: bool = False
    area: bool = False
    crowd: bool = False

    def merge(self, other: Need) -> Need:
        """Return what either needs."""
        return Need(
            people=self.people or other.people,
            plain=self.plain and other.plain,
            other_parts={**self.other_parts, **other.other_parts},
            scored=self.scored or other.scored,
            area=self.area or other.area,
            crowd=self.crowd or other.crowd,
        )


@dataclass
class Annotations:
    """The N annotations of a file while they are checked.

    Attributes:
        file: The file that they are in.
        items: The annotations.
        keep: (N,) bool, whether each stays.
        left_out: Ids of those that do not stay, by reason.
    """

    file: LabelFile
    items: list[dict]
    keep: np.ndarray = field(init=False)
    left_out: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keep = np.ones(len(self.items), bool)

    def leave_out(self, which: np.ndarray, reason: str) -> None:
        """Leave annotations out, (N,) bool or indices, that no reason before this one left out."""
        mask = np.zeros(len(self.items), bool)
        mask[which] = True
        self.left_out[reason] = self.ids(mask & self.keep)
        self.keep &= ~mask

    def ids(self, which: np.ndarray) -> list[int]:
        """Return the ids of annotations, given by (N,) bool or indices."""
        indices = np.flatnonzero(which) if which.dtype == bool else which
        return [self.items[i]['id'] for i in indices]

    def fault(self, index: int, text: str) -> ValueError:
        """Return the error that refuses the file for one annotation."""
        return self.file.fault(f'annotation {self.items[index]["id"]}: {text}')

    def leave_out_empty(self, key: str, reason: str) -> list[Any]:
        """Leave out annotations that have nothing under a key, or null or []; return what the others have there."""
        values = [item.get(key) for item in self.items]
        empty = np.array([value is None or value == [] for value in values], bool)
        self.leave_out(empty, reason)
        if any(key in self.items[i] for i in np.flatnonzero(empty)):
            self.file.corrected = True  # MMPose leaves out those without the key alone
        return values

    def say_left_out(self, need: Need) -> None:
        """Note how many are left out, by reason; where MMPose would not leave them out too, a copy is needed."""
        reasons = {reason: ids for reason, ids in self.left_out.items() if ids}
        if not reasons:
            return
        total = sum(map(len, reasons.values()))
        self.file.note(
            f'{part_of(total, len(self.items), "annotation", verb="are")} left out: {count_reasons(reasons)}.'
        )
        if need.scored or not need.people or not set(reasons) <= LEFT_OUT_BY_MMPOSE:
            self.file.corrected = True


def check_references(annotations: Annotations) -> None:
    """Leave out annotations of images and categories that the file does not list.

    Raises:
        ValueError: an annotation names none, or not by an integer.
    """
    file, content = annotations.file, annotations.file.content
    images = {image['id'] for image in content['images']}
    categories = {category['id'] for category in content['categories']}
    image_ids = clean_ids(file, annotations.items, key='image_id', kind='annotation')
    category_ids = clean_ids(file, annotations.items, key='category_id', kind='annotation')
    annotations.leave_out(np.array([one not in images for one in image_ids], bool), UNKNOWN_IMAGE)
    unknown = np.array([one not in categories for one in category_ids], bool)
    annotations.leave_out(unknown, 'of a category that the file does not list')


def read_crowds(annotations: Annotations) -> np.ndarray:
    """Return (N,) whether each annotation is of a crowd; null becomes 0.

    Raises:
        ValueError: ``iscrowd`` is something else than 0 or 1.
    """
    flags = [item.get('iscrowd', 0) for item in annotations.items]
    if not set(map(type, flags)) <= {int, bool} or not set(flags) <= {0, 1}:
        for index, flag in enumerate(flags):
            if flag is None:
                flags[index] = annotations.items[index]['iscrowd'] = 0
                annotations.file.corrected = True
            elif not isinstance(flag, (int, float)) or flag not in (0, 1):
                raise annotations.fault(index, f"'iscrowd' is {flag!a:.60}: write 0, or 1 for a crowd.")
    return np.array(flags, bool)


def is_usable_number(value: Any) -> bool:
    """Whether a parsed value is a finite number, and one that a float can hold."""
    return is_number(value) and abs(value) < 1e300
