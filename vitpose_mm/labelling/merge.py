"""Merge part files to one COCO file, after a proof that every image is there once and nothing is there twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ..utils.files import complete
from ..utils.json_files import read_json
from .coco import PEOPLE
from .job import JobSettings, read_items, read_settings
from .parts import part_file


class Merged(NamedTuple):
    """What a merged file has.

    Attributes:
        file: its path.
        images: number of images with labels, also of nobody.
        people: number of annotations.
        failed: number of images that could not be read.
    """

    file: Path
    images: int
    people: int
    failed: int


def merge(folder: Path, file: Path) -> Merged:
    """Write the COCO file of an output folder part by part: memory does not grow with the number of images.

    Raises:
        ValueError: a part is missing or damaged, or an image or a person is lost, doubled or of another part.
    """
    settings = read_settings(folder)
    items = read_items(folder, settings)
    missing = [part for part in range(settings.num_parts) if not part_file(folder, part).exists()]
    if missing:
        raise ValueError(
            f'{len(missing)} of {settings.num_parts} parts are not there, the first {part_file(folder, missing[0])}: '
            'run tools/label.py again with the same arguments; it goes on where it was stopped.'
        )
    counts = [0, 0, 0]
    categories: list[Any] = []
    for part, content in _read_parts(folder, settings):
        check_part(content, part_file(folder, part), items, settings.items_of(part, items))
        for i, key in enumerate(('images', 'annotations', 'failed')):
            counts[i] += len(content[key])
        if content['categories'] not in categories:
            categories.append(content['categories'])
    if len(categories) != 1:
        raise ValueError(f'{folder} has parts with different keypoints: label into another folder.')
    with complete(file) as temporary, temporary.open('w', encoding='utf-8') as out:
        _write(out, folder, settings, categories[0])
    return Merged(file, *counts)


def _read_parts(folder: Path, settings: JobSettings) -> Iterator[tuple[int, dict[str, Any]]]:
    for part in range(settings.num_parts):
        yield part, read_json(part_file(folder, part), content='part file')[0]


def check_part(content: Any, file: Path, items: list[str], indices: range) -> None:
    """Check that a part has each of its images once, under its name and id, and people of these images alone.

    Raises:
        ValueError: it has not.
    """
    advice = 'remove it and run tools/label.py again'
    keys = ('images', 'annotations', 'categories', 'failed')
    if not isinstance(content, dict) or any(not isinstance(content.get(key), list) for key in keys):
        raise ValueError(f'{file} is not a part file: {advice}.')
    try:
        found = sorted((entry['id'], entry['file_name']) for entry in content['images'] + content['failed'])
        people = [(entry['id'], entry['image_id']) for entry in content['annotations']]
        ids = {entry['id'] for entry in content['images']}
    except (KeyError, TypeError) as error:
        raise ValueError(f'{file} has an entry without {error}: {advice}.') from None
    if found != [(i + 1, items[i]) for i in indices]:
        raise ValueError(f'{file} does not have the images {indices.start + 1} to {indices.stop} once each: {advice}.')
    if len({one for one, _ in people}) != len(people):
        raise ValueError(f'{file} has an annotation id twice: {advice}.')
    if any(image not in ids or one // PEOPLE != image for one, image in people):
        raise ValueError(f'{file} has an annotation of an image that is not in it: {advice}.')


def _write(out: TextIO, folder: Path, settings: JobSettings, categories: Any) -> None:
    """Write the lists one after the other, each with a pass over the parts."""

    def write_list(key: str, keep: Callable[[Any], Any] = lambda entry: entry) -> None:
        out.write(f'"{key}": [')
        separator = '\n'
        for _, content in _read_parts(folder, settings):
            for entry in content[key]:
                out.write(separator + json.dumps(keep(entry)))
                separator = ',\n'
        out.write(']')

    out.write('{')
    write_list('images')
    out.write(',\n')
    write_list('annotations')
    out.write(',\n')
    write_list('failed')
    out.write(f',\n"categories": {json.dumps(categories)}}}\n')
