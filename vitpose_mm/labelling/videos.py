"""Label every Nth frame of a video; a run that was killed continues with the tracks that it had."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..inference.pose_result import PoseResult
from ..video.predict import estimate_frames, make_finder
from ..video.reader import VideoReader
from .coco import to_record
from .job import JobSettings


class VideoLabeller:
    """Labels one video.

    Args:
        predictor: a PosePredictor.
        settings: of the job.
        item: index of the video among the items.
        path: as listed.
        records: of its first frames, from an earlier run.

    Raises:
        ValueError: the video cannot be opened any more, and has records.
    """

    def __init__(
        self, predictor: Any, settings: JobSettings, *, item: int, path: str, records: Sequence[dict[str, Any]]
    ) -> None:
        self.predictor, self.settings, self.item, self.path, self.done = predictor, settings, item, path, records
        self.reader: VideoReader | None = None
        self.error: str | None = None
        try:
            if not os.path.isfile(path):
                raise ValueError(f'{path} does not exist.')
            self.reader = VideoReader(path)
        except ValueError as error:
            if records:
                raise
            self.error = str(error)

    @property
    def num_left(self) -> int:
        """Number of frames that are to be labelled, as far as the file says."""
        count = self.reader.num_frames if self.reader else None
        return max(-(-(count or 0) // self.settings.every) - len(self.done), 0)

    def label(self) -> Iterator[tuple[dict[str, Any], PoseResult]]:
        """Yield the record of each frame behind those that are done, in order, and what the models said of it."""
        if self.reader is None:
            return
        settings, finder = self.settings, None
        if settings.track:
            finder = make_finder(self.predictor, self.reader.fps / settings.every, track=settings.track, det_interval=1)
            for record in self.done:
                boxes = record['detections']
                finder.follow(None if boxes is None else np.array(boxes, np.float32).reshape(-1, 5))
        frames = self.reader.read(first=len(self.done) * settings.every, every=settings.every)
        results = estimate_frames(self.predictor, frames, finder, batch_size=settings.batch_size)
        for number, (frame, found) in enumerate(results, len(self.done)):
            entry = settings.name_frame(self.item, self.path, frame.index)
            if found.error:  # it names the image by its index in this run
                found = replace(found, error=f'{entry["file_name"]}: {found.error.removeprefix(f"{found.name}: ")}')
            record = to_record(found, entry, kpt_thr=settings.kpt_thr, score_thr=settings.score_thr)
            if finder:
                boxes = finder.detections.pop(number, None)
                record['detections'] = None if boxes is None else boxes.tolist()
            yield {'index': number, **record}, found

    def describe(self) -> dict[str, Any]:
        """Return the video's entry in ``videos``, after its last frame; ``error`` says what is missing."""
        entry: dict[str, Any] = {'id': self.item - self.settings.num_images + 1, 'name': self.path, 'num_frames': 0}
        if self.reader:
            entry |= {'num_frames': self.reader.num_read, 'fps': self.reader.fps}
            self.error = self.reader.ended_early
        return entry | ({'error': self.error} if self.error else {})
