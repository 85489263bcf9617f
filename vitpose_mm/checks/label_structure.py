"""Check that a JSON file is COCO's: lists of images, annotations and categories, each with unique integer ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .label_file import LabelFile, shorten
from .number_lists import is_number

LARGEST_ID = 2**53  # beyond it, NumPy and other readers of JSON round ids
FORMAT = "COCO's format is an object {'images': [...], 'annotations': [...], 'categories': [...]}"


def check_structure(file: LabelFile, *, need_annotations: bool = True) -> None:
    """Check the parts of a COCO-style file and the ids in them; ids such as 3.0 become 3.

    Args:
        file: parsed; without annotations it gets an empty list of them.
        need_annotations: whether a file of images alone is refused.

    Raises:
        ValueError: names the part or the id, and the fix.
    """
    content = file.content
    if isinstance(content, list):
        raise file.fault(
            f'it is a list, as of detected boxes or of the samples of MMPose 0.x; {FORMAT}: convert it to that.'
        )
    if not isinstance(content, dict):
        raise file.fault(f'it holds {shorten(content)}; {FORMAT}: name such a file.')
    if not need_annotations and content.get('annotations') is None:
        content['annotations'] = []
    for part in ('images', 'categories', 'annotations'):
        _check_part(file, part)
    if not content['images']:
        raise file.fault("its 'images' are an empty list: export it again, with images.")
    for part in ('images', 'categories', 'annotations'):
        clean_ids(file, content[part], key='id', kind=KINDS[part])
        _check_unique(file, part)
    for category in content['categories']:
        names = category.get('keypoints')
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise file.fault(
                f"category {category['id']} has 'keypoints': {shorten(names)}; list their names, as strings."
            )
    for image in content['images']:
        for side in ('width', 'height'):
            if not is_number(image.get(side)) or not 0 < image[side] < LARGEST_ID:
                raise file.fault(
                    f'image {image["id"]} ({shorten(image.get("file_name"))}) has {side} '
                    f'{shorten(image.get(side))}: give each image its width and height in pixels.'
                )


KINDS = {'images': 'image', 'categories': 'category', 'annotations': 'annotation'}


def _check_part(file: LabelFile, part: str) -> None:
    if part not in file.content:
        keys = ', '.join(shorten(key) for key in list(file.content)[:8]) or 'nothing'
        raise file.fault(f'it has no {part!r} (but {keys}); {FORMAT}: export or convert it to that.')
    items = file.content[part]
    if not isinstance(items, list):
        raise file.fault(
            f'its {part!r} are {"one object" if isinstance(items, dict) else shorten(items)}; '
            f'make them a list of objects, as "{part}": [{{...}}].'
        )
    if part == 'categories' and not items:
        raise file.fault('its \'categories\' are an empty list: list those of the annotations, as [{"id": 1, ...}].')
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise file.fault(f'number {number} of its {part!r} is {shorten(item)}: make each one an object.')


def clean_ids(file: LabelFile, items: Sequence[dict], *, key: str, kind: str) -> list[int]:
    """Return the ids of objects under a key, as integers from 0.

    Raises:
        ValueError: an id is missing, a string or another value.
    """
    ids: list[Any] = [item.get(key) for item in items]
    if not ids:
        return []
    if set(map(type, ids)) != {int}:
        for number, (item, one) in enumerate(zip(items, ids, strict=True)):
            if type(one) is not int:
                ids[number] = item[key] = _integer_id(file, item, one, key=key, name=_name(item, kind, number))
        file.corrected = True
        file.note(f'some values of {key!r} of its {kind} objects are written as 3.0 and read as 3.')
    if not 0 <= min(ids) <= max(ids) < LARGEST_ID:
        number = next(i for i, one in enumerate(ids) if not 0 <= one < LARGEST_ID)
        raise file.fault(
            f'{_name(items[number], kind, number)} has {key!r}: {shorten(ids[number])}; use integers from 0 to 2^53.'
        )
    return ids


def _integer_id(file: LabelFile, item: dict, value: Any, *, key: str, name: str) -> int:
    if is_number(value) and float(value).is_integer():
        return int(value)
    if key not in item:
        raise file.fault(f'{name} has no {key!r}: give it one, an integer.')
    if isinstance(value, str):
        raise file.fault(
            f'{name} has {key!r}: {shorten(value)}, a string; COCO ids are integers: number the objects, and write '
            f'the same numbers where they are referred to.'
        )
    raise file.fault(f'{name} has {key!r}: {shorten(value)}; ids are integers: number the objects.')


def _name(item: dict, kind: str, number: int) -> str:
    own = item.get('file_name', item.get('name')) if kind != 'annotation' else item.get('id')
    return f'{kind} number {number}' + (f' ({shorten(own)})' if own is not None else '')


def _check_unique(file: LabelFile, part: str) -> None:
    ids = [item['id'] for item in file.content[part]]
    if len(set(ids)) < len(ids):
        one, times = Counter(ids).most_common(1)[0]
        raise file.fault(
            f"{times} of its {part!r} have the id {one}, and readers would mix them up: number 'id' through the whole "
            f'file, not from 0 in each image.'
        )
