"""Keypoints of photos in three lines of Python, with models by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import overload

import numpy as np
from mmpose.structures import PoseDataSample

from ..zoo import DEFAULT_DETECTOR, DEFAULT_POSE, ModelName, find_detector, find_pose_model
from .images import read_image
from .loading import build_detector, build_pose_model, pick_device
from .topdown import PersonDetector, TopDown, to_three_channels

Image = str | Path | np.ndarray


class PosePredictor:
    """Find the keypoints of everybody in images: files of any kind, or (H, W, 3) uint8 BGR arrays.

    Args:
        pose: name of a pose model of the zoo, or (config, checkpoint).
        detector: likewise, for a detector of people; None: every image is one person, unless boxes are given.
        device: such as 'cpu' or 'cuda:0'; None: the first GPU, or the CPU.
        dataset: dataset whose keypoints are found, for a pose model of several.
        det_cat_id: the detector's class index of a person.
        bbox_thr: lowest score of a person box, 0 to 1.
        nms_thr: largest intersection over union of two person boxes, 0 to 1.

    Raises:
        ValueError: a name is not known, or a checkpoint cannot be had or does not fit.

    Example:
        >>> predict = PosePredictor('vitpose_base', 'rtmdet')
        >>> people = predict('photo.jpg').pred_instances
        >>> people.keypoints, people.keypoint_scores, people.bboxes  # (N, 17, 2) pixels, (N, 17), (N, 4) pixels
    """

    def __init__(
        self,
        pose: ModelName = DEFAULT_POSE,
        detector: ModelName | None = DEFAULT_DETECTOR,
        *,
        device: str | None = None,
        dataset: str | None = None,
        det_cat_id: int = 0,
        bbox_thr: float = 0.3,
        nms_thr: float = 0.3,
    ) -> None:
        files = find_pose_model(pose)
        detector_files = None if detector is None else find_detector(detector)
        device = pick_device(device)
        detect = whole_image
        if detector_files is not None:
            model = build_detector(*detector_files, device)
            detect = PersonDetector(model, det_cat_id, bbox_thr=bbox_thr, nms_thr=nms_thr)
        self._topdown = TopDown(detect, build_pose_model(*files, device, dataset=dataset))

    @overload
    def __call__(self, image: Image, boxes: np.ndarray | None = None) -> PoseDataSample: ...

    @overload
    def __call__(self, image: Sequence[Image]) -> list[PoseDataSample]: ...

    def __call__(
        self, image: Image | Sequence[Image], boxes: np.ndarray | None = None
    ) -> PoseDataSample | list[PoseDataSample]:
        """Predict the people of an image, or of each of a list of images.

        Args:
            image: a file or an (H, W, 3) uint8 BGR array, or a list of these.
            boxes: (N, 4) boxes x1, y1, x2, y2 of the people of the one image, in pixels, in place of the detector's.

        Returns:
            MMPose's sample, whose pred_instances has a length of 0 where there is nobody; for a list one for each.

        Raises:
            ValueError: an image cannot be read, or the boxes have another shape.
        """
        if not isinstance(image, (str, Path, np.ndarray)):
            if boxes is not None:
                raise ValueError('Boxes belong to one image and a list of images is given: call once for each image.')
            return [self(one) for one in image]
        pixels = to_three_channels(image) if isinstance(image, np.ndarray) else read_image(Path(image))
        return self._topdown(pixels) if boxes is None else self._topdown.estimate(pixels, with_scores(boxes))


def whole_image(image: np.ndarray) -> np.ndarray:
    """Return the (1, 5) box around an (H, W, 3) image, with a score of 1."""
    height, width = image.shape[:2]
    return np.array([[0, 0, width, height, 1]], np.float32)


def with_scores(boxes: np.ndarray) -> np.ndarray:
    """Return (N, 5) boxes and scores of (N, 4) boxes, with scores of 1, or of (N, 5) ones as they are.

    Raises:
        ValueError: another shape, or a number that is not finite.
    """
    array = np.asarray(boxes, np.float32)
    if array.size == 0:
        return np.zeros((0, 5), np.float32)
    if array.ndim != 2 or array.shape[1] not in (4, 5) or not np.isfinite(array).all():
        raise ValueError(
            f'boxes of shape {array.shape} are not valid: give finite numbers (N, 4) as x1, y1, x2, y2 in pixels.'
        )
    return array if array.shape[1] == 5 else np.concatenate((array, np.ones((len(array), 1), np.float32)), axis=1)
