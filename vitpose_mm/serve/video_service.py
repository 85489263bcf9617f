"""Predict the frames of uploaded videos as they are asked for, one video at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, BinaryIO

from starlette.exceptions import HTTPException

from ..video import VideoReader, VideoResult, predict_video
from .errors import NOT_USABLE, Busy
from .models import ServedModels
from .settings import ServeSettings
from .video_files import NAME, open_upload, too_many_frames

LOG = logging.getLogger(__name__)
TRACKER = 'bytetrack'


class VideoRun:
    """The results of a video in order, which are predicted as they are taken.

    Attributes:
        reader: of the video.
        first: the first result, which says that there will be others.
        error: after the last one, why there are no more, in one sentence; None where the video is at its end.
    """

    def __init__(self, reader: VideoReader, results: Any, thread: ThreadPoolExecutor, settings: ServeSettings) -> None:
        self.reader, self.results, self.thread, self.settings = reader, results, thread, settings
        self.deadline = time.monotonic() + settings.video_timeout
        self.first: VideoResult
        self.error: str | None = None

    async def take(self) -> VideoResult | None:
        """Return the next result; None behind the last one."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, next, self.results, None)

    async def map(self, function: Callable[[VideoResult], Any]) -> AsyncIterator[Any]:
        """Yield what a function makes, in the video's thread, of each result up to the limits."""
        result: VideoResult | None = self.first
        while result is not None:
            yield await asyncio.get_running_loop().run_in_executor(self.thread, function, result)
            if time.monotonic() > self.deadline:
                self.error = f'{NAME} took longer than {self.settings.video_timeout:g} s: cut it.'
                return
            try:
                result = await self.take()
            except Exception as error:
                LOG.error('a video failed', exc_info=error)
                self.error = 'The server failed at this video; its log says why.'
                return
            if result is not None and result.index >= self.settings.max_frames:
                self.error = too_many_frames(self.settings, f'more than {self.settings.max_frames}')
                return
        self.error = self.reader.ended_early


class VideoService:
    """Starts runs of videos, each after the one before. Close it at the end."""

    def __init__(self, models: ServedModels, settings: ServeSettings) -> None:
        self.models, self.settings = models, settings
        self.turn = asyncio.Lock()
        self.thread = ThreadPoolExecutor(1, 'video')

    def close(self) -> None:
        """Wait for the thread of the videos."""
        self.thread.shutdown(wait=True, cancel_futures=True)

    async def start(self, file: BinaryIO, *, model: str, smooth: str | None, stack: ExitStack) -> VideoRun:
        """Begin with the video in a file when its turn comes; the run ends with the stack.

        Raises:
            HTTPException: it is not a video, or beyond a limit.
            Busy: there was no turn within the time.
        """
        try:
            async with asyncio.timeout(self.settings.timeout):
                await self.turn.acquire()
        except TimeoutError:
            raise Busy('Another video is being worked on: try again in a minute.') from None
        stack.callback(self.turn.release)
        run = await asyncio.get_running_loop().run_in_executor(self.thread, self._open, file, model, smooth)
        stack.callback(self.thread.submit, run.results.close)  # behind what the thread is doing
        first = await run.take()
        if first is None:
            raise HTTPException(NOT_USABLE, f'{NAME} has no frame that can be read: copy it again, or convert it.')
        run.first = first
        return run

    def _open(self, file: BinaryIO, model: str, smooth: str | None) -> VideoRun:
        reader = open_upload(file, self.settings)
        results = predict_video(self.models.predictors[model], reader, track=TRACKER, smooth=smooth)
        return VideoRun(reader, results, self.thread, self.settings)
