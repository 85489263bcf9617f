"""The keypoint set that a checkpoint carries (``meta.dataset_meta``): by it people are flipped, drawn and scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .pickle_records import printable

MAX_KEYPOINTS = 10_000
# what a model needs of its keypoint set; detectors' files have a dataset_meta of other keys
NEEDED = ('dataset_name', 'num_keypoints', 'flip_indices')
ONE_EACH = ('flip_indices', 'keypoint_colors', 'dataset_keypoint_weights', 'sigmas', 'keypoint_id2name')
PAIRS = ('flip_pairs', 'skeleton_links')


def is_keypoint_set(dataset_meta: Any) -> bool:
    """Whether a dataset_meta describes keypoints, and all of what a model needs of them."""
    return isinstance(dataset_meta, Mapping) and all(key in dataset_meta for key in NEEDED)


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
    if not isinstance(dataset_meta.get('dataset_name', ''), str):
        yield f'dataset_name is {printable(dataset_meta["dataset_name"])}'
    for key in ONE_EACH:
        value = dataset_meta.get(key)
        if value is not None and not (isinstance(value, (list, tuple, dict, np.ndarray)) and len(value) == num):
            yield f'{key} does not have one value for each of {num} keypoints'
    indices = dataset_meta.get('flip_indices') or ()
    if isinstance(indices, Mapping) or not all(_is_index(index, num) for index in indices):
        yield f'flip_indices is {printable(indices)}'
    for key in PAIRS:
        pairs = dataset_meta.get(key) or ()
        if not isinstance(pairs, (list, tuple)) or not all(_is_pair(pair, num) for pair in pairs):
            yield f'{key} is {printable(pairs)}'


def _is_index(value: Any, limit: int) -> bool:
    return type(value) is int and 0 <= value < limit


def _is_pair(value: Any, limit: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and all(_is_index(index, limit) for index in value)
