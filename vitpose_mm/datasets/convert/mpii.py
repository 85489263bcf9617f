"""Convert MPII's release to the json list and the head boxes that mmpose's MpiiDataset reads.

The release counts pixels from 1, and so do both outputs: mmpose takes the 1 off the centre, ShiftKeypoints off the
joints in training, and MpiiPCKAccuracy adds it to predictions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...checks.number_lists import LARGEST, is_number
from ...synthetic.label_sets import MPII
from ...utils.files import complete, refuse_source
from ...utils.mat_files import read_mat
from .mpii_truth import write_mpii_truth

MISSING = [-1.0, -1.0]


class Person(NamedTuple):
    """One record of mmpose's list, and the head box ((x1, y1), (x2, y2)) beside it."""

    record: dict
    head: np.ndarray


def convert_mpii(source: str | Path, destination: str | Path, *, val_images: str | Path | None = None) -> dict:
    """Convert mpii_human_pose_v1_u12_1.mat to mpii_trainval.json, and mpii_train.json, mpii_val.json, mpii_gt_val.mat.

    All people of the training images are kept that have joints, a head box, a centre and a scale; the test images
    have no labels. A joint counts as visible where it is labelled, hidden or not, as in the lists in common use.

    Args:
        source: the released file.
        destination: folder to write to.
        val_images: text file with names of the validation images, one per line; the release has no such split. None:
            only mpii_trainval.json and mpii_gt_trainval.mat are written.

    Returns:
        people by name of the list that they are in.

    Raises:
        ValueError: the source is of another form, a validation image is not among the training images, or a file to
            write is the source; nothing is written then.
    """
    source, folder = Path(source), Path(destination)
    people = list(read_people(source))
    lists = {'trainval': people}
    if val_images is not None:
        chosen = set(Path(val_images).read_text().split())
        absent = chosen - {person.record['image'] for person in people}
        if absent:
            raise ValueError(f'{val_images}: {min(absent)} is not a training image with people of {source}')
        lists['train'] = [person for person in people if person.record['image'] not in chosen]
        lists['val'] = [person for person in people if person.record['image'] in chosen]
    files = {name: (folder / f'mpii_{name}.json', folder / f'mpii_gt_{name}.mat') for name in lists}
    refuse_source(source, *(file for pair in files.values() for file in pair))
    with ExitStack() as stack:  # all files appear together, when the last one is written
        for name, (list_file, truth_file) in files.items():
            records = [person.record for person in lists[name]]
            heads = [person.head for person in lists[name]]
            stack.enter_context(complete(list_file)).write_text(json.dumps(records))
            write_mpii_truth(stack.enter_context(complete(truth_file)), records, heads=heads, names=MPII)
    return {name: len(found) for name, found in lists.items()}


def read_people(source: Path) -> Iterator[Person]:
    """Yield the usable people of the training images of a released file.

    Raises:
        ValueError: it is another file, or has no usable person.
    """
    release = load_release(source)
    images, training = listed(release['annolist']), listed(release['img_train'])
    if len(images) != len(training):
        raise ValueError(f'{source}: annolist has {len(images)} images and img_train {len(training)} flags')
    found = False
    for image, used in zip(images, training, strict=True):
        for rectangle in listed(field(image, 'annorect')) if used else ():
            person = parse_person(rectangle, str(field(image, 'image', 'name')), source)
            if person is not None:
                found = True
                yield person
    if not found:
        raise ValueError(f'{source} has no labelled person in its training images')


def load_release(source: Path) -> dict:
    """Read the struct RELEASE of a file."""
    fix = 'is not the release of MPII (mpii_human_pose_v1_u12_1.mat)'
    if not source.is_file():
        raise ValueError(f'{source} does not exist: give the path of mpii_human_pose_v1_u12_1.mat')
    try:
        release: Any = read_mat(source, content='file').get('RELEASE')
    except ValueError as error:
        raise ValueError(f'{source} {fix}: {error}') from error
    missing = [name for name in ('annolist', 'img_train') if field(release, name) is None]
    if missing:
        raise ValueError(f'{source} {fix}: it has no RELEASE.{missing[0]}')
    return release


def listed(value: Any) -> list[Any]:
    """Return what Matlab's struct array was read as (struct, list, or nothing) as a list of structs."""
    return value if isinstance(value, list) else [] if value is None else [value]


def field(struct: Any, *names: str) -> Any:
    """Return the value at a path of fields of a struct; None where a part is missing or is not a struct."""
    for name in names:
        struct = struct.get(name) if isinstance(struct, dict) else None
    return struct


def parse_person(rectangle: Any, image: str, source: Path) -> Person | None:
    """Return the person of one annorect; None where joints, head box, centre or scale are missing.

    Raises:
        ValueError: a joint that MPII does not have, a number that is not finite, or a head box whose right edge comes
            first.
    """
    where = f'{source}, image {image}'
    points = listed(field(rectangle, 'annopoints', 'point'))
    paths = [('scale',), ('objpos', 'x'), ('objpos', 'y'), ('x1',), ('y1',), ('x2',), ('y2',)]
    numbers = [field(rectangle, *names) for names in paths]
    if not points or not all(map(is_number, numbers)):
        return None
    joints, seen = [list(MISSING) for _ in MPII], [0] * len(MPII)
    for point in points:
        number, position = field(point, 'id'), [field(point, 'x'), field(point, 'y')]
        if number not in range(len(MPII)):
            raise ValueError(f'{where}: joint {number} is not one of 0 to {len(MPII) - 1}')
        joints[number], seen[number] = [_finite(one, where, 'joints') for one in position], 1
    scale, x, y, *box = (_finite(one, where, 'scale, centre and head box') for one in numbers)
    if box[2] < box[0] or box[3] < box[1]:
        raise ValueError(f'{where}: the head box {box} has its right or lower edge first: correct it, or take it out')
    record = {'image': image, 'joints': joints, 'joints_vis': seen, 'center': [x, y], 'scale': scale}
    return Person(record, np.array(box).reshape(2, 2))


def _finite(value: Any, where: str, name: str) -> float:
    if not is_number(value) or not abs(value) <= LARGEST:
        raise ValueError(f'{where}: {name} have {value!r}, which is not a finite number: correct it, or take it out')
    return float(value)
