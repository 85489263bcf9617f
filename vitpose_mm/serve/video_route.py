"""POST /predict/video: an answer that grows with the frames of a video, in one of several formats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, suppress
from typing import Any

from fastapi import FastAPI, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ..inference.results import to_plain
from ..video.smoothing import SMOOTHERS
from .errors import BAD_REQUEST
from .forms import describe_form, is_on, text_of, upload_of
from .service import PoseService
from .video_answers import FORMATS, EndedEarly, write_answer
from .video_service import VideoRun, VideoService

FIELDS = {
    'file': {'type': 'string', 'format': 'binary', 'description': 'a video: mp4, mov, webm, mkv, avi or gif'},
    'model': {'type': 'string', 'description': 'name of a pose model; the first one where it is left out'},
    'format': {'type': 'string', 'enum': list(FORMATS), 'default': 'json'},
    'smooth': {'type': 'string', 'enum': list(SMOOTHERS), 'description': 'smooth the keypoints of each person'},
    'pictures': {'type': 'boolean', 'default': False, 'description': 'with each frame as JPEG, in lines'},
}


class VideoResponse(StreamingResponse):
    """Sends the parts of an answer and closes a stack at their end, also where time is over or the client is gone."""

    def __init__(self, parts: AsyncIterator[str], stack: ExitStack, *, seconds: float, media_type: str) -> None:
        super().__init__(parts, media_type=media_type)
        self.stack, self.seconds = stack, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self.stack, suppress(TimeoutError, EndedEarly):
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
            parts = write_answer(run, head, kind, pictures=is_on(form, 'pictures'))
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
