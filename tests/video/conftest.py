"""Small videos, and a predictor that answers by arithmetic."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from tests.inference.conftest import detector_files, pose_files  # noqa: F401  fixtures
from vitpose_mm.video import VideoWriter
from vitpose_mm.video.quiet import quiet_opencv

SIZE = (96, 64)  # width, height
UNTURNED = struct.pack('>9i', 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
QUARTER = struct.pack('>9i', 0, 65536, 0, -65536, 0, 0, SIZE[1] << 16, 0, 1 << 30)  # a phone's, 90 degrees


def picture(index: int) -> np.ndarray:
    """A dark frame with a bright square that moves two pixels a frame; the corner at 0, 0 is red."""
    image = np.full((SIZE[1], SIZE[0], 3), 20, np.uint8)
    image[:16, :16] = (0, 0, 220)
    left = 16 + 2 * index % 60
    image[30:46, left : left + 16] = 230
    return image


@pytest.fixture
def write_video(tmp_path: Path) -> Callable[..., Path]:
    """Write a video of a given number of frames; mp4 files are MPEG-4, which keeps colours well enough."""

    def write(frames: int = 20, *, name: str = 'walk.mp4', fps: float = 25.0) -> Path:
        path = tmp_path / name
        if path.suffix == '.webm':
            writer = VideoWriter(path, fps=fps)
            for index in range(frames):
                writer.write(picture(index), index / fps)
            writer.close()
        else:
            with quiet_opencv():
                plain = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*'mp4v'), fps, SIZE)
            for index in range(frames):
                plain.write(picture(index))
            plain.release()
        return path

    return write


class ArithmeticPredictor:
    """Stands for a PosePredictor: a person on the bright square, with the keypoint in its middle.

    The detector finds the square; in frames of ``weak`` its score is 0.2. ``asked`` counts the images it saw.
    """

    def __init__(self, weak: Sequence[int] = ()) -> None:
        self.weak, self.asked, self.estimated = weak, 0, 0
        self.metainfo = {'dataset_name': 'one_point', 'num_keypoints': 1}
        self.detector = SimpleNamespace(bbox_thr=0.5, detect=self.detect)

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        found = []
        for image in images:
            columns = np.flatnonzero(image[38, 16:, 1] > 125) + 16
            score = 0.2 if self.asked in self.weak else 0.9
            found.append(np.array([[columns[0], 30, columns[-1] + 1, 46, score]], np.float32))
            self.asked += 1
        return found

    def predict(
        self, images: Iterable[np.ndarray], *, boxes: Any, batch_size: int, stream: bool, output_heatmaps: bool
    ) -> Iterator[Any]:
        assert stream and not output_heatmaps  # a video's results have none, and they are slow
        for image in images:
            found = (boxes or self.detect)([image])[0]
            people, ids = found if isinstance(found, tuple) else (found, None)
            self.estimated += 1
            middle = (people[:, :2] + people[:, 2:4]) / 2 + (self.estimated % 2)
            yield SimpleNamespace(
                keypoints=middle[:, None].astype(np.float32),
                scores=np.full((len(people), 1), 0.8, np.float32),
                boxes=people[:, :4],
                box_scores=people[:, 4],
                track_ids=ids,
                error=None,
            )


@pytest.fixture
def predictor() -> ArithmeticPredictor:
    """The stand-in."""
    return ArithmeticPredictor()
