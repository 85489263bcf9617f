"""Boxes of annotations: four finite numbers, an extent, inside the image."""

from __future__ import annotations

import numpy as np

from ..utils.counted import part_of
from .annotations import BOX_OUTSIDE, EMPTY_BOX, NEGATIVE_BOX, NO_BOX, Annotations
from .label_file import shorten
from .number_lists import to_table, usable

BOX = 'a box is a list of 4 numbers: left, top, width, height in pixels'


def read_boxes(annotations: Annotations) -> np.ndarray:
    """Return (N, 4) boxes (left, top, width, height) in image pixels; NaN where annotations are left out for theirs.

    Raises:
        ValueError: a box is something else than a list of four numbers.
    """
    rows = annotations.leave_out_empty('bbox', NO_BOX)
    chosen = np.flatnonzero(annotations.keep)
    boxes = np.full((len(rows), 4), np.nan)
    boxes[chosen], malformed = to_table([rows[i] for i in chosen], 4)
    for index in chosen[malformed]:
        raise annotations.fault(index, f'its bbox is {shorten(rows[index])}; {BOX}.')
    annotations.leave_out(~usable(boxes).all(axis=1), 'with a box of numbers that are not finite')
    if len(chosen) and (np.abs(boxes[annotations.keep]) <= 1).all() and (boxes[annotations.keep] > 0).any():
        first = np.flatnonzero(annotations.keep)[0]
        raise annotations.fault(
            first, f'its bbox is {shorten(rows[first])}, and no box has a number above 1: give boxes in pixels, not in '
            f'shares of the image.'
        )  # fmt: skip
    return boxes


def check_extents(annotations: Annotations, boxes: np.ndarray, people: np.ndarray) -> None:
    """Leave out people whose box has no extent inside the image.

    Args:
        annotations: N of them.
        boxes: (N, 4) left, top, width, height in image pixels.
        people: (N,) those that would be trained on or scored; others, such as crowds, stay as they are.
    """
    sides = {image['id']: (image['width'], image['height']) for image in annotations.file.content['images']}
    limits = np.array([sides.get(item['image_id'], (1, 1)) for item in annotations.items]).reshape(-1, 2) - 1
    people = people & annotations.keep
    width_height = boxes[:, 2:]
    annotations.leave_out(people & (width_height < 0).any(axis=1), NEGATIVE_BOX)
    annotations.leave_out(people & (width_height == 0).any(axis=1), EMPTY_BOX)
    corners = np.stack([boxes[:, :2], boxes[:, :2] + width_height], axis=1)  # (N, 2, 2)
    inside = np.clip(corners, 0, limits[:, None]).astype(np.float32)  # as MMPose cuts boxes
    annotations.leave_out(people & (inside[:, 1] <= inside[:, 0]).any(axis=1), BOX_OUTSIDE)
    _say_corners(annotations, corners, limits, people & annotations.keep)


def _say_corners(annotations: Annotations, corners: np.ndarray, limits: np.ndarray, people: np.ndarray) -> None:
    """Note where most boxes reach far beyond their images: they are left, top, right, bottom then."""
    beyond = (corners[:, 1] > 1.05 * limits + 2).any(axis=1) & people
    if beyond.sum() > 0.5 * people.sum():
        annotations.file.note(
            f'{part_of(int(beyond.sum()), int(people.sum()), "box", plural="boxes", verb="end")} outside the image: '
            f'are boxes given as left, top, right, bottom? COCO has left, top, width, height.'
        )
