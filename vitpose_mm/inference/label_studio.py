"""The regions of Label Studio's predictions: a box and keypoints for each person, in percent of the image.

What is outside of the image is moved to its edge, because Label Studio refuses a prediction with anything outside.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

KEYPOINT_WIDTH = 0.75  # percent of the image, as Label Studio draws a new one


class LabelledPoint(NamedTuple):
    """A keypoint: its name, x and y in pixels, its score, 0 to 1."""

    name: str
    x: float
    y: float
    score: float


@dataclass(frozen=True, kw_only=True)
class RegionTags:
    """Names that a labelling configuration gives to its tags.

    Attributes:
        image: name of <Image>.
        keypoints: name of <KeyPointLabels>.
        boxes: name of <RectangleLabels>; None where there are none.
        box_labels: label of a box, in a list; [] where the configuration has no labels.
    """

    image: str = 'image'
    keypoints: str = 'keypoint'
    boxes: str | None = 'box'
    box_labels: tuple[str, ...] = ('person',)

    def to_regions(
        self, people: Iterable[tuple[list[float], float, list[LabelledPoint]]], size: tuple[int, int]
    ) -> list[dict[str, Any]]:
        """Return the regions of people in an image.

        Args:
            people: box x, y, width, height in pixels, its score, and the keypoints of each.
            size: width and height of the image, pixels.
        """
        ids = (f'p{i}' for i in itertools.count())
        shared = {'to_name': self.image, 'original_width': size[0], 'original_height': size[1], 'image_rotation': 0}
        regions = (region for person in people for region in self._to_person(person, size, ids))
        return [region | shared for region in regions]

    def _to_person(
        self,
        person: tuple[list[float], float, list[LabelledPoint]],
        size: tuple[int, int],
        ids: Iterator[str],
    ) -> Iterator[dict[str, Any]]:
        (x, y, width, height), score, points = person
        box_id = next(ids)
        if self.boxes is not None:
            left, top = to_percent(x, y, size)
            right, bottom = to_percent(x + width, y + height, size)
            value: dict[str, Any] = {'x': left, 'y': top, 'width': right - left, 'height': bottom - top, 'rotation': 0}
            value['rectanglelabels'] = [*self.box_labels]
            region = {'from_name': self.boxes, 'type': 'rectanglelabels', 'value': value, 'score': score}
            yield region | {'id': box_id}
        for point in points:
            left, top = to_percent(point.x, point.y, size)
            value = {'x': left, 'y': top, 'width': KEYPOINT_WIDTH, 'keypointlabels': [point.name]}
            region = {'from_name': self.keypoints, 'type': 'keypointlabels', 'value': value, 'score': point.score}
            yield region | {'id': next(ids)} | ({'parentID': box_id} if self.boxes is not None else {})


def to_percent(x: float, y: float, size: tuple[int, int]) -> tuple[float, float]:
    """Return a point in pixels as percent of the image's width and height, 0 to 100."""
    return min(max(100 * x / size[0], 0.0), 100.0), min(max(100 * y / size[1], 0.0), 100.0)
