"""A predictor that finds the bright square of tests/video's frames, and that can be killed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from tests.helpers.labelling_jobs import METAINFO, Killed
from tests.video.conftest import detector_files, pose_files, write_video  # noqa: F401  fixtures
from vitpose_mm.inference.frames import read_frames
from vitpose_mm.inference.pipeline import batched
from vitpose_mm.inference.pose_result import PoseResult

FAILS = 16 + 2 * 4  # left side of the bright square in frame 4


class SquarePredictor:
    """Finds the bright square of tests/video's frames, fails on frame 4; its keypoints depend on the batch.

    Args:
        lives: batches after which it is killed.
    """

    metainfo = METAINFO

    def __init__(self, lives: int = 10**6) -> None:
        self.lives = lives
        self.estimated = 0
        self.detector = SimpleNamespace(bbox_thr=0.5, detect=self.detect)

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        found = []
        for image in images:
            columns = np.flatnonzero(image[38, 16:, 1] > 125) + 16 if len(image) > 38 else [1, 20]
            found.append(np.array([[columns[0], 30, columns[-1] + 1, 46, 0.9]], np.float32))
        return found

    def predict(
        self, inputs: Iterable[Any], *, boxes: Any = None, batch_size: int, stream: bool, output_heatmaps: bool = False
    ) -> Iterator[PoseResult]:
        assert stream
        for batch in batched(read_frames(inputs), batch_size):
            if not self.lives:
                raise Killed
            self.lives -= 1
            found = (boxes or self.detect)([frame.pixels for frame in batch])
            mean = float(np.mean([frame.pixels.mean() for frame in batch if frame.pixels is not None]))
            for frame, answer in zip(batch, found, strict=True):
                self.estimated += 1
                people, ids = answer if isinstance(answer, tuple) else (answer, None)
                failed = len(people) and abs(people[0, 0] - FAILS) < 1
                yield self._result(frame, people, ids, mean=mean, error=f'{frame.name}: broken' if failed else None)

    def _result(self, frame: Any, people: np.ndarray, ids: Any, *, mean: float, error: str | None) -> PoseResult:
        found = InstanceData(
            keypoints=people[:, None, :2] + np.array([[[mean, 2.5], [3, 4]]], np.float32),
            keypoint_scores=np.tile(np.array([[0.9, 0.25]], np.float32), (len(people), 1)),
            bboxes=people[:, :4],
            bbox_scores=people[:, 4],
        )
        if ids is not None:
            found.track_ids = ids
        options = {'index': frame.index, 'name': frame.name, 'path': frame.path, 'error': error}
        sample = PoseDataSample(pred_instances=found)
        return PoseResult(sample=sample, metainfo=METAINFO, pixels=frame.pixels, **options)
