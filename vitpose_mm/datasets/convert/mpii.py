"""MPII's release -> the json list and the head boxes that mmpose's MpiiDataset reads.

The release counts pixels from 1, and so do both outputs: mmpose takes the 1 off the centre, ShiftKeypoints off the
joints in training, and MpiiPCKAccuracy adds it to predictions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...synthetic.labels import MPII
from ...utils.files import write_json
from .mpii_truth import write_mpii_truth

MISSING = [-1.0, -1.0]


class Person(NamedTuple):
    """One record of mmpose's list, and the head box ((x1, y1), (x2, y2)) beside it."""

    record: dict
    head: np.ndarray


def convert_mpii(source: str | Path, destination: str | Path, *, val_images: str | Path | None = None) -> dict:
    """mpii_human_pose_v1_u12_1.mat -> mpii_trainval.json, and mpii_train.json, mpii_val.json, mpii_gt_val.mat.

    All people of the training images are kept that have joints, a head box, a centre and a scale; the test images
    have no labels. A joint counts as visible where it is labelled, hidden or not, as in the lists in common use.

    Args:
        source: the released file.
        destination: folder to write to.
        val_images: text file with names of the validation images, one a line; the release has no such split. None:
            only mpii_trainval.json and mpii_gt_trainval.mat are written.

    Returns:
        people by name of the list that they are in.

    Raises:
        ValueError: the source is of another form, or a validation image is not among the training images.
    """
    people = list(read_people(Path(source)))
    lists = {'trainval': people}
    if val_images is not None:
        chosen = set(Path(val_images).read_text().split())
        absent = chosen - {person.record['image'] for person in people}
        if absent:
            raise ValueError(f'{val_images}: {min(absent)} is no training image with people of {source}')
        lists['train'] = [person for person in people if person.record['image'] not in chosen]
        lists['val'] = [person for person in people if person.record['image'] in chosen]
    folder = Path(destination)
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen_people in lists.items():
        records = [person.record for person in chosen_people]
        write_json(records, folder / f'mpii_{name}.json', compact=True)
        heads = [person.head for person in chosen_people]
        write_mpii_truth(folder / f'mpii_gt_{name}.mat', records, heads=heads, names=MPII)
    return {name: len(chosen_people) for name, chosen_people in lists.items()}


def read_people(source: Path) -> Iterator[Person]:
    """Released file -> the usable people of its training images.

    Raises:
        ValueError: it is no such file, or has nobody.
    """
    release = load_release(source)
    images, training = listed(release.annolist), np.atleast_1d(release.img_train)
    if len(images) != len(training):
        raise ValueError(f'{source}: annolist has {len(images)} images and img_train {len(training)} flags')
    found = False
    for image, used in zip(images, training, strict=True):
        for rectangle in listed(image.annorect) if used else ():
            person = parse_person(rectangle, str(image.image.name), source)
            if person is not None:
                found = True
                yield person
    if not found:
        raise ValueError(f'{source} has no labelled person in its training images')


def load_release(source: Path) -> Any:
    """Path -> the struct RELEASE."""
    from scipy.io import loadmat

    mend = 'is not the release of MPII (mpii_human_pose_v1_u12_1.mat)'
    if not source.is_file():
        raise ValueError(f'{source} does not exist: give the path of mpii_human_pose_v1_u12_1.mat')
    try:
        content = loadmat(source, struct_as_record=False, squeeze_me=True)
    except (ValueError, NotImplementedError, TypeError, OSError) as error:
        raise ValueError(f'{source} {mend}: {error}') from error
    release = content.get('RELEASE')
    missing = [name for name in ('annolist', 'img_train') if not hasattr(release, name)]
    if missing:
        raise ValueError(f'{source} {mend}: it has no RELEASE.{missing[0]}')
    return release


def listed(value: Any) -> list[Any]:
    """What Matlab's struct array came as (struct, array or empty array) -> list of structs."""
    return list(np.atleast_1d(np.asarray(value, dtype=object)).ravel())


def parse_person(rectangle: Any, image: str, source: Path) -> Person | None:
    """One annorect -> a person; None where joints, head box, centre or scale are not there.

    Raises:
        ValueError: a joint that MPII has not.
    """
    points = listed(getattr(getattr(rectangle, 'annopoints', None), 'point', []))
    centre, scale = getattr(rectangle, 'objpos', None), getattr(rectangle, 'scale', None)
    corners = [getattr(rectangle, key, None) for key in ('x1', 'y1', 'x2', 'y2')]
    numbers: list[Any] = [scale, getattr(centre, 'x', None), getattr(centre, 'y', None), *corners]
    if not points or any(number is None or np.size(number) != 1 for number in numbers):
        return None
    joints, seen = [list(MISSING) for _ in MPII], [0] * len(MPII)
    for point in points:
        number = int(point.id)
        if not 0 <= number < len(MPII):
            raise ValueError(f'{source}, image {image}: joint {number} is none of 0 to {len(MPII) - 1}')
        joints[number], seen[number] = [float(point.x), float(point.y)], 1
    scale, x, y, *box = (float(number) for number in numbers)
    record = {'image': image, 'joints': joints, 'joints_vis': seen, 'center': [x, y], 'scale': scale}
    return Person(record, np.array(box).reshape(2, 2))
