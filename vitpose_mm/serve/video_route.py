"""POST /predict/video: an answer that grows with the frames of a video, one JSON document or one line per frame."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import cv2
from fastapi import FastAPI, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..inference.results import to_plain
from ..video import VideoResult
from ..video.smoothing import SMOOTHERS
from .errors import BAD_REQUEST
from .forms import describe_form, is_on, text_of, upload_of
from .service import PoseService
from .video_service import VideoRun, VideoService

FORMATS = {'json': 'application/json', 'lines': 'application/x-ndjson'}
PICTURE_SIDE = 960  # pixels of the longer side, at most
JPEG_QUALITY = 80
FIELDS = {
    'file': {'type': 'string', 'format': 'binary', 'description': 'a video: mp4, mov, webm, mkv, avi or gif'},
    'model': {'type': 'string', 'description': 'name of a pose model; the first one where it is left out'},
    'format': {'type': 'string', 'enum': list(FORMATS), 'default': 'json'},
    'smooth': {'type': 'string', 'enum': list(SMOOTHERS), 'description': 'smooth the keypoints of each person'},
    'pictures': {'type': 'boolean', 'default': False, 'description': 'with each frame as JPEG, in lines'},
}


class VideoResponse(StreamingResponse):
    """Sends the parts of an answer and closes a stack when they are sent, the client is gone or time is over."""

    def __init__(self, parts: AsyncIterator[str], stack: ExitStack, *, seconds: float, media_type: str) -> None:
        super().__init__(parts, media_type=media_type)
        self.stack, self.seconds = stack, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.stack, suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await super().__call__(scope, receive, send)


def add_videos(app: FastAPI, service: PoseService, videos: VideoService) -> None:
    """Add POST /predict/video."""
    settings = service.settings

    @app.post('/predict/video', openapi_extra=describe_form(FIELDS))
    async def predict_video(request: Request) -> Response:
        """Find the people of each frame of a video and their keypoints, with track ids."""
        with ExitStack() as stack:
            stack.enter_context(service.slots.take())  # before the body is read: what waits takes no memory
            async with request.form(max_files=1, max_fields=len(FIELDS)) as form:
                model, kind, smooth = service.find_model(text_of(form, 'model')), *read_choices(form)
                file = upload_of(form, 'video').file
                run = await videos.start(file, model=model, smooth=smooth, stack=stack)
            head = describe_video(run, model, service.models.predictors[model].metainfo)
            parts = (
                write_document(run, head)
                if kind == 'json'
                else write_lines(run, head, pictures=is_on(form, 'pictures'))
            )
            seconds = settings.video_timeout + settings.timeout  # a client that does not read is not waited for
            return VideoResponse(parts, stack.pop_all(), seconds=seconds, media_type=FORMATS[kind])


def read_choices(form: FormData) -> tuple[str, str | None]:
    """Return format and smoother of a form.

    Raises:
        HTTPException: one is not known.
    """
    kind, smooth = text_of(form, 'format') or 'json', text_of(form, 'smooth') or None
    if kind not in FORMATS:
        raise HTTPException(BAD_REQUEST, f'format={kind[:40]!r} is not known: {", ".join(FORMATS)} are.')
    if smooth and smooth not in SMOOTHERS:
        raise HTTPException(BAD_REQUEST, f'smooth={smooth[:40]!r} is not known: {", ".join(SMOOTHERS)} are.')
    return kind, smooth


def describe_video(run: VideoRun, model: str, metainfo: Any) -> dict[str, Any]:
    """Return what is known of a video before its frames, with the keypoint set."""
    height, width = run.first.image.shape[:2]
    video = {'source': 'upload', 'fps': run.reader.fps, 'num_frames': run.reader.num_frames}
    return {'meta_info': to_plain(metainfo), 'video_info': video | {'model': model, 'width': width, 'height': height}}


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
