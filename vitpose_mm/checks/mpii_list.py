"""The list that MMPose's MpiiDataset reads: one object per person, with 16 joints, a centre and a scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils.counted import counted
from ..utils.mat_files import read_mat
from .annotations import is_usable_number
from .label_file import LabelFile, shorten
from .number_lists import to_table, usable

JOINTS = 16
FORMAT = (
    "MMPose's list for MPII has one object per person with image, joints (16 of [x, y]), joints_vis (16 of 0 or 1), "
    'center ([x, y]) and scale: make it by tools/convert_dataset.py mpii'
)


def check_mpii(file: LabelFile) -> None:
    """Check all people of a list; people are not left out, for head boxes are found by their number.

    Raises:
        ValueError: names the person, the value and the fix.
    """
    people = file.content
    if not isinstance(people, list) or not people or not all(isinstance(one, dict) for one in people):
        raise file.fault(f'it is not a list of people; {FORMAT}.')
    for number, person in enumerate(people):
        name = person.get('image')
        if not isinstance(name, str) or not name.split('.')[0].isdecimal():
            raise file.fault(
                f"person number {number} has 'image': {shorten(name)}, and MpiiDataset takes the name for a number, "
                f'as in 015601864.jpg; {FORMAT}.'
            )
        if not is_usable_number(person.get('scale')) or not person['scale'] > 0:
            raise file.fault(f"person number {number} has 'scale': {shorten(person.get('scale'))}; {FORMAT}.")
    _check_lists(file, 'center', 2, [person.get('center') for person in people])
    visible = _check_lists(file, 'joints_vis', JOINTS, [person.get('joints_vis') for person in people])
    odd = ~np.isin(visible, (0, 1)).all(axis=1)
    for number in np.flatnonzero(odd):
        raise file.fault(f"person number {number} has 'joints_vis' that are not 0 or 1; {FORMAT}.")
    _check_lists(file, 'joints', 2 * JOINTS, [_flatten(person.get('joints')) for person in people])


def _check_lists(file: LabelFile, key: str, length: int, rows: list[Any]) -> np.ndarray:
    table, malformed = to_table(rows, length)
    for number in [*malformed, *np.flatnonzero(~usable(table).all(axis=1))]:
        raise file.fault(f'person number {number} has {key!r}: {shorten(rows[number])}; {FORMAT}.')
    return table


def _flatten(joints: Any) -> Any:
    """Flatten 16 of [x, y] to 32 numbers; return anything else as it is."""
    if not isinstance(joints, list) or not all(isinstance(joint, list) and len(joint) == 2 for joint in joints):
        return joints
    return [number for joint in joints for number in joint]


def check_head_boxes(path: str, *, number: int, where: str) -> None:
    """Check a dataset's file of head boxes: one, of finite numbers, for each person of the list.

    Raises:
        ValueError: the file is missing, damaged, or of another list.
    """
    title = f'{where}: file of head boxes (headbox_file) {path!r}'
    if not path.endswith('.mat'):
        raise ValueError(f'{title} does not end in .mat: name the mpii_gt_*.mat of the list')
    try:
        boxes = read_mat(path, content='file of head boxes (headbox_file)').get('headboxes_src')
    except ValueError as error:
        raise ValueError(f'{where}: {error}') from None
    try:
        found = np.array(boxes, float).reshape(2, 2, -1)
    except (TypeError, ValueError):
        raise ValueError(f'{title} has no headboxes_src of 2 x 2 numbers per person: name an mpii_gt_*.mat') from None
    if found.shape[2] != number or not usable(found).all():
        raise ValueError(
            f'{title} has {counted(found.shape[2], "box", "boxes")}, {usable(found).all(axis=(0, 1)).sum()} of them '
            f'of finite numbers, and the list has {counted(number, "person", "people")}: take the two that were made '
            f'together'
        )
