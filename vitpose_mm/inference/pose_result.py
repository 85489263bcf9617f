"""The predicted people of one image, and the forms that others take them in.

N people, K keypoints; coordinates are pixels of the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmpose.structures import PoseDataSample

from . import formats
from .drawing import PoseDrawer
from .images import read_image
from .results import people_of


@dataclass(frozen=True, kw_only=True)
class PoseResult:
    """The people of one image.

    Attributes:
        index: of the image among the inputs, from 0.
        name: its path as given, or 'image 3' for an array.
        path: of its file; None for an array.
        sample: MMPose's, which its visualizer and metrics take.
        metainfo: the keypoint set: names, links, colours.
        error: why there is no prediction, in one sentence; None where there is one.
        pixels: (H, W, 3) uint8 BGR; None where they were not kept (see :attr:`image`).
    """

    index: int
    name: str
    sample: PoseDataSample
    metainfo: Mapping[str, Any] = field(repr=False)
    path: Path | None = None
    error: str | None = None
    pixels: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.sample.pred_instances)

    @property
    def keypoints(self) -> np.ndarray:
        """(N, K, 2) pixels."""
        return self.sample.pred_instances.keypoints

    @property
    def scores(self) -> np.ndarray:
        """(N, K) scores of the keypoints, 0 to 1."""
        return self.sample.pred_instances.keypoint_scores

    @property
    def boxes(self) -> np.ndarray:
        """(N, 4) boxes x1, y1, x2, y2, pixels."""
        return self.sample.pred_instances.bboxes

    @property
    def box_scores(self) -> np.ndarray:
        """(N,) scores of the boxes, 0 to 1."""
        return self.sample.pred_instances.bbox_scores

    @property
    def track_ids(self) -> np.ndarray | None:
        """(N,) ids of people over time; None where they are not tracked."""
        return self.sample.pred_instances.get('track_ids', None)

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8 BGR; a file whose pixels were not kept is read again.

        Raises:
            ValueError: neither pixels nor a readable file are there.
        """
        if self.pixels is not None:
            return self.pixels
        if self.path is None:
            raise ValueError(f'The pixels of {self.name} were not kept: predict with stream=True.')
        return read_image(self.path)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one dict per person, as in the demo's json file; with track_id where people are tracked."""
        people = people_of(self.sample)
        if self.track_ids is not None:
            for person, track_id in zip(people, self.track_ids.tolist(), strict=True):
                person['track_id'] = track_id
        return people

    def to_coco(self, image_id: int | str | None = None) -> list[dict[str, Any]]:
        """One entry a person of a COCO results file.

        ``keypoints`` is flat, x, y and score of each; ``score`` is the box's times the mean of the keypoints' above
        0.2, as MMPose's CocoMetric has it.

        Args:
            image_id: None: the number that the file is named by, as COCO's are; else the image's index.
        """
        if image_id is None:
            named = self.path is not None and self.path.stem.isascii() and self.path.stem.isdigit()
            image_id = int(self.path.stem) if named and self.path else self.index
        return formats.to_coco(self, image_id)

    def to_openpose(self) -> dict[str, Any]:
        """OpenPose's json: ``people[].pose_keypoints_2d``, flat x, y and score.

        COCO's 17 keypoints come as OpenPose's 18, the neck between the shoulders; those of other sets in their order.
        """
        return formats.to_openpose(self)

    def to_csv(self, *, header: bool = True) -> str:
        """Return one line per person: image, person, track_id, box and its score, then x, y and score by keypoint."""
        return formats.to_csv(self, {'image': self.name}, header=header)

    def plot(self, kpt_thr: float = 0.3, **style: Any) -> np.ndarray:
        """(H, W, 3) uint8 BGR picture of the people; ``style`` is that of :class:`~.drawing.PoseDrawer`."""
        return PoseDrawer(self.metainfo, kpt_thr, **style)(self.image, self.sample)
