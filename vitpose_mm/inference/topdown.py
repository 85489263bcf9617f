"""Find the people of an image, crop each, and estimate the keypoints of all in image pixels.

Two steps that can be replaced on their own: :class:`PersonDetector` is any callable from an image to
(N, 5) boxes, and :class:`TopDown` runs a pose model on the boxes that it gets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch.nn as nn
from mmdet.apis import inference_detector
from mmengine.structures import InstanceData, PixelData
from mmpose.apis import inference_topdown
from mmpose.evaluation.functional import nms
from mmpose.structures import PoseDataSample
from mmpose.structures.utils import revert_heatmap

PEOPLE_A_FORWARD = 32  # bounds the memory that a crowd takes


class PersonDetector:
    """Detects (N, 5) boxes x1, y1, x2, y2 in image pixels and score, best first, in an (H, W, 3) uint8 BGR image.

    Args:
        model: from build_detector.
        cat_id: class index of a person.
        bbox_thr: lowest score, 0 to 1.
        nms_thr: of two boxes with a larger intersection over union the better one is kept, 0 to 1.
    """

    def __init__(self, model: nn.Module, cat_id: int = 0, *, bbox_thr: float = 0.3, nms_thr: float = 0.3) -> None:
        self.model, self.cat_id, self.bbox_thr, self.nms_thr = model, cat_id, bbox_thr, nms_thr

    def __call__(self, image: np.ndarray) -> np.ndarray:
        found = inference_detector(self.model, image).pred_instances.cpu().numpy()
        wanted = (found.labels == self.cat_id) & (found.scores > self.bbox_thr)
        boxes = np.concatenate((found.bboxes, found.scores[:, None]), axis=1)[wanted]
        return boxes[nms(boxes, self.nms_thr)]


class TopDown:
    """Estimates everybody in an (H, W, 3) uint8 BGR image: one PoseDataSample with pred_instances.

    Args:
        detect: image -> (N, 5) boxes and scores.
        pose_model: from build_pose_model. With test_cfg.output_heatmaps the sample also has
            pred_fields.heatmaps (1, H, W), the highest of all people and keypoints.

    Example:
        >>> estimate = TopDown(PersonDetector(build_detector(...)), build_pose_model(...))
        >>> estimate(read_image(Path('photo.jpg'))).pred_instances.keypoints  # (N, K, 2)
    """

    def __init__(self, detect: Callable[[np.ndarray], np.ndarray], pose_model: nn.Module) -> None:
        self.detect, self.pose_model = detect, pose_model

    def __call__(self, image: np.ndarray) -> PoseDataSample:
        image = to_three_channels(image)
        return self.estimate(image, self.detect(image))

    def estimate(self, image: np.ndarray, boxes: np.ndarray) -> PoseDataSample:
        """Estimate the keypoints of the people in (N, 5) boxes and scores of an (H, W, 3) or grey (H, W) image.

        Without boxes ``pred_instances`` is there and has a length of 0 (mmpose's inference_topdown would take the
        whole image for a person).

        Raises:
            ValueError: the image is not an array of uint8 with 1 or 3 channels.
        """
        image = to_three_channels(image)
        sample = PoseDataSample(pred_instances=self._nobody())
        people: list[InstanceData] = []
        highest: np.ndarray | None = None
        for start in range(0, len(boxes), PEOPLE_A_FORWARD):
            part = at_least_one_pixel(boxes[start : start + PEOPLE_A_FORWARD, :4])
            for person in inference_topdown(self.pose_model, image, part):
                people.append(person.pred_instances)
                highest = highest_heat(highest, person)
        if people:
            sample.pred_instances = place_undecided(InstanceData.cat(people))
            sample.pred_instances.bbox_scores = boxes[:, 4].astype(np.float32)
        if highest is not None:
            sample.pred_fields = PixelData(heatmaps=highest[None])
        return sample

    def _nobody(self) -> InstanceData:
        """Return predictions of no person, with the shapes that those of people have."""
        metainfo: Any = self.pose_model.dataset_meta
        keypoints = metainfo['num_keypoints']
        shapes = {
            'keypoints': (0, keypoints, 2),
            'keypoint_scores': (0, keypoints),
            'keypoints_visible': (0, keypoints),
            'bboxes': (0, 4),
            'bbox_scores': (0,),
        }
        return InstanceData(**{name: np.zeros(shape, np.float32) for name, shape in shapes.items()})


def to_three_channels(image: np.ndarray) -> np.ndarray:
    """Return an (H, W, 3) uint8 image as it is, and a grey (H, W) or (H, W, 1) one with its channel three times.

    Raises:
        ValueError: it is another kind of array.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        kind = f'{image.dtype} array of shape {image.shape}' if isinstance(image, np.ndarray) else type(image).__name__
        raise ValueError(f'An image is a uint8 array of shape (H, W, 3) in BGR order and this is a {kind}: convert it.')
    channels = image.shape[2] if image.ndim == 3 else 1
    if channels not in (1, 3):
        raise ValueError(f'The image has {channels} channels: give 3 (BGR), or 1 (grey).')
    return image if channels == 3 else np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)


def at_least_one_pixel(boxes: np.ndarray) -> np.ndarray:
    """Grow empty boxes of (N, 4) boxes x1, y1, x2, y2 to one pixel around their centre."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], 1)
    return np.concatenate((centres - sizes / 2, centres + sizes / 2), axis=1)


def place_undecided(people: InstanceData) -> InstanceData:
    """Put NaN keypoints of people with (N, K, 2) keypoints at the centre of their box, with score 0.

    mmpose's UDP decoding divides by the highest value of a heatmap, which may be 0.
    """
    undecided = np.isnan(people.keypoints).any(-1)  # (N, K)
    centres = (people.bboxes[:, :2] + people.bboxes[:, 2:]) / 2
    people.keypoints = np.where(undecided[..., None], centres[:, None], people.keypoints)
    for scores in (people.keypoint_scores, people.keypoints_visible):
        scores[undecided] = 0
    return people


def highest_heat(highest: np.ndarray | None, person: PoseDataSample) -> np.ndarray | None:
    """Return the higher of an (H, W) heatmap so far and one person's (K, h, w) heatmaps, (H, W) in image pixels.

    One map is kept: K maps of image size for every person would fill the memory.
    """
    if 'pred_fields' not in person:
        return highest
    heat = person.pred_fields.heatmaps.amax(0)  # (K, h, w) -> (h, w)
    heat = revert_heatmap(heat, person.input_center, person.input_scale, person.ori_shape)
    return heat if highest is None else np.maximum(highest, heat)
