"""Find the people of a COCO-style file that can be trained on or scored, in one pass over its annotations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..utils.counted import part_of
from .annotations import Annotations, Need, check_references, is_usable_number, read_crowds
from .label_boxes import check_extents, read_boxes
from .label_file import LabelFile, count_reasons, name_ids
from .label_keypoints import read_keypoints

AREA_OF_BOX = 0.53  # COCO's mean share of a person in its box, as MMPose and xtcocotools take it


class People(NamedTuple):
    """The annotations of a file that can be used, after the checks.

    Attributes:
        image_ids: Image of each annotation, in the order of the file.
        category_ids: Category of each annotation.
        num_keypoints: Keypoints per person; None where keypoints were not checked, or nobody has any.
        unused: Description of the annotations that cannot be used: '2 with no box (annotations 4, 7), ...'.
    """

    image_ids: list[int]
    category_ids: list[int]
    num_keypoints: int | None
    unused: str


def check_people(file: LabelFile, need: Need) -> People:
    """Check the annotations of a file whose structure is right, leave out what cannot be used, and correct areas.

    Raises:
        ValueError: an annotation is malformed; the sentence names its id, the value and the fix.
    """
    annotations = Annotations(file, file.content['annotations'])
    check_references(annotations)
    boxes = read_boxes(annotations)
    crowd = read_crowds(annotations)
    number, labelled = None, np.ones(len(crowd), bool)
    if need.people:
        number, points, labelled = read_keypoints(annotations, need)
        _say_keypoints_outside(annotations, boxes, points)
    check_extents(annotations, boxes, labelled & ~crowd)
    annotations.say_left_out(need)
    _correct_areas(annotations, boxes, need)
    unused = dict(annotations.left_out)
    unused['of a crowd'] = annotations.ids(crowd & annotations.keep)
    unused['without a labelled keypoint'] = annotations.ids(annotations.keep & ~crowd & ~labelled)
    used = [annotations.items[i] for i in np.flatnonzero(annotations.keep & ~crowd & labelled)]
    file.content['annotations'] = [annotations.items[i] for i in np.flatnonzero(annotations.keep)]
    return People(
        [item['image_id'] for item in used], [item['category_id'] for item in used], number, count_reasons(unused)
    )


def _say_keypoints_outside(annotations: Annotations, boxes: np.ndarray, points: np.ndarray) -> None:
    """Note where most people have no labelled keypoint in or near their own box: the two are in different pixels."""
    people = annotations.keep & (points[..., 2] > 0).any(axis=1)
    corner, size = boxes[people, None, :2], boxes[people, None, 2:]
    offset = (points[people, :, :2] - corner) / np.maximum(size, 1)  # (n, K, 2), 0 to 1 in the box
    near = ((offset >= -0.5) & (offset <= 1.5)).all(axis=-1) & (points[people, :, 2] > 0)
    outside = ~near.any(axis=1)
    if outside.sum() > 0.5 * len(outside):
        without = part_of(int(outside.sum()), len(outside), 'person', plural='people', verb='have')
        annotations.file.note(
            f'{without} no labelled keypoint in their box or near it: give both in pixels of the whole image.'
        )


def _correct_areas(annotations: Annotations, boxes: np.ndarray, need: Need) -> None:
    """Replace areas that are missing, zero or not numbers by a share of the box, where somebody reads them."""
    corrected = []
    for index in np.flatnonzero(annotations.keep):
        item = annotations.items[index]
        area = item.get('area')
        if is_usable_number(area) and (area > 0 or not need.area):
            continue
        if need.area or area is not None:
            item['area'] = max(float(AREA_OF_BOX * boxes[index, 2] * boxes[index, 3]), 1.0)
            corrected.append(item['id'])
    if corrected:
        annotations.file.corrected = True
        annotations.file.note(
            f"'area' is missing, zero or not a positive number in {name_ids(corrected)}: {AREA_OF_BOX} of the area of "
            f'the box is used.'
        )
