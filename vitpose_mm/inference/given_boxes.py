"""Boxes that a user gives in place of a detector's: arrays, or a json file of COCO detections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..checks.detected_boxes import FORMAT, PERSON
from ..utils.json_files import read_json
from .frames import Frame

Found = np.ndarray | tuple[np.ndarray, np.ndarray]  # (N, 4 or 5) boxes, or these and (N,) track ids
Finder = Callable[[list[np.ndarray]], list[Found]]
Boxes = str | Path | Mapping[str, Any] | Iterable[Any] | Finder


def with_scores(boxes: Any) -> np.ndarray:
    """Return (N, 5) boxes and scores of (N, 4) boxes, with scores of 1, or of (N, 5) ones as they are.

    Raises:
        ValueError: another shape, or a number that is not finite.
    """
    array = np.asarray(boxes, np.float32)
    if array.size == 0:
        return np.zeros((0, 5), np.float32)
    if array.ndim != 2 or array.shape[1] not in (4, 5) or not np.isfinite(array).all():
        raise ValueError(
            f'boxes of shape {array.shape} are not valid: give finite numbers (N, 4) as x1, y1, x2, y2 in pixels.'
        )
    return array if array.shape[1] == 5 else np.concatenate((array, np.ones((len(array), 1), np.float32)), axis=1)


def give_boxes(frames: Iterable[Frame], boxes: Any) -> Iterator[Frame]:
    """Give each frame the boxes that the user gives for it, a pair of boxes and track ids included.

    Args:
        frames: in order.
        boxes: file of COCO detections, name to boxes (the name as given, or the file's own name), or boxes for each
            image in turn.

    Raises:
        ValueError: the file is not one of detections, or there are fewer boxes than images.
    """
    if isinstance(boxes, (str, Path)):
        boxes = read_detections(boxes)
    remaining = None if isinstance(boxes, Mapping) else iter(boxes)
    for frame in frames:
        found = _look_up(boxes, frame) if remaining is None else next(remaining, None)
        if found is None:
            raise ValueError(f'There are no boxes for image {frame.index}, {frame.name}: give one array per image.')
        yield add_boxes(frame, found)


def add_boxes(frame: Frame, found: Found) -> Frame:
    """Give a frame (N, 4 or 5) boxes, or these and (N,) track ids, or an error."""
    if frame.error is not None:
        return frame
    boxes, track_ids = found if isinstance(found, tuple) else (found, None)
    try:
        return replace(
            frame, boxes=with_scores(boxes), track_ids=None if track_ids is None else np.asarray(track_ids, np.int64)
        )
    except ValueError as error:
        return replace(frame, error=f'{frame.name}: {error}')


def _look_up(boxes: Mapping[Any, Any], frame: Frame) -> Any:
    """Find the boxes of a frame by path, file name, stem, or the stem's number."""
    path = frame.path
    keys: list[str | int] = [frame.name, frame.index] if path is None else [frame.name, path.name, path.stem]
    if path is not None and path.stem.isdigit():
        keys.append(int(path.stem))
    return next((boxes[key] for key in keys if key in boxes), np.zeros((0, 5), np.float32))


def read_detections(file: str | Path) -> dict[Any, np.ndarray]:
    """Read a json file of COCO detections: (N, 5) boxes x1, y1, x2, y2 in pixels and score by image id or file name.

    Raises:
        ValueError: it cannot be read, or is not such a file.
    """
    content, _ = read_json(file, content='file of detected boxes')
    names = {}
    if isinstance(content, Mapping):
        try:
            names = {image['id']: image['file_name'] for image in content.get('images', [])}
        except (KeyError, TypeError):
            raise ValueError(f"{file} has 'images' that are not a list of id and file_name: export it again.") from None
        content = content.get('annotations')
    if not isinstance(content, list):
        raise ValueError(f'{file} has no boxes: detected boxes are {FORMAT}.')
    found: dict[Any, list[np.ndarray]] = {}
    for entry in content:
        try:
            left, top, width, height = entry['bbox'][:4]
            box = with_scores([[left, top, left + width, top + height, entry.get('score', 1.0)]])
            image = names.get(entry['image_id'], entry['image_id'])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ValueError(f'{file}: {str(entry)[:80]} is not a detected box; they are {FORMAT}.') from None
        if entry.get('category_id', PERSON) == PERSON:
            found.setdefault(Path(image).name if isinstance(image, str) else image, []).append(box)
    return {image: np.concatenate(boxes) for image, boxes in found.items()}
