"""Predict on bytes of images: decoded in threads, through the models in batches, with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from starlette.exceptions import HTTPException

from ..inference.images import ImageError, decode_image
from ..inference.pose_result import PoseResult
from ..utils.machine import count_cores
from .batching import BATCHES_INSIDE, Batcher, Slots
from .errors import BAD_REQUEST, NOT_USABLE, Busy
from .models import Job, ServedModels
from .settings import ServeSettings
from .video_files import BEGINNING, is_container


class PoseService:
    """Predicts for every route. It is a context manager: inside, the threads of the models run.

    In memory are the bodies of at most ``max_queue`` requests (above 1 MB in a temporary file instead) and the pixels
    of three batches.
    """

    def __init__(self, models: ServedModels, settings: ServeSettings) -> None:
        self.models, self.settings = models, settings
        self.slots = Slots(settings.max_queue)
        self.pool = ThreadPoolExecutor(max(2, count_cores()), 'images')

    async def __aenter__(self) -> PoseService:
        self.decoded = asyncio.Semaphore(BATCHES_INSIDE * self.settings.max_batch)
        self.batcher: Batcher[Job, np.ndarray, PoseResult] = Batcher(
            self.models.detect,
            self.models.estimate,
            max_batch=self.settings.max_batch,
            max_wait=self.settings.max_wait,
        )
        await self.batcher.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.batcher.__aexit__(*error)
        self.pool.shutdown(wait=True)

    def find_model(self, name: str) -> str:
        """Return the name of a model; for '' that of the first one.

        Raises:
            HTTPException: it is not served.
        """
        if name and name not in self.models.predictors:
            known = ', '.join(self.models.predictors)
            raise HTTPException(BAD_REQUEST, f'model={name[:100]!r} is not served: choose one of {known}.')
        return name or self.models.default

    async def predict(self, read: Callable[[], Awaitable[bytes]], *, model: str, heatmap: bool = False) -> PoseResult:
        """Predict the people of an image, whose bytes are read when their turn comes.

        Raises:
            HTTPException: it is not an image, or too large.
            Busy: there was no turn within the time.
        """
        try:
            async with asyncio.timeout(self.settings.timeout), self.decoded:
                pixels = await self.in_pool(self._decode, await read())
                return await self.batcher.submit(Job(pixels=pixels, model=model, heatmap=heatmap))
        except TimeoutError:
            raise Busy(f'There was no answer within {self.settings.timeout:g} s: try again later.') from None

    async def in_pool(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *args)

    def _decode(self, data: bytes) -> np.ndarray:
        try:
            return decode_image(data, 'The file', max_pixels=self.settings.max_pixels)
        except ImageError as error:
            is_video = is_container(data[:BEGINNING])
            sentence = 'The file is a video: send it to /predict/video.' if is_video else str(error)
            raise HTTPException(NOT_USABLE, sentence) from None
