"""Keypoints of annotations: 3 finite numbers each, the same keypoints in all categories, visibility 0, 1 or 2."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..utils.counted import counted
from .annotations import NO_KEYPOINTS, NOTHING_INSIDE, Annotations, Need, is_usable_number
from .label_file import name_ids, shorten
from .number_lists import to_table, usable

FLAGS = '0 (not labelled), 1 (hidden) or 2 (visible)'


class Keypoints(NamedTuple):
    """Keypoints of N annotations.

    Attributes:
        number: K, of each person; None where nobody has keypoints.
        points: (N, K, 3) x, y in image pixels and visibility; 0 for annotations that are left out.
        labelled: (N,) whether MMPose takes the annotation for a person.
    """

    number: int | None
    points: np.ndarray
    labelled: np.ndarray


def read_keypoints(annotations: Annotations, need: Need) -> Keypoints:
    """Read and check all keypoints; coordinates of unlabelled ones that are not numbers become 0.

    Raises:
        ValueError: keypoints or visibilities are malformed, or differ between annotations.
    """
    rows = annotations.leave_out_empty('keypoints', NO_KEYPOINTS)
    chosen = np.flatnonzero(annotations.keep)
    number = _count_keypoints(annotations, chosen)
    if number is None:
        return Keypoints(None, np.zeros((len(rows), 0, 3)), np.zeros(len(rows), bool))
    table, malformed = to_table([rows[i] for i in chosen], 3 * number)
    for index in chosen[malformed]:
        raise annotations.fault(
            index, f'its keypoints are {shorten(rows[index])}: write them as one list of numbers, x1, y1, v1, x2, ...'
        )  # fmt: skip
    points = np.zeros((len(rows), number, 3))
    points[chosen] = table.reshape(-1, number, 3)
    _check_visibility(annotations, points, need)
    _check_coordinates(annotations, points)
    _check_other_parts(annotations, need)
    points[~annotations.keep] = 0
    _correct_counts(annotations, points[..., 2], need)
    counts = np.array([item.get('num_keypoints', 1) for item in annotations.items], float)
    labelled = (points[..., 2] > 0).any(axis=1) & (counts != 0)
    annotations.leave_out(labelled & (points[..., :2].max(axis=(1, 2)) <= 0), NOTHING_INSIDE)
    return Keypoints(number, points, labelled)


def _count_keypoints(annotations: Annotations, chosen: np.ndarray) -> int | None:
    """Return the number of keypoints that all chosen annotations have; None where there are none."""
    first_of: dict[tuple[int, int], int] = {}  # by category id and length of the list
    for index in chosen:
        item = annotations.items[index]
        if not isinstance(item['keypoints'], list):
            raise annotations.fault(
                index, f'its keypoints are {shorten(item["keypoints"])}: write a list of numbers, x1, y1, v1, x2, ...'
            )  # fmt: skip
        first_of.setdefault((item['category_id'], len(item['keypoints'])), index)
    for (_, length), index in first_of.items():
        if length % 3:
            hint = ' (x, y without visibility?)' if length % 2 == 0 else ''
            raise annotations.fault(
                index, f'it has {length} numbers for keypoints{hint}: write x, y and visibility, {FLAGS}, for each.'
            )  # fmt: skip
    _refuse_several(annotations, first_of)
    return next(iter(first_of))[1] // 3 if first_of else None


def _refuse_several(annotations: Annotations, first_of: dict[tuple[int, int], int]) -> None:
    """Refuse annotations of one category, or categories, that differ in their keypoints."""
    by_category: dict[int, tuple[int, int]] = {}  # length of the list, index of its first annotation
    for (category, length), index in first_of.items():
        if category in by_category:
            other, first = by_category[category]
            ids = ' and '.join(str(annotations.items[i]['id']) for i in (first, index))
            raise annotations.file.fault(
                f'annotations {ids} are of the same category and have {other // 3} and '
                f'{counted(length // 3, "keypoint")}: list '
                f'all keypoints of the category in each, 0, 0, 0 for those that are not labelled.'
            )
        by_category[category] = length, index
    categories = {one['id']: one for one in annotations.file.content['categories']}
    used = [categories[category] for category in by_category]
    lengths = [by_category[one['id']][0] // 3 for one in used]
    for one, length in zip(used[1:], lengths[1:], strict=True):
        same_names = not {'keypoints'} <= set(one) & set(used[0]) or one['keypoints'] == used[0]['keypoints']
        if length != lengths[0] or not same_names:
            raise annotations.file.fault(
                f'its categories {shorten(used[0].get("name"))} (id {used[0]["id"]}, '
                f'{counted(lengths[0], "keypoint")}) and '
                f'{shorten(one.get("name"))} (id {one["id"]}, {counted(length, "keypoint")}) have different '
                'keypoints: write a file for each category, and train them as two datasets or in two runs.'
            )


def _check_visibility(annotations: Annotations, points: np.ndarray, need: Need) -> None:
    visibility = points[..., 2]
    odd = np.isfinite(visibility) & ~np.isin(visibility, (0, 1, 2))
    if need.plain and odd.any():
        index, keypoint = np.argwhere(odd)[0]
        raise annotations.fault(
            index, f'keypoint {keypoint + 1} has visibility {visibility[index, keypoint]:g}, and '
            f'{counted(int(odd.any(axis=1).sum()), "annotation has", "annotations have")} one like it: write {FLAGS}.'
        )  # fmt: skip
    annotations.leave_out(~np.isfinite(visibility).all(axis=1), 'with a visibility that is not a finite number')


def _check_coordinates(annotations: Annotations, points: np.ndarray) -> None:
    """Leave out people with labelled keypoints without coordinates; set unlabelled ones to 0, in ``points`` too."""
    nowhere = ~usable(points[..., :2]).all(axis=-1)
    labelled = points[..., 2] > 0
    annotations.leave_out((nowhere & labelled).any(axis=1), 'with a keypoint that is not two finite numbers')
    coordinates = np.abs(points[annotations.keep][labelled[annotations.keep], :2])
    if (coordinates <= 1).all() and (coordinates > 0).any():
        raise annotations.file.fault(
            f'no keypoint has a coordinate above 1, such as those of {name_ids(annotations.ids(annotations.keep))}: '
            f'give keypoints in pixels of the image, not in shares of it.'
        )
    points[nowhere, :2] = 0
    corrected = np.flatnonzero((nowhere & ~labelled).any(axis=1) & annotations.keep)
    for index in corrected:
        for keypoint in np.flatnonzero(nowhere[index]):
            annotations.items[index]['keypoints'][3 * keypoint : 3 * keypoint + 2] = [0, 0]
    if len(corrected):
        annotations.file.corrected = True
        annotations.file.note(
            f'unlabelled keypoints have coordinates that are not numbers in {name_ids(annotations.ids(corrected))}: '
            f'they are read as 0.'
        )


def _check_other_parts(annotations: Annotations, need: Need) -> None:
    """Check keypoints under further keys, and give what MMPose's whole-body dataset reads without asking."""
    for key, length in need.other_parts.items():
        chosen = np.flatnonzero(annotations.keep)
        rows = [annotations.items[i].get(key) for i in chosen]
        table, malformed = to_table(rows, length)
        for which in malformed:
            raise annotations.fault(
                chosen[which], f'its {key} are {shorten(rows[which])}: whole bodies have {length // 3} keypoints there.'
            )  # fmt: skip
        annotations.leave_out(chosen[~usable(table).all(axis=1)], f'with {key} that are not finite numbers')
    if need.other_parts:
        for item in annotations.items:
            if not {'iscrowd', 'segmentation'} <= item.keys():
                annotations.file.corrected = True
                item.setdefault('iscrowd', 0)
                item.setdefault('segmentation', [])


def _correct_counts(annotations: Annotations, visibility: np.ndarray, need: Need) -> None:
    """Set ``num_keypoints`` where it is not a number, and where it is 0 though keypoints are visible.

    CrowdPose counts visible keypoints alone, and its metric needs the count.
    """
    visible = (visibility == 2).sum(axis=1)
    corrected = []
    for index, item in enumerate(annotations.items):
        count = item.get('num_keypoints')
        if count is None and 'num_keypoints' not in item and not (need.crowd or need.other_parts):
            continue
        if not is_usable_number(count) or (count == 0 and visible[index]):
            item['num_keypoints'] = int(visible[index] if need.crowd else (visibility[index] > 0).sum())
            corrected.append(item['id'])
    if corrected:
        annotations.file.corrected = True
        annotations.file.note(f"'num_keypoints' is missing or wrong in {name_ids(corrected)}: keypoints are counted.")
