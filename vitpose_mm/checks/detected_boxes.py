"""A file of detected boxes: a list of objects with image_id, category_id, bbox and score."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ..utils.counted import part_of
from .label_boxes import BOX
from .label_file import LabelFile, count_reasons, shorten
from .label_structure import clean_ids
from .number_lists import is_number, to_table, usable

PERSON = 1  # the category that MMPose takes from such a file
FORMAT = "a list of objects {'image_id': 1, 'category_id': 1, 'bbox': [left, top, width, height], 'score': 0.9}"


def check_boxes(
    file: LabelFile, image_ids: Collection[int], *, labels: str, threshold: float | None = None
) -> list[int]:
    """Check a file of detected boxes and leave out those that cannot be used; return the image id of each that can.

    Args:
        file: the parsed file.
        image_ids: ids of images that the annotation file lists.
        labels: name of the annotation file, for errors.
        threshold: lowest score, as in the dataset's ``filter_cfg``; None: any score will do.

    Raises:
        ValueError: the file has another form, is of other images or another category, or has no box.
    """
    boxes = file.content
    if not isinstance(boxes, list) or not all(isinstance(one, dict) for one in boxes):
        found = 'is an object' if isinstance(boxes, dict) else 'is not a list of objects'
        raise file.fault(f"it {found}; detected boxes are {FORMAT}: convert it, or set bbox_file=''.")
    ids = clean_ids(file, boxes, key='image_id', kind='box')
    category_ids = clean_ids(file, boxes, key='category_id', kind='box')
    table = _read_numbers(file)
    unknown = np.array([one not in image_ids for one in ids], bool)
    if len(boxes) and unknown.all():
        raise file.fault(
            f'all its boxes are of images that {labels} does not list, such as image {ids[0]}: use the boxes of that '
            f'set, or the labels of this one.'
        )
    persons = np.array(category_ids) == PERSON
    if len(boxes) and not persons.any():
        raise file.fault(
            f'all its boxes are of other categories, such as {category_ids[0]}, and MMPose takes category {PERSON} '
            f'alone: write category_id {PERSON} for the boxes to predict keypoints in.'
        )
    keep = _leave_out(file, table, unknown, persons)
    scored = keep if threshold is None else keep & (table[:, 4] >= threshold)
    if not (scored & persons).any():
        above = '' if threshold is None else f' and a score of at least {threshold}'
        raise file.fault(
            f"it has no box of category {PERSON} with an extent{above}: detect people first, or set bbox_file=''."
        )
    return [ids[i] for i in np.flatnonzero(keep & persons)]


def _read_numbers(file: LabelFile) -> np.ndarray:
    """Return (N, 5) left, top, width, height and score."""
    table = np.full((len(file.content), 5), np.nan)
    rows = [one.get('bbox') or [None] * 4 for one in file.content]
    # MMPose takes the first four numbers; some detectors write the score after them
    rows = [row[:4] if isinstance(row, list) and len(row) == 5 else row for row in rows]
    table[:, :4], malformed = to_table(rows, 4)
    for index in malformed:
        raise file.fault(f'box number {index} is {shorten(rows[index])}; {BOX}.')
    scores = [one.get('score') for one in file.content]
    for index, score in enumerate(scores):
        if not is_number(score):
            raise file.fault(f'box number {index} has the score {shorten(score)}: give each box one from 0 to 1.')
    table[:, 4] = to_table([[score] for score in scores], 1)[0][:, 0]
    return table


def _leave_out(file: LabelFile, table: np.ndarray, unknown: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """Leave boxes out that would end the run or give NaN; return (N,) those that stay."""
    numbers = usable(table).all(axis=1)
    extent = (table[:, 2:4] > 0).all(axis=1)
    keep = ~unknown & numbers & extent
    reasons = {
        'of an image that the annotation file does not list': unknown,
        'with numbers that are not finite': ~unknown & ~numbers,
        'without positive width and height': ~unknown & numbers & ~extent,
    }
    if not keep.all():
        listed = {reason: np.flatnonzero(which).tolist() for reason, which in reasons.items()}
        left_out = part_of(int((~keep).sum()), len(keep), 'box', plural='boxes', verb='are')
        file.note(f'{left_out} left out: {count_reasons(listed, "box")}.')
        file.content = [file.content[i] for i in np.flatnonzero(keep)]
        file.corrected = True
    others = int((keep & ~persons).sum())
    if others:
        of_others = part_of(others, len(keep), 'box', plural='boxes', verb='are')
        file.note(f'{of_others} of another category than {PERSON}, which MMPose does not take.')
    return keep
