"""Check that the files of a dataset exist and belong to it; raise one sentence with the fix where not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset

from ..registry import DATASETS
from ..utils.counted import counted

# keys of files that mmpose's datasets do not join with data_root
_FILES_OUTSIDE_DATA_ROOT = {
    'bbox_file': ('file of detected boxes', " ('' for ground-truth boxes)"),
    'headbox_file': ('file of head boxes', ''),
}
# the first flat list under "keypoints", of numbers (a person) or of names (a category)
_KEYPOINTS = re.compile(rb'"keypoints"\s*:\s*(\[[^\[\]]+\])')
_CHUNK, _LONGEST = 1 << 20, 1 << 16  # bytes


def check_dataset_paths(cfg: dict, *, where: str) -> None:
    """Check that the folder, annotations, images and boxes of a dataset exist.

    Args:
        cfg: Config of one dataset (not of a wrapper).
        where: How the user reaches it in the config, such as 'train_dataloader.dataset'.

    Raises:
        ValueError: Names the path, the config key and the fix.
    """
    root = cfg.get('data_root') or ''
    ann_file = cfg.get('ann_file') or ''
    folders = cfg.get('data_prefix') or {}
    if root and not _exists(root, folder=True):
        wanted = ' and '.join(repr(name) for name in [ann_file, *folders.values()] if name)
        raise ValueError(
            f'{where}: data_root {root!r} is not a folder; put the data there ({wanted or "images"} below it), '
            f'make it a link, or set {where}.data_root to where it is'
        )
    if ann_file and not _exists(join_root(root, ann_file)):
        raise ValueError(
            f'{where}: annotation file {join_root(root, ann_file)!r} does not exist; put it there or set '
            f'{where}.ann_file (below data_root, or absolute)'
        )
    for key, prefix in folders.items():
        if not _exists(join_root(root, prefix), folder=True):
            raise ValueError(
                f'{where}: image folder {join_root(root, prefix)!r} does not exist; put the images there or '
                f'set {where}.data_prefix.{key} (below data_root, or absolute)'
            )
    for key, (content, choice) in _FILES_OUTSIDE_DATA_ROOT.items():
        if cfg.get(key):
            check_file_outside_data_root(cfg[key], content=content, where=f'{where}.{key}{choice}')


def check_file_outside_data_root(path: str, *, content: str, where: str) -> None:
    """Check that a file whose path MMPose does not join with data_root exists."""
    if not _exists(path):
        raise ValueError(f'{content} {path!r} does not exist; put it there or set {where}')


def join_root(root: str, path: str) -> str:
    """Join data_root and a path of a dataset config as MMPose does."""
    return path if not root or '://' in path else os.path.join(root, path)


def _exists(path: str, *, folder: bool = False) -> bool:
    # MMEngine reads remote storage (s3://, http://)
    if '://' in path:
        return True
    return Path(path or '.').is_dir() if folder else Path(path).is_file()


def count_keypoints(ann_file: str) -> int | None:
    """Count the keypoints of the first person or category of a COCO-format json; None where it names none.

    Reads no further than the first list, so that a large file costs a fraction of a second.
    """
    with open(ann_file, 'rb') as file:
        text = b''
        while chunk := file.read(_CHUNK):
            text = text[-_LONGEST:] + chunk
            for match in _KEYPOINTS.finditer(text):
                values = json.loads(match.group(1))
                if values:
                    return len(values) if isinstance(values[0], str) else len(values) // 3
    return None


def build_checked(dataset: dict | BaseDataset, *, where: str) -> BaseDataset:
    """Build a dataset after checking that its files exist; a built dataset passes through."""
    if not isinstance(dataset, dict):
        return dataset
    check_dataset_paths(dataset, where=where)
    try:
        return DATASETS.build(dataset)
    except ValueError as error:
        raise _explain(error, dataset.get('ann_file', ''), where) from error


def check_loaded(dataset: BaseDataset, *, where: str) -> None:
    """Load a dataset's annotations and compare them with its metainfo.

    Raises:
        ValueError: If there is no usable person, a person has another number of keypoints, or the file names them in
            another order.
    """
    try:
        dataset.full_init()
    except ValueError as error:
        raise _explain(error, dataset.ann_file, where) from error
    if len(dataset) == 0:
        raise _empty(dataset.ann_file, where)
    expected = dataset.metainfo.get('num_keypoints')
    keypoints = dataset.get_data_info(0).get('keypoints')
    if expected is not None and keypoints is not None and np.shape(keypoints)[1] != expected:
        raise ValueError(
            f'{where}: annotation file {dataset.ann_file!r} has {counted(np.shape(keypoints)[1], "keypoint")} per '
            f'person, the metainfo of {type(dataset).__name__} has {expected}; set {where}.type or {where}.metainfo '
            f'to the dataset that the file belongs to'
        )
    for category in dataset.metainfo.get('CLASSES') or ():  # the file's, as mmpose keeps them
        names = category.get('keypoints') if isinstance(category, Mapping) else None
        moved = find_moved(names or (), dataset.metainfo.get('keypoint_id2name') or {})
        if moved is not None:
            raise ValueError(
                f'{where}: annotation file {dataset.ann_file!r} has {moved} at another index than the metainfo of '
                f'{type(dataset).__name__}; set {where}.type or {where}.metainfo to the dataset of the file'
            )


def find_moved(names: Sequence[str], known: Mapping[int, str]) -> str | None:
    """Return the first keypoint name that a file and a metainfo have at different indices.

    Files and metainfos spell them differently ('L_Eye', 'left_eye'); names that only one of them has are not compared.
    """
    indices = {_normalized(name): index for index, name in known.items()}
    for index, name in enumerate(names):
        if indices.get(_normalized(name), index) != index:
            return name
    return None


def _normalized(name: str) -> str:
    words = re.split(r'[\s_-]+', name.lower())
    return ''.join({'l': 'left', 'r': 'right'}.get(word, word) for word in words)


def _explain(error: ValueError, ann_file: str, where: str) -> ValueError:
    if isinstance(error, json.JSONDecodeError):
        return ValueError(
            f'{where}: annotation file {ann_file!r} is not a whole JSON file ({error}); copy it again, or make it again'
        )
    # mmengine serialises the list of persons with np.concatenate, which wants one at least
    return _empty(ann_file, where) if 'need at least one array' in str(error) else error


def _empty(ann_file: str, where: str) -> ValueError:
    return ValueError(
        f'{where}: annotation file {ann_file!r} has no usable person (box with an area, a labelled keypoint, '
        f'no crowd); choose another file or look at {where}.indices and filter_cfg'
    )
