"""Predict the people of each frame of a video with their keypoints: detected, tracked, estimated, smoothed."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .reader import VideoFrame, VideoReader
from .records import FrameLog
from .result import VideoResult
from .smoothing import make_smoother
from .tracking import PeopleTracker, TrackingFinder

if TYPE_CHECKING:
    from ..inference import PosePredictor


def predict_video(
    predictor: PosePredictor,
    source: str | Path | VideoReader,
    *,
    track: str | None = None,
    smooth: str | None = None,
    det_interval: int = 1,
    batch_size: int = 8,
    log: FrameLog | None = None,
    stop: threading.Event | None = None,
) -> Iterator[VideoResult]:
    """Predict the people of each frame of a video, in constant memory.

    Args:
        predictor: of the models.
        source: a file, 'webcam:0', the address of a stream, or a reader of one of these.
        track: 'bytetrack' or 'ocsort' gives people ids over time; None: not, unless the next two need it.
        smooth: 'oneeuro' (at once) or 'savgol' (0.3 seconds later, steadier) smooths the keypoints of each track.
        det_interval: the detector runs on every ``det_interval``-th frame; between them the tracker predicts the boxes.
        batch_size: frames that go through the models together; those of a webcam or stream go one by one.
        log: file of predictions: those of an earlier run are read from it, new ones are added.
        stop: once it is set, the results so far are finished and no others follow.

    Raises:
        ValueError: the source cannot be read, or an argument is not valid.

    Example:
        >>> predictor = PosePredictor('vitpose_base', 'rtmdet')
        >>> for result in predict_video(predictor, 'walk.mp4', smooth='oneeuro'):
        ...     print(result.index, result.time, result.track_ids, result.keypoints.shape)
    """
    if det_interval < 1:
        raise ValueError(f'det_interval={det_interval}: give 1 or more.')
    reader = source if isinstance(source, VideoReader) else VideoReader(source)
    smoother = None if smooth is None else make_smoother(smooth, reader.fps)
    finder = None
    if track or smooth or det_interval > 1:
        finder = make_finder(predictor, reader.fps, track=track or 'bytetrack', det_interval=det_interval)
    results = _estimate(predictor, reader, finder, batch_size=batch_size if reader.is_file else 1, log=log)
    if stop is not None:
        results = until(stop, results)
    return results if smoother is None else smoother.smooth(results)


def until(stop: threading.Event, results: Iterator[VideoResult]) -> Iterator[VideoResult]:
    """Yield results up to the one after which the event is set."""
    for result in results:
        yield result
        if stop.is_set():
            return


def make_finder(predictor: Any, fps: float, *, track: str, det_interval: int) -> TrackingFinder:
    """Return what finds a predictor's tracked people; the detector passes low scores on to the tracker."""
    detector = copy.copy(predictor.detector)
    tracker = PeopleTracker(track, thr=detector.bbox_thr if detector else 0.0, fps=fps, det_interval=det_interval)
    if detector is None:
        return TrackingFinder(predictor.detect, tracker, det_interval=det_interval)
    detector.bbox_thr = tracker.low
    return TrackingFinder(detector.detect, tracker, det_interval=det_interval)


def _estimate(
    predictor: Any, reader: VideoReader, finder: TrackingFinder | None, *, batch_size: int, log: FrameLog | None
) -> Iterator[VideoResult]:
    """Yield results of frames, not smoothed: first those of the log, then the models'."""
    frames = iter(reader)
    for entry in log.read() if log else ():
        frame = next(frames, None)
        if frame is None:
            return
        if finder:
            detections = entry['detections']
            finder.follow(None if detections is None else np.array(detections, np.float32).reshape(-1, 5))
        yield VideoResult.from_dict(entry, frame.image, predictor.metainfo)
    for frame, found in estimate_frames(predictor, frames, finder, batch_size=batch_size):
        result = VideoResult(
            index=frame.index,
            time=frame.time,
            image=frame.image,
            keypoints=found.keypoints,
            scores=found.scores,
            boxes=found.boxes,
            box_scores=found.box_scores,
            metainfo=predictor.metainfo,
            track_ids=found.track_ids,
            error=found.error,
        )
        detections = finder.detections.pop(frame.index, None) if finder else None
        if log:
            log.write(result, detections)
        yield result


def estimate_frames(
    predictor: Any, frames: Iterable[VideoFrame], finder: TrackingFinder | None, *, batch_size: int
) -> Iterator[tuple[VideoFrame, Any]]:
    """Yield each frame with the predictor's result of it, in order; with a finder, people have track ids."""
    waiting: deque[VideoFrame] = deque()

    def images() -> Iterator[np.ndarray]:
        for frame in frames:
            waiting.append(frame)
            yield frame.image

    options = {'boxes': finder, 'batch_size': batch_size, 'stream': True, 'output_heatmaps': False}
    for found in predictor.predict(images(), **options):
        yield waiting.popleft(), found
