"""Write the results of a video as the parts of a response's body, in the format that a client asked for."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import cv2

from ..inference.results import to_plain
from ..video import VideoResult
from .video_service import VideoRun

FORMATS = {
    'json': 'application/json',
    'coco': 'application/json',
    'openpose': 'application/json',
    'csv': 'text/csv',
    'lines': 'application/x-ndjson',
}
PICTURE_SIDE = 960  # pixels of the longer side, at most
JPEG_QUALITY = 80
LOG = logging.getLogger(__name__)


class EndedEarly(Exception):
    """Frames are missing, and the format has no place to say so: the answer is cut off, so that it is not taken for
    the whole."""


def write_answer(run: VideoRun, head: dict[str, Any], kind: str, *, pictures: bool) -> AsyncIterator[str]:
    """Yield the parts of an answer in one of ``FORMATS``.

    Args:
        run: the frames.
        head: what is known of the video, for the formats that have a place for it.
        kind: the format.
        pictures: whether lines have the picture of their frame.

    Raises:
        EndedEarly: a frame has no prediction or the video ended early, and the format cannot say so.
    """
    if kind == 'lines':
        return write_lines(run, head, pictures=pictures)
    if kind == 'csv':
        return write_frames(run, lambda result: result.to_csv(header=result is run.first))
    if kind == 'coco':
        return write_list(run, VideoResult.to_coco)
    if kind == 'openpose':
        return write_list(run, lambda result: [result.to_openpose()])
    return write_document(run, head)


async def write_document(run: VideoRun, head: dict[str, Any]) -> AsyncIterator[str]:
    """Yield the parts of one JSON document (docs/video_results.schema.json); one that ends early has an ``error``."""
    separator = json.dumps(head)[:-1] + ', "instance_info": [\n'
    async for line in run.map(to_line):
        yield separator + line
        separator = ',\n'
    yield '\n]' + (f', "error": {json.dumps(run.error)}' if run.error else '') + '}\n'


async def write_lines(run: VideoRun, head: dict[str, Any], *, pictures: bool) -> AsyncIterator[str]:
    """Yield a line of JSON with what is known of the video, one per frame, and one with ``error`` or null."""
    yield json.dumps(head) + '\n'
    async for line in run.map(partial(to_line, picture=pictures)):
        yield line + '\n'
    yield json.dumps({'error': run.error}) + '\n'


async def write_list(run: VideoRun, to_entries: Callable[[VideoResult], list[Any]]) -> AsyncIterator[str]:
    """Yield the parts of one JSON list of the entries of all frames."""

    def to_text(result: VideoResult) -> str:
        return ',\n'.join(json.dumps(entry, allow_nan=False) for entry in to_entries(result))

    separator = '[\n'
    async for text in write_frames(run, to_text):
        yield separator + text
        separator = ',\n'
    yield ']\n' if separator == ',\n' else '[]\n'


async def write_frames(run: VideoRun, to_text: Callable[[VideoResult], str]) -> AsyncIterator[str]:
    """Yield the text of each frame that has any."""
    async for error, text in run.map(lambda result: (result.error, to_text(result))):
        require_whole(error)
        if text:
            yield text
    require_whole(run.error)


def require_whole(error: str | None) -> None:
    """Raise EndedEarly where there is an error, which the log gets."""
    if error:
        LOG.warning('the answer to a video is cut off: %s', error)
        raise EndedEarly(error)


def to_line(result: VideoResult, *, picture: bool = False) -> str:
    """Return a frame's entry as JSON; with its picture, a JPEG of at most 960 pixels a side, in base64."""
    entry = to_plain(result.to_dict())
    if picture:
        shrink = min(1, PICTURE_SIDE / max(result.image.shape[:2]))
        size = [max(1, round(side * shrink)) for side in result.image.shape[1::-1]]
        small = cv2.resize(result.image, size, interpolation=cv2.INTER_AREA) if shrink < 1 else result.image
        content = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        entry['picture'] = base64.b64encode(content).decode()
    return json.dumps(entry, allow_nan=False)
