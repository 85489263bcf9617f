"""The people of one frame, on the way from the model to files and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from ..inference import formats

PIXEL_DIGITS, SCORE_DIGITS, TIME_DIGITS = 3, 4, 6  # decimals in files of results


@dataclass(frozen=True, kw_only=True)
class VideoResult:
    """N people of one frame with K keypoints; coordinates are pixels of the upright frame.

    Attributes:
        index: of the frame, from 0.
        time: seconds since the first frame.
        image: (H, W, 3) uint8 BGR.
        keypoints: (N, K, 2).
        scores: (N, K) of the keypoints, 0 to 1.
        boxes: (N, 4) x1, y1, x2, y2.
        box_scores: (N,), 0 to 1.
        metainfo: the keypoint set: names, links, colours.
        track_ids: (N,) of people over time, from 1; None where they are not tracked.
        error: why there is no prediction, in one sentence; None where there is one.
    """

    index: int
    time: float
    image: np.ndarray = field(repr=False)
    keypoints: np.ndarray
    scores: np.ndarray
    boxes: np.ndarray
    box_scores: np.ndarray
    metainfo: Mapping[str, Any] = field(repr=False)
    track_ids: np.ndarray | None = None
    error: str | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def sample(self) -> PoseDataSample:
        """The people as MMPose's sample, which its visualizer takes."""
        people = InstanceData(
            keypoints=self.keypoints,
            keypoint_scores=self.scores,
            keypoints_visible=self.scores,
            bboxes=self.boxes,
            bbox_scores=self.box_scores,
        )
        if self.track_ids is not None:
            people.track_ids = self.track_ids
        return PoseDataSample(pred_instances=people)

    def to_dict(self, *, exact: bool = False) -> dict[str, Any]:
        """The frame's entry of a file of results (docs/video_results.schema.json); ``exact``: nothing is rounded."""
        result = self if exact else self._rounded()
        keypoints, scores = result.keypoints.tolist(), result.scores.tolist()
        boxes, box_scores = result.boxes.tolist(), result.box_scores.tolist()
        people: list[dict[str, Any]] = []
        for i in range(len(self)):
            person = {} if self.track_ids is None else {'track_id': int(self.track_ids[i])}
            person |= {'keypoints': keypoints[i], 'keypoint_scores': scores[i]}
            people.append(person | {'bbox': boxes[i], 'bbox_score': box_scores[i]})
        entry: dict[str, Any] = {'frame_id': self.index, 'time': result.time}
        return entry | {'instances': people} | ({'error': self.error} if self.error else {})

    def to_coco(self) -> list[dict[str, Any]]:
        """One entry a person of a COCO results file, as :meth:`~.PoseResult.to_coco` has it; image_id is the index."""
        return formats.to_coco(self._rounded(), self.index)

    def to_openpose(self) -> dict[str, Any]:
        """OpenPose's json, as :meth:`~.PoseResult.to_openpose` has it, with frame_id and time."""
        result = self._rounded()
        return {'frame_id': self.index, 'time': result.time} | formats.to_openpose(result)

    def to_csv(self, *, header: bool = True) -> str:
        """Return one line per person: frame_id, time, person, track_id, box and its score, x, y, score by keypoint."""
        result = self._rounded()
        return formats.to_csv(result, {'frame_id': self.index, 'time': result.time}, header=header)

    def _rounded(self) -> VideoResult:
        """Return the result with the decimals that files of results have."""
        return replace(
            self,
            time=round(self.time, TIME_DIGITS),
            keypoints=self.keypoints.astype(np.float64).round(PIXEL_DIGITS),
            scores=self.scores.astype(np.float64).round(SCORE_DIGITS),
            boxes=self.boxes.astype(np.float64).round(PIXEL_DIGITS),
            box_scores=self.box_scores.astype(np.float64).round(SCORE_DIGITS),
        )

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any], image: np.ndarray, metainfo: Mapping[str, Any]) -> VideoResult:
        """Return the result of an entry that :meth:`to_dict` made with ``exact``, with the frame's pixels."""
        num_keypoints = metainfo['num_keypoints']
        people = entry['instances']

        def stack(key: str, *shape: int) -> np.ndarray:
            return np.array([person[key] for person in people], np.float32).reshape(len(people), *shape)

        tracked = bool(people) and 'track_id' in people[0]
        return cls(
            index=entry['frame_id'],
            time=entry['time'],
            image=image,
            keypoints=stack('keypoints', num_keypoints, 2),
            scores=stack('keypoint_scores', num_keypoints),
            boxes=stack('bbox', 4),
            box_scores=stack('bbox_score'),
            metainfo=metainfo,
            track_ids=np.array([person['track_id'] for person in people], np.int64) if tracked else None,
            error=entry.get('error'),
        )
