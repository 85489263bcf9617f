"""Merge part files to one COCO file, after checking that every image and frame is in it exactly once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from ..utils.counted import part_of
from ..utils.files import complete
from ..utils.json_files import read_json
from .coco import MAX_PEOPLE
from .job import JobSettings, read_items, read_settings
from .parts import part_file

ADVICE = 'remove it and run tools/label.py again'


class Merged(NamedTuple):
    """What a merged file has.

    Attributes:
        file: its path.
        images: number of images with labels, also of nobody.
        people: number of annotations.
        failed: number of images that could not be read.
        videos: number of videos.
        broken: number of videos that could not be read, or not to their end.
    """

    file: Path
    images: int
    people: int
    failed: int
    videos: int = 0
    broken: int = 0


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
            f'{part_of(len(missing), settings.num_parts, "part", verb="are")} missing, the first '
            f'{part_file(folder, missing[0])}: run tools/label.py again with the same arguments; '
            'it continues where it was stopped.'
        )
    images = people = failed = 0
    videos: list[Any] = []
    categories: list[Any] = []
    for part, content in read_parts(folder, settings):
        check_part(content, part_file(folder, part), settings=settings, items=items, part=part)
        images += len(content['images'])
        people += len(content['annotations'])
        failed += len(content['failed'])
        videos += content.get('videos', [])
        if content['categories'] not in categories:
            categories.append(content['categories'])
    if len(categories) != 1:
        raise ValueError(f'{folder} has parts with different keypoints: label into another folder.')
    with complete(file) as temporary, temporary.open('w', encoding='utf-8') as out:
        _write(out, folder, settings, ({'videos': videos} if videos else {}) | {'categories': categories[0]})
    broken = sum('error' in video for video in videos)
    return Merged(file, images, people, failed, len(videos), broken)


def read_parts(folder: Path, settings: JobSettings) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the content of each part."""
    for part in range(settings.num_parts):
        yield part, read_json(part_file(folder, part), content='part file')[0]


def count_faults(folder: Path, parts: Iterable[int]) -> tuple[int, int]:
    """Count the images and frames of some parts that could not be read, and the videos that were not read to their end.

    Raises:
        ValueError: a part is damaged.
    """
    failed = broken = 0
    for part in parts:
        content, _ = read_json(part_file(folder, part), content='part file')
        if isinstance(content, dict):  # merging says what is wrong with a part
            failed += len(content.get('failed', ()))
            broken += sum('error' in video for video in content.get('videos', ()))
    return failed, broken


def check_part(content: Any, file: Path, *, settings: JobSettings, items: list[str], part: int) -> None:
    """Check that a part has each of its images once, under its name and id, and people of these images alone.

    Raises:
        ValueError: an image is missing, doubled or of another part, or a person is of another image.
    """
    keys = ('images', 'annotations', 'categories', 'failed')
    if not isinstance(content, dict) or any(not isinstance(content.get(key), list) for key in keys):
        raise ValueError(f'{file} is not a part file: {ADVICE}.')
    try:
        found = sorted((entry['id'], entry['file_name']) for entry in content['images'] + content['failed'])
        people = [(entry['id'], entry['image_id']) for entry in content['annotations']]
        ids = {entry['id'] for entry in content['images']}
        numbers = [number for number, _ in found] + [number for person in people for number in person]
        if not all(type(number) is int for number in numbers):
            raise TypeError('a whole number as id')
    except (KeyError, TypeError) as error:
        raise ValueError(f'{file} has an entry without {error}: {ADVICE}.') from None
    indices = settings.items_of(part)
    if settings.is_video(part):
        expected = _list_frames(
            content.get('videos'), file, settings=settings, item=indices.start, items=items, most=len(found) + 1
        )
        if found != expected:
            raise ValueError(f'{file} does not have every frame of its video once: {ADVICE}.')
    elif 'videos' in content or found != [(i + 1, items[i]) for i in indices]:
        raise ValueError(f'{file} does not have the images {indices.start + 1} to {indices.stop} once each: {ADVICE}.')
    if len({one for one, _ in people}) != len(people):
        raise ValueError(f'{file} has an annotation id twice: {ADVICE}.')
    if any(image not in ids or one // MAX_PEOPLE != image for one, image in people):
        raise ValueError(f'{file} has an annotation of an image that is not in it: {ADVICE}.')


def _list_frames(
    videos: Any, file: Path, *, settings: JobSettings, item: int, items: list[str], most: int
) -> list[tuple[int, str]]:
    """Return ids and names of at most ``most`` frames of those that a part is to have, as its video says.

    Raises:
        ValueError: it does not name its video, or has no number of frames.
    """
    one = videos[0] if isinstance(videos, list) and len(videos) == 1 and isinstance(videos[0], dict) else {}
    count = one.get('num_frames')
    if (one.get('id'), one.get('name')) != (item - settings.num_images + 1, items[item]) or type(count) is not int:
        raise ValueError(f'{file} does not name the video {items[item]} and its number of frames: {ADVICE}.')
    frames = (settings.name_frame(item, items[item], frame) for frame in range(0, count, settings.every)[:most])
    return [(frame['id'], frame['file_name']) for frame in frames]


def _write(out: TextIO, folder: Path, settings: JobSettings, last: dict[str, Any]) -> None:
    """Write the lists one after the other, each with a pass over the parts, and the ``last`` keys."""

    def write_list(key: str, keep: Callable[[Any], Any] = lambda entry: entry) -> None:
        out.write(f'"{key}": [')
        separator = '\n'
        for _, content in read_parts(folder, settings):
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
    for key, value in last.items():
        out.write(f',\n"{key}": {json.dumps(value)}')
    out.write('}\n')
