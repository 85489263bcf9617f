"""Faults of boxes, keypoints, counts, areas and categories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .fault import (
    HUGE,
    INF,
    MISSING,
    NAN,
    Change,
    Fault,
    add,
    change_each,
    harmless,
    noted,
    put,
    put_all,
    put_number,
    refused,
    show,
)

NAMES = ['nose', 'left_wing', 'right_wing', 'middle', 'tail']
NOT_FINITE = (NAN, INF, -INF, None, 1e300, HUGE)
NO_LIST = ('x', 5, True, {'x': 1})


def _one(key: str, value: Any) -> Change:
    return put('annotations', key, value)


def _all(key: str, value: Any) -> Change:
    return put_all('annotations', key, value)


def _each(changed: Callable[[dict], dict]) -> Change:
    return change_each('annotations', changed)


def boxes() -> list[Fault]:
    """Return faults of boxes."""
    odd = (*NO_LIST, [1, 2, 3], [1, 2, 3, 4, 5], [[1, 2], [3, 4]], ['1', '2', '3', '4'], [1, 2, 3, [4]], [1, 2, 3, {}])
    faults = [refused(f'bbox {show(value)}', _one('bbox', value), 'annotation .*its bbox is') for value in odd]
    for value in (MISSING, None, []):
        faults.append(noted(f'bbox {show(value)}', _one('bbox', value), 'left out: 1 with no box', 5))
        faults.append(refused(f'all bbox {show(value)}', _all('bbox', value), '6 with no box'))
    for index in range(4):
        for value in NOT_FINITE:
            name = f'bbox[{index}] {show(value)}'
            faults.append(noted(name, put_number('bbox', index, value), '1 with a box of numbers that are not', 5))
    for index, side in ((2, 'width'), (3, 'height')):
        faults.append(noted(f'{side} of box 0', put_number('bbox', index, 0), '1 with a box without width or', 5))
        faults.append(noted(f'{side} of box < 0', put_number('bbox', index, -40), '1 with a box of negative', 5))
    outside = ((500, 5), (-90, 5), (5, 500), (5, -90), (159, 5), (5, 119.5))
    for corner in outside:
        faults.append(noted(f'box at {corner}', _one('bbox', [*corner, 40, 40]), '1 with a box outside the image', 5))
    upside_down = _each(lambda one: {'bbox': [one['bbox'][0], one['bbox'][1] + 70, 60, -70]})
    return [
        *faults,
        refused('all boxes NaN', _all('bbox', [NAN] * 4), '6 with a box of numbers'),
        refused('boxes upside down', upside_down, '6 with a box of negative'),
        refused('boxes in shares', _all('bbox', [0.1, 0.1, 0.5, 0.5]), 'in pixels, not in shares'),
        noted('boxes as corners', _all('bbox', [90, 70, 150, 118]), '6 of 6 boxes end outside the image'),
        noted('boxes in other pixels', _each(_shrink), '6 of 6 people have no labelled keypoint in their box'),
        harmless('box partly outside', _one('bbox', [-20, -10, 100, 100])),
    ]


def _shrink(one: dict) -> dict:
    return {'bbox': [value / 10 for value in one['bbox']]}


def keypoints() -> list[Fault]:
    """Return faults of keypoints and visibilities."""
    faults = [refused(f'keypoints {show(value)}', _one('keypoints', value), 'its keypoints are') for value in NO_LIST]
    for value in (MISSING, None, []):
        faults.append(noted(f'keypoints {show(value)}', _one('keypoints', value), '1 with no keypoints', 5))
        faults.append(refused(f'all keypoints {show(value)}', _all('keypoints', value), '6 with no keypoints'))
    for index in (0, 1):
        for value in NOT_FINITE:
            name = f'keypoints[{index}] {show(value)}'
            faults.append(noted(name, put_number('keypoints', index, value), '1 with a keypoint that is not two', 5))
    for value in (NAN, INF, None, 1e300):
        faults.append(noted(f'unlabelled {show(value)}', _unlabelled(value), 'read as 0'))
    for value in (NAN, INF, None):
        faults.append(noted(f'visibility {show(value)}', put_number('keypoints', 2, value), '1 with a visibility', 5))
    for value in (3, -1, 0.5, 0.93, 100, 1e300):
        said = r'annotation \d+: keypoint 1 has visibility'
        faults.append(refused(f'visibility {show(value)}', put_number('keypoints', 2, value), said))
    for value in ('2', [2], {}, 'x' * 2_000_000):
        faults.append(refused(f'in keypoints {show(value)}', put_number('keypoints', 2, value), 'its keypoints are'))
    return [*faults, *_lengths(), *_harmless_keypoints()]


def _lengths() -> list[Fault]:
    triplets = [[10, 10, 2]] * 5
    return [
        refused('keypoints nested', _all('keypoints', triplets), 'numbers for keypoints|as one list'),
        refused('keypoints nested in 15', _one('keypoints', triplets * 3), 'as one list of numbers'),
        refused('x, y alone', _all('keypoints', [10, 10] * 5), 'x, y without visibility'),
        refused('a number too many', _one('keypoints', [10] * 16), '16 numbers for keypoints'),
        refused('a keypoint too few', _one('keypoints', [10, 10, 2] * 4), '[45] and [45] keypoints'),
        refused('a keypoint too few in all', _all('keypoints', [10, 10, 2] * 4), 'it has 4 keypoints per person, the'),
        refused('a keypoint too many in all', _all('keypoints', [10, 10, 2] * 6), 'it has 6 keypoints per person, the'),
        refused('keypoints as strings', _all('keypoints', ['10'] * 15), 'its keypoints are'),
        refused('in shares of the image', _all('keypoints', [0.2, 0.3, 2] * 5), 'in pixels of the image, not in'),
        refused('nobody labelled', _all('keypoints', [0] * 15), '6 without a labelled keypoint'),
        noted('all at the corner', _one('keypoints', [0, 0, 2] * 5), '1 with all keypoints left of', 5),
    ]


def _harmless_keypoints() -> list[Fault]:
    def odd_flags(content: dict) -> None:
        content['annotations'][2]['keypoints'][2:6:3] = [2.0, True]

    def unlabelled(content: dict) -> None:
        content['annotations'][2].update(keypoints=[0] * 15, num_keypoints=0)

    return [
        harmless('visibility 2.0 and true', odd_flags),
        harmless('keypoint left of the image', put_number('keypoints', 0, -25.5)),
        harmless('keypoint below the image', put_number('keypoints', 1, 400)),
        harmless('one without labels', unlabelled, left=5),
    ]


def _unlabelled(value: Any) -> Change:
    def change(content: dict) -> None:
        content['annotations'][2]['keypoints'][3:6] = [value, value, 0]

    return change


def counts() -> list[Fault]:
    """Return faults of num_keypoints and iscrowd."""
    wrong_counts = (0, None, '5', NAN, INF, [], True)
    wrong_crowds = (2, -1, '0', '1', NAN, [], {}, 0.5)
    return [
        *(
            noted(f'num_keypoints {show(v)}', _one('num_keypoints', v), "'num_keypoints' is missing")
            for v in wrong_counts
        ),
        *(refused(f'iscrowd {show(v)}', _one('iscrowd', v), "'iscrowd' is") for v in wrong_crowds),
        *(harmless(f'all num_keypoints {show(v)}', _all('num_keypoints', v)) for v in (MISSING, 3, 5.0)),
        *(harmless(f'all iscrowd {show(v)}', _all('iscrowd', v)) for v in (MISSING, False, 0.0, None)),
        harmless('a crowd', _one('iscrowd', 1), left=5),
        refused('crowds alone', _all('iscrowd', 1), 'no usable person .* 6 of a crowd'),
    ]


def categories() -> list[Fault]:
    """Return faults of categories."""

    def second(names: list[str], length: int) -> Change:
        def change(content: dict) -> None:
            content['categories'].append({'id': 2, 'name': 'dart', 'keypoints': names})
            last = content['annotations'][-1]
            last.update(category_id=2, keypoints=last['keypoints'][: 3 * length], num_keypoints=length)

        return change

    def first(key: str, value: Any) -> Change:
        return put('categories', key, value, index=0)

    differ = "'kite' .*5 keypoints.* and 'dart' .*[35] keypoints.* different keypoints"
    return [
        refused('a category of 3 keypoints', second(['tip', 'a', 'b'], 3), differ),
        refused('a category of 5 others', second(['tip', 'a', 'b', 'c', 'd'], 5), differ),
        harmless('two categories of the same keypoints', second(NAMES, 5)),
        harmless('6 keypoints unused', add('categories', {'id': 2, 'name': 'dart', 'keypoints': ['a'] * 6})),
        harmless('a group', add('categories', {'id': 0, 'name': 'things', 'supercategory': 'none'})),
        refused('keypoints in another order', first('keypoints', NAMES[::-1]), 'has tail at another index'),
        *(refused(f'names {show(v)}', first('keypoints', v), "has 'keypoints'") for v in ('nose', [1, 2], {}, 5)),
        *(harmless(f'names {show(v)}', first('keypoints', v)) for v in (MISSING, None, [])),
        harmless('category without a name', first('name', MISSING)),
    ]


def areas() -> list[Fault]:
    """Return faults of areas; they matter where a metric reads them."""
    said = "'area' is missing, zero or not a positive number"
    return [
        noted(f'area {show(v)}', _all('area', v), said)
        for v in (MISSING, None, 0, 0.0, -5, NAN, INF, HUGE, 'x', [], True)
    ]
