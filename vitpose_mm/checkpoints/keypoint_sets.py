"""The keypoint set that a checkpoint carries (``meta.dataset_meta``): by it people are flipped, drawn and scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .pickle_records import printable

MAX_KEYPOINTS = 10_000
MAX_NAME = 200  # letters; names go into results, tables and pages
# what a model needs of its keypoint set, and what draws and names its keypoints; files of detectors have other keys
NEEDED = (
    'dataset_name', 'num_keypoints', 'flip_indices',
    'keypoint_id2name', 'keypoint_colors', 'skeleton_links', 'skeleton_link_colors',
)  # fmt: skip
PAIRS = ('flip_pairs', 'skeleton_links')
PLAIN = (str, int, float, bool, type(None), np.ndarray, np.generic)  # what results.json can hold


def is_keypoint_set(dataset_meta: Any) -> bool:
    """Whether a dataset_meta describes keypoints, and all of what a model needs of them."""
    return isinstance(dataset_meta, Mapping) and all(dataset_meta.get(key) is not None for key in NEEDED)


def keypoint_set_problems(dataset_meta: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with a dataset_meta, as far as it describes keypoints, and with those of its subsets."""
    subsets = dataset_meta.get('subsets', {})
    if not isinstance(subsets, Mapping) or not all(isinstance(one, Mapping) for one in subsets.values()):
        yield f'subsets is {printable(subsets)}'
        subsets = {}
    for one in subsets.values():
        yield from keypoint_set_problems(one)
    num: Any = dataset_meta.get('num_keypoints')
    if 'num_keypoints' not in dataset_meta:
        return
    if not _is_index(num, MAX_KEYPOINTS):
        yield f'num_keypoints is {printable(num)}'
        return
    for key, value in dataset_meta.items():
        if key != 'subsets' and not _is_plain(value):
            yield f'{printable(key)} holds more than text and numbers'
    if not _is_name(dataset_meta.get('dataset_name', '')):
        yield f'dataset_name is {printable(dataset_meta["dataset_name"])}'
    for key in ('flip_indices', 'keypoint_id2name'):
        value = dataset_meta.get(key)
        if value is not None and not (isinstance(value, (list, tuple, dict)) and len(value) == num):
            yield f'{key} does not have one value for each of {num} keypoints'
    indices = dataset_meta.get('flip_indices') or ()
    if isinstance(indices, Mapping) or not all(_is_index(index, num) for index in indices):
        yield f'flip_indices is {printable(indices)}'
    for key in PAIRS:
        pairs = dataset_meta.get(key) or ()
        if not isinstance(pairs, (list, tuple)) or not all(_is_pair(pair, num) for pair in pairs):
            yield f'{key} is {printable(pairs)}'
    names = dataset_meta.get('keypoint_id2name') or {}
    if not isinstance(names, Mapping) or not all(_is_index(key, num) and _is_name(names[key]) for key in names):
        yield f'keypoint_id2name is {printable(names)}'
    yield from _array_problems(dataset_meta, num)


def _array_problems(dataset_meta: Mapping[str, Any], num: int) -> Iterator[str]:
    """Yield which arrays have other shapes than MMPose gives them, or numbers that mean nothing."""
    links = len(dataset_meta.get('skeleton_links') or ())
    shapes: dict[str, tuple[tuple[int, ...], ...]] = {
        'keypoint_colors': ((num, 3),),
        'skeleton_link_colors': ((links, 3),) if links else ((0, 3), (0,)),
        'sigmas': ((num,), (0,)),  # MMPose has none for many sets
        'dataset_keypoint_weights': (),  # MMPose's set coco_aic has one less than keypoints
    }
    for key, allowed in shapes.items():
        value = dataset_meta.get(key)
        if value is None:
            continue
        if not isinstance(value, np.ndarray) or (allowed and value.shape not in allowed):
            yield f'{key} does not have one value for each of {num} keypoints and {links} links'
        elif not ((value >= 0) & np.isfinite(value)).all() or (key.endswith('colors') and (value > 255).any()):
            yield f'{key} holds negative numbers, NaN, infinity or colours above 255'


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_NAME


def _is_plain(value: Any) -> bool:
    """Whether a value is text, numbers, or containers of these, which are not deep: the reader has seen to that."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    return isinstance(value, PLAIN)


def _is_index(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _is_pair(value: Any, limit: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(_is_index(index, limit) for index in value)
