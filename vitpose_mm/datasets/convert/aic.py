"""Convert AI Challenger's release to the COCO-style file that mmpose's AicDataset reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...checks.number_lists import LARGEST, is_number
from ...utils.files import refuse_source, write_json
from ...utils.image_size import ImageError, read_upright_size
from ...utils.json_files import read_json

# AI Challenger: 1 visible, 2 hidden, 3 not labelled; COCO: 2, 1, 0
VISIBILITY = {1: 2, 2: 1, 3: 0, 0: 0}
NAMES = (
    'Right Shoulder', 'Right Elbow', 'Right Wrist', 'Left Shoulder', 'Left Elbow', 'Left Wrist',
    'Right Hip', 'Right Knee', 'Right Ankle', 'Left Hip', 'Left Knee', 'Left Ankle', 'Head top', 'Neck',
)  # fmt: skip
LINKS = (
    (3, 2), (2, 1), (1, 14), (14, 4), (4, 5), (5, 6), (9, 8), (8, 7), (7, 10), (10, 11), (11, 12), (13, 14), (1, 7),
    (4, 10),
)  # fmt: skip
LACKING = 'is not an annotation file of AI Challenger keypoints, a list of images with'


def convert_aic(source: str | Path, destination: str | Path, *, images: str | Path | None = None) -> dict[str, int]:
    """Convert keypoint_*_annotations_*.json to aic_train.json or aic_val.json for mmpose; count images and people.

    Args:
        source: the released file: [{image_id, keypoint_annotations, human_annotations}, ...].
        destination: file to write; COCO's format with x, y, visibility and boxes x, y, w, h in pixels.
        images: folder of <image_id>.jpg, whose sizes are needed; None: the one folder keypoint_*_images_* next
            to the source.

    Raises:
        ValueError: the source or an image is missing or of another form, or the destination is the source; nothing is
            written then.
    """
    source, destination = Path(source), Path(destination)
    refuse_source(source, destination)
    released, _ = read_json(source, content='annotation file of AI Challenger')
    if not isinstance(released, list) or not released:
        raise ValueError(f'{source} {LACKING} image_id, keypoint_annotations and human_annotations')
    folder = Path(images) if images is not None else find_images(source)
    records: list[dict] = []
    people: list[dict] = []
    for number, image in enumerate(released, 1):
        people += parse_people(image, source, image_id=number, first_id=len(people) + 1)
        name = f'{image["image_id"]}.jpg'
        width, height = read_size(folder / name)
        records.append({'id': number, 'file_name': name, 'width': width, 'height': height, 'url': image.get('url', '')})
    person = {'id': 1, 'name': 'person', 'supercategory': 'person', 'keypoints': NAMES, 'skeleton': LINKS}
    info = {'description': 'AI Challenger keypoints in COCO format', 'source': source.name}
    content = {'info': info, 'images': records, 'annotations': people, 'categories': [person]}
    write_json(content, Path(destination), compact=True)
    return {'images': len(records), 'people': len(people)}


def parse_people(image: dict, source: Path, *, image_id: int, first_id: int) -> list[dict]:
    """Return the COCO annotations of the people in one image of the release."""
    for key in ('image_id', 'keypoint_annotations', 'human_annotations'):
        if not isinstance(image, dict) or key not in image:
            raise ValueError(f'{source} {LACKING} {key}: image {image_id} has none')
    where = f'{source}, image {image["image_id"]}'
    if not isinstance(image['image_id'], str) or not re.fullmatch(r'[\w-]+', image['image_id']):
        raise ValueError(f'{where}: image_id is not the name of a file in the image folder, without .jpg')
    if not isinstance(image['keypoint_annotations'], dict) or not isinstance(image['human_annotations'], dict):
        raise ValueError(f'{where}: keypoint_annotations and human_annotations have to be objects, a person a key')
    people: list[dict] = []
    for name, values in sorted(image['keypoint_annotations'].items()):
        if name not in image['human_annotations']:
            raise ValueError(f'{where}: {name} has keypoints and no box in human_annotations')
        person = parse_person(values, image['human_annotations'][name], where=f'{where}, {name}')
        people.append({'id': first_id + len(people), 'image_id': image_id, **person})
    return people


def parse_person(values: Sequence[float], corners: Sequence[float], *, where: str) -> dict:
    """Return the fields of a COCO annotation from 14 x (x, y, flag) and a box x1, y1, x2, y2."""
    for name, numbers in (('keypoints', values), ('box', corners)):
        if not isinstance(numbers, list) or not all(is_number(one) and abs(one) <= LARGEST for one in numbers):
            raise ValueError(f'{where}: its {name} is not a list of finite numbers: correct it, or take the person out')
    if len(values) != 3 * len(NAMES):
        raise ValueError(f'{where}: it has {len(values)} numbers for keypoints, AI Challenger has {3 * len(NAMES)}')
    if len(corners) != 4:
        raise ValueError(f'{where}: its box has {len(corners)} numbers, and has to have 4: x1, y1, x2, y2')
    keypoints: list[float] = []
    for x, y, flag in zip(*[iter(values)] * 3, strict=True):
        if flag not in VISIBILITY:
            raise ValueError(f'{where}: a keypoint has the flag {flag}, known are 1 visible, 2 hidden, 3 not labelled')
        seen = VISIBILITY[flag]
        keypoints += [x, y, seen] if seen else [0, 0, 0]
    x1, y1, x2, y2 = corners
    if x2 < x1 or y2 < y1:
        raise ValueError(f'{where}: its box {corners} has its right or lower edge first: correct it, or take it out')
    labelled = sum(seen > 0 for seen in keypoints[2::3])
    box = [x1, y1, x2 - x1, y2 - y1]
    return {'category_id': 1, 'iscrowd': 0, 'bbox': box, 'num_keypoints': labelled, 'keypoints': keypoints}


def find_images(source: Path) -> Path:
    """Find the one image folder beside a released annotation file.

    Raises:
        ValueError: there is none, or there are several.
    """
    folders = [path for path in sorted(source.parent.glob('keypoint_*_images_*')) if path.is_dir()]
    if len(folders) != 1:
        found = ', '.join(path.name for path in folders) or 'none'
        raise ValueError(f'{source.parent} should have one folder keypoint_*_images_* and has {found}: give --images')
    return folders[0]


def read_size(path: Path) -> tuple[int, int]:
    """Return (w, h) in pixels of an image as training reads it (EXIF orientation applied), without decoding it.

    Raises:
        ValueError: it is missing or not an image.
    """
    try:
        size = read_upright_size(path)
    except ImageError as error:
        raise ValueError(f'the size of an image cannot be read: {error} Give the folder with --images') from error
    return size.width, size.height
