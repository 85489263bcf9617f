"""Track detected people over frames with ids, by MMDetection's ByteTracker or OC-SORT."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.models.trackers import sort_tracker
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_cxcyah_to_xyxy
from mmengine.structures import InstanceData

from .. import registry  # noqa: F401  makes MMDetection's classes known

TRACKERS = ('bytetrack', 'ocsort')
MIN_SCORE = 0.1  # ByteTrack's lowest score: boxes down to it may continue a track, and begin none
LOOK_BACK = 8  # entries kept of a track's history before those in which it was missed; trackers use 3


class Tracked(NamedTuple):
    """M people of one frame: (M, 5) float32 boxes x1, y1, x2, y2 in pixels and score, (M,) int64 ids from 1."""

    boxes: np.ndarray
    ids: np.ndarray


class PeopleTracker:
    """Tracks the people of one frame after the other by their boxes.

    As in ByteTrack, a track begins with two detections in a row; in the first frame, with one.

    Args:
        kind: 'bytetrack' or 'ocsort'.
        thr: score from which a box begins a track, 0 to 1; lower ones down to ``low`` continue tracks (ByteTrack).
        fps: frames per second; a person who is lost for longer than a second gets a new id.
        det_interval: frames from one detection to the next.

    Raises:
        ValueError: another kind, or the package lap is not installed.

    Example:
        >>> tracker = PeopleTracker('bytetrack', thr=0.3, fps=25)
        >>> boxes, ids = tracker.update(detected)  # (N, 5) -> (M, 5), (M,)
    """

    def __init__(self, kind: str = 'bytetrack', *, thr: float = 0.3, fps: float = 30.0, det_interval: int = 1) -> None:
        if kind not in TRACKERS:
            raise ValueError(f'The tracker {kind!r} is not known: choose {" or ".join(TRACKERS)}.')
        if importlib.util.find_spec('lap') is None:
            raise ValueError('Tracking needs the package lap: pip install lap, or leave out --track.')
        self.low = min(MIN_SCORE, thr)
        if sort_tracker.motmetrics is None:  # OC-SORT's parent class asks for a package that only SORT uses
            sort_tracker.motmetrics = sort_tracker
        retain = max(round(fps / det_interval), 2)
        self._tracker: Any = MODELS.build(_config(kind, thr, low=self.low, retain=retain))
        self._kept = retain + LOOK_BACK
        self._frame_id = 0
        self._numbers: dict[int, int] = {}  # id of the tracker to our id
        self._last_number = 0

    def update(self, boxes: np.ndarray) -> Tracked:
        """Return the tracked people, in order of ids, of (N, 5) boxes and scores of all detections, low scores too."""
        detected = torch.from_numpy(np.array(boxes, np.float32).reshape(-1, 5))
        sample = DetDataSample(metainfo={'frame_id': self._frame_id})
        labels = torch.zeros(len(detected), dtype=torch.long)
        sample.pred_instances = InstanceData(bboxes=detected[:, :4], scores=detected[:, 4], labels=labels)
        found = self._tracker.track(sample)
        self._frame_id += 1
        self._forget()
        ids = found.instances_id.numpy()
        order = [i for i in ids.argsort() if not self._tracker.tracks[ids[i]].tentative]
        people = torch.cat((found.bboxes, found.scores[:, None]), dim=1).numpy()
        return Tracked(people[order], self._number(ids[order].tolist()))

    def predict(self) -> Tracked:
        """Return the people of a frame without detection, with the boxes that the Kalman filter of each predicts."""
        tracks = self._tracker.tracks
        last = self._frame_id - 1
        ids = sorted(i for i, one in tracks.items() if int(one.frame_ids[-1]) == last and not one.tentative)
        people = np.zeros((len(ids), 5), np.float32)
        for person, i in zip(people, ids, strict=True):
            track = tracks[i]
            track.mean, track.covariance = self._tracker.kf.predict(track.mean, track.covariance)
            person[:4] = bbox_cxcyah_to_xyxy(torch.from_numpy(track.mean[None, :4]))[0]
            person[4] = track.scores[-1]
        return Tracked(people, self._number(ids))

    def _number(self, ids: list[int]) -> np.ndarray:
        """Return our ids for the tracker's ids of people; ours count only those who were found twice."""
        for i in ids:
            if i not in self._numbers:
                self._last_number += 1
                self._numbers[i] = self._last_number
        return np.array([self._numbers[i] for i in ids], np.int64)

    def _forget(self) -> None:
        """Cut the histories of the tracks, which would grow with every frame, and the ids of those who are gone."""
        self._numbers = {i: number for i, number in self._numbers.items() if i in self._tracker.tracks}
        for track in self._tracker.tracks.values():
            for history in track.values():
                if isinstance(history, list):
                    del history[: -self._kept]


def _config(kind: str, thr: float, *, low: float, retain: int) -> dict[str, Any]:
    """Return MMDetection's config of a kind of tracker, with the thresholds of its papers relative to ours."""
    config: dict[str, Any] = {'motion': {'type': 'mmdet.KalmanFilter'}, 'num_frames_retain': retain}
    config |= {'init_track_thr': thr, 'num_tentatives': 2}  # counts detections after the first
    if kind == 'bytetrack':
        return {**config, 'type': 'mmdet.ByteTracker', 'obj_score_thrs': {'high': thr, 'low': low}}
    return {**config, 'type': 'mmdet.OCSORTTracker', 'obj_score_thr': thr}


class TrackingFinder:
    """Finds boxes and track ids of one frame after the other, with a detection in every ``det_interval``-th one.

    It is what :meth:`PosePredictor.predict` takes as ``boxes``.

    Args:
        detect: images -> (N, 5) boxes and scores of each, scores down to the tracker's ``low``.
        tracker: of one video.
        det_interval: 1 detects in every frame.
    """

    def __init__(self, detect: Any, tracker: PeopleTracker, *, det_interval: int = 1) -> None:
        self.detect, self.tracker, self.det_interval = detect, tracker, det_interval
        self.detections: dict[int, np.ndarray] = {}  # of frames whose results are still to come
        self.next_frame = 0

    def __call__(self, images: Sequence[np.ndarray]) -> list[Tracked]:
        frames = range(self.next_frame, self.next_frame + len(images))
        wanted = [frame for frame in frames if frame % self.det_interval == 0]
        try:
            found = self.detect([images[frame - frames.start] for frame in wanted]) if wanted else []
        except Exception:
            if len(images) == 1:  # it is not tried again
                self.follow(None)
            raise
        detected = dict(zip(wanted, found, strict=True))
        self.detections |= detected
        return [self.follow(detected.get(frame)) for frame in frames]

    def follow(self, detected: np.ndarray | None) -> Tracked:
        """Return the people of the next frame from its detected boxes, or None for a frame without detection."""
        self.next_frame += 1
        return self.tracker.predict() if detected is None else self.tracker.update(detected)
