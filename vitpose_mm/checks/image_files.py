"""The image files of an annotation file: names inside the image folder, regular files, and their sizes."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..utils.counted import counted, part_of
from ..utils.image_size import ImageError, ImageSize, read_upright_size
from .label_file import LabelFile, name_ids, shorten

THREADS = 16  # a network file system takes a while to answer
FILES_PER_BLOCK = 500  # consecutive files that a thread checks
NUM_SAMPLED = 64  # image files that are opened
MAX_OTHER_SIZE = 0.1  # share of the sample whose size may differ


class Folder(NamedTuple):
    """Where the images of a dataset are.

    Attributes:
        path: MMPose joins file names to it.
        where: Config key for sentences, such as 'val_dataloader.dataset.data_prefix.img'.
        max_missing: Share of the images that may be missing.
    """

    path: str
    where: str
    max_missing: float = 0.0


def check_names(file: LabelFile, images: Sequence[dict], folder: Folder) -> None:
    """Check that every file name is one inside the image folder; Windows' separators are replaced where that helps.

    Args:
        file: annotation file, for errors.
        images: its images, with id and file_name.
        folder: folder that the names are relative to.

    Raises:
        ValueError: names the image and its file name.
    """
    replaced = []
    root = os.path.abspath(folder.path)
    for image in images:
        name = image.get('file_name')
        fault = f'image {image["id"]} has file_name {shorten(name)}'
        if not isinstance(name, str) or not name.strip():
            raise file.fault(f'{fault}: give the path of its file below {folder.path!r} ({folder.where}).')
        if '://' in name:
            raise file.fault(f'{fault}, an address: download the images, and give their paths below {folder.path!r}.')
        if '\\' in name and not os.path.exists(os.path.join(folder.path, name)):
            image['file_name'] = name = name.replace('\\', '/')
            replaced.append(image['id'])
        if os.path.isabs(name) or '..' in name:
            inside = os.path.abspath(os.path.join(root, name)).startswith(root.rstrip('/') + '/')
            if not inside:
                raise file.fault(
                    f'{fault}, which is not inside the image folder {folder.path!r}: give paths below it, or set '
                    f'{folder.where} to the folder that all images are in.'
                )
    if replaced:
        file.corrected = True
        file.note(f"'file_name' of {name_ids(replaced, 'image')} has backslashes, which are read as slashes.")


def check_image_files(file: LabelFile, images: Sequence[dict], folder: Folder) -> list[dict]:
    """Check that the image files in use exist, are regular and not empty; return the images that have such a file.

    Args:
        file: annotation file, for errors.
        images: the images in use, each with file_name.
        folder: folder that the names are relative to.

    Raises:
        ValueError: more than the allowed share is missing.
    """
    paths = [os.path.join(folder.path, image['file_name']) for image in images]
    blocks = [paths[i : i + FILES_PER_BLOCK] for i in range(0, len(paths), FILES_PER_BLOCK)]
    with ThreadPoolExecutor(THREADS) as pool:
        problems = list(chain.from_iterable(pool.map(_find_problems, blocks)))
    missing = [f'{shorten(path, 400)} {problem}' for path, problem in zip(paths, problems, strict=True) if problem]
    if len(missing) > folder.max_missing * len(paths):
        raise file.fault(
            f'{len(missing)} of its {counted(len(paths), "image")} in use cannot be read, the first {missing[0]}: put '
            f'the images there, or set {folder.where} to the folder that they are in.'
        )
    if missing:
        file.note(
            f'{len(missing)} of its {counted(len(paths), "image")} in use cannot be read, the first {missing[0]}: '
            'other images replace them in training.'
        )
    return [image for image, problem in zip(images, problems, strict=True) if not problem]


def _find_problems(paths: Sequence[str]) -> list[str | None]:
    return [_find_problem(path) for path in paths]


def _find_problem(path: str) -> str | None:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        return f'({getattr(error, "strerror", None) or error})'
    if not stat.S_ISREG(status.st_mode):
        return '(not a regular file)'
    return None if status.st_size else '(empty)'


def check_sizes(file: LabelFile, images: Sequence[dict], folder: Folder) -> None:
    """Compare the sizes of some image files, as training reads them, with those in the annotation file.

    Args:
        file: annotation file, for errors.
        images: whose files are there, with file_name, width and height.
        folder: folder that the names are relative to.

    Raises:
        ValueError: many sizes differ, or many files are not images.
    """
    chosen = [images[i] for i in np.unique(np.linspace(0, len(images) - 1, min(NUM_SAMPLED, len(images))).astype(int))]
    differing, unclear, unreadable = [], [], []
    for image in chosen:
        path = os.path.join(folder.path, image['file_name'])
        try:
            found = read_upright_size(Path(path))
        except ImageError as error:
            unreadable.append(str(error))
            continue
        if (found.width, found.height) != (image['width'], image['height']):
            differing.append(_describe_difference(path, image, found))
        elif found.orientation > 1 and (found.orientation < 5 or found.width == found.height):
            unclear.append(path)
    if len(unreadable) > folder.max_missing * len(chosen):
        raise file.fault(f'{part_of(len(unreadable), len(chosen), "opened image")}: {unreadable[0]}')
    other_size = part_of(len(differing), len(chosen), 'opened image', verb='have')
    if len(differing) > MAX_OTHER_SIZE * len(chosen):
        raise file.fault(f'{other_size} another size: {differing[0]}')
    if differing:
        file.note(f'{other_size} another size: {differing[0]}')
    if unclear:
        file.note(
            f'{part_of(len(unclear), len(chosen), "opened image", verb="have")} an EXIF orientation, the first '
            f'{unclear[0]!r}: training reads them as it says, so labels have to be on the pixels that a viewer shows.'
        )


def _describe_difference(path: str, image: dict, found: ImageSize) -> str:
    listed = f'{image["width"]} x {image["height"]}'
    if found.orientation > 4 and (found.height, found.width) == (image['width'], image['height']):
        return (
            f'{path!r} has an EXIF orientation, training reads it as {found.width} x {found.height} pixels, and the '
            f'file lists the {listed} that are stored: label what a viewer shows and list its size, or remove the '
            f'orientation from the image.'
        )
    return (
        f'{path!r} is {found.width} x {found.height} pixels and listed as {listed}: use the images that were labelled, '
        f'or scale the labels with them.'
    )
