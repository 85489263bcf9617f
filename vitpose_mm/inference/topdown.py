"""Estimate the keypoints of everybody in image pixels: one crop a person, all of a batch together.

N people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn as nn
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample
from mmpose.structures.utils import revert_heatmap

from .crops import CropMaker
from .detector import PersonDetector
from .heatmaps import Forward, TorchForward, head_of, makes_heatmaps, with_flip_test

__all__ = ['PersonDetector', 'TopDown']  # the detector was here in version 0.1

MAX_PEOPLE_PER_FORWARD = 32  # bounds the memory that a crowd takes


class Estimate(NamedTuple):
    """Predictions of a model for N people.

    Attributes:
        keypoints: (N, K, 2) pixels of the image.
        scores: (N, K) score of each keypoint.
        visible: (N, K) visibility; the scores where the model does not predict it.
        heat: N maps (h, w), the highest of a person's heatmaps; none where they are not asked for.
        centres: (N, 2) centres of the crops, pixels of the image.
        scales: (N, 2) width and height of the crops, pixels of the image.
    """

    keypoints: np.ndarray
    scores: np.ndarray
    visible: np.ndarray
    heat: list[np.ndarray]
    centres: np.ndarray
    scales: np.ndarray


class TopDown:
    """Estimates everybody in an (H, W, 3) uint8 BGR image: one PoseDataSample with pred_instances.

    Args:
        detect: image -> (N, 5) boxes and scores.
        pose_model: from build_pose_model. With test_cfg.output_heatmaps the sample also has
            pred_fields.heatmaps (1, H, W), the highest of all people and keypoints.
        forward: maps crops to heatmaps; None: the model itself, in fp32. It is used for models with UDP heatmaps
            (``makes_heatmaps``); every other model runs by its own test pipeline and ``predict``.

    Example:
        >>> estimate = TopDown(PersonDetector(build_detector(...)), build_pose_model(...))
        >>> estimate(read_image(Path('photo.jpg'))).pred_instances.keypoints  # (N, K, 2)
    """

    def __init__(
        self, detect: Callable[[np.ndarray], np.ndarray], pose_model: nn.Module, *, forward: Forward | None = None
    ) -> None:
        self.detect = detect
        model: Any = pose_model
        self.pose_model = model
        steps = model.cfg.test_dataloader.dataset.pipeline
        self._crop = CropMaker.of(steps) if makes_heatmaps(pose_model) else None
        if self._crop is None:
            with DefaultScope.overwrite_default_scope(model.cfg.get('default_scope', 'mmpose')):
                self._pipeline = Compose(steps)
        else:
            self.forward = forward or TorchForward(pose_model, 'fp32')
            self._head = head_of(pose_model)

    def __call__(self, image: np.ndarray) -> PoseDataSample:
        image = to_three_channels(image)
        return self.estimate(image, self.detect(image))

    def estimate(self, image: np.ndarray, boxes: np.ndarray) -> PoseDataSample:
        """Estimate the keypoints of the people in (N, 5) boxes and scores of an (H, W, 3) or grey (H, W) image.

        Raises:
            ValueError: the image is not an array of uint8 with 1 or 3 channels.
        """
        return self.estimate_all([image], [boxes])[0]

    def estimate_all(
        self, images: Sequence[np.ndarray], boxes: Sequence[np.ndarray], *, output_heatmaps: bool | None = None
    ) -> list[PoseDataSample]:
        """Estimate the people of several images of any sizes, with the crops of all of them together.

        Without boxes ``pred_instances`` is there and has a length of 0 (mmpose's inference_topdown would take the
        whole image for a person).

        Args:
            images: (H, W, 3) or grey (H, W), uint8.
            boxes: (N, 5) boxes and scores of each.
            output_heatmaps: False leaves the heatmaps out; None: as test_cfg says.

        Raises:
            ValueError: an image is not an array of uint8 with 1 or 3 channels.
        """
        images = [to_three_channels(image) for image in images]
        owners = np.repeat(np.arange(len(images)), [len(one) for one in boxes])
        everybody = np.concatenate([np.zeros((0, 5), np.float32), *boxes]).astype(np.float32)
        crops = at_least_one_pixel(everybody[:, :4])
        parts: list[InstanceData] = [self._nobody()]
        heat: dict[int, np.ndarray] = {}
        with_heat = self.pose_model.test_cfg.get('output_heatmaps', False) and output_heatmaps is not False
        for start in range(0, len(owners), MAX_PEOPLE_PER_FORWARD):
            chosen = slice(start, start + MAX_PEOPLE_PER_FORWARD)
            found = self._run(images, crops[chosen], owners[chosen], with_heat=with_heat)
            parts.append(to_instances(found, crops[chosen], everybody[chosen, 4]))
            if with_heat:
                add_heat(heat, found, owners[chosen], images)
        people = InstanceData.cat(parts)
        return [
            pack(people[np.flatnonzero(owners == i)], image.shape[:2], heat.get(i)) for i, image in enumerate(images)
        ]

    @torch.inference_mode()
    def _run(self, images: Sequence[np.ndarray], boxes: np.ndarray, owners: np.ndarray, *, with_heat: bool) -> Estimate:
        """Run the model on (N, 4) boxes, each of the image ``owners[i]``."""
        if self._crop is None:
            return self._run_pipeline(images, boxes, owners)
        crops = self._crop(images, boxes, owners, device=next(self.pose_model.parameters()).device)
        test_cfg = self.pose_model.test_cfg
        if test_cfg.get('flip_test', False):
            flip_indices = self.pose_model.dataset_meta['flip_indices']
            shift = test_cfg.get('shift_heatmap', False)
            heatmaps = with_flip_test(self.forward, crops.pixels, flip_indices, shift=shift)
        else:
            heatmaps = self.forward(crops.pixels)
        people = self._head.decode(heatmaps)
        keypoints = crops.to_image(np.concatenate([person.keypoints for person in people]))
        scores = np.concatenate([person.keypoint_scores for person in people])
        heat = list(heatmaps.amax(1).cpu().numpy()) if with_heat else []
        return Estimate(keypoints, scores, scores.copy(), heat, crops.centres, crops.scales)

    def _run_pipeline(self, images: Sequence[np.ndarray], boxes: np.ndarray, owners: np.ndarray) -> Estimate:
        """As :meth:`_run`, person by person through the test pipeline and by the model's own predict."""
        meta = self.pose_model.dataset_meta
        prepared = [
            self._pipeline({'img': images[owner], 'bbox': box[None], 'bbox_score': np.ones(1, np.float32), **meta})
            for box, owner in zip(boxes, owners, strict=True)
        ]
        people = self.pose_model.test_step(pseudo_collate(prepared))
        found = InstanceData.cat([person.pred_instances for person in people])
        centres = np.stack([np.ravel(person.input_center) for person in people])
        scales = np.stack([np.ravel(person.input_scale) for person in people])
        heat = [person.pred_fields.heatmaps.amax(0).cpu().numpy() for person in people if 'pred_fields' in person]
        return Estimate(found.keypoints, found.keypoint_scores, found.keypoints_visible, heat, centres, scales)

    def nobody(self, image: np.ndarray | None = None) -> PoseDataSample:
        """Return the sample of an image without people, or that could not be read."""
        return pack(self._nobody(), (0, 0) if image is None else image.shape[:2], None)

    def _nobody(self) -> InstanceData:
        """Return predictions of no person, with the shapes that those of people have."""
        keypoints = self.pose_model.dataset_meta['num_keypoints']
        shapes = {
            'keypoints': (0, keypoints, 2),
            'keypoint_scores': (0, keypoints),
            'keypoints_visible': (0, keypoints),
            'bboxes': (0, 4),
            'bbox_scores': (0,),
        }
        return InstanceData(**{name: np.zeros(shape, np.float32) for name, shape in shapes.items()})


def to_instances(found: Estimate, boxes: np.ndarray, box_scores: np.ndarray) -> InstanceData:
    """Return the people in (N, 4) boxes that a model found as mmpose's instances.

    Keypoints that are undecided, because their heatmap is zero everywhere, are at the centre of the box, with a score
    of 0; MMPose's UDP decoding divides by the highest value of a heatmap and gives NaN.
    """
    undecided = np.isnan(found.keypoints).any(-1) | (found.scores == 0)  # (N, K)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return InstanceData(
        keypoints=np.where(undecided[..., None], centres[:, None], found.keypoints),
        keypoint_scores=np.where(undecided, 0, found.scores),
        keypoints_visible=np.where(undecided, 0, found.visible),
        bboxes=boxes,
        bbox_scores=box_scores,
    )


def add_heat(heat: dict[int, np.ndarray], found: Estimate, owners: np.ndarray, images: Sequence[np.ndarray]) -> None:
    """Merge the heatmaps of people into one per image, the maximum at every pixel: (H, W) by index of the image.

    One map per image is kept: K maps of image size for every person would fill the memory.
    """
    for one, centre, scale, owner in zip(found.heat, found.centres, found.scales, owners.tolist(), strict=False):
        reverted = revert_heatmap(one, centre, scale, images[owner].shape[:2])
        heat[owner] = np.maximum(heat.get(owner, reverted), reverted)


def pack(people: InstanceData, shape: tuple[int, ...], heat: np.ndarray | None) -> PoseDataSample:
    """Return mmpose's sample of the people of an image of (H, W) pixels, and the (H, W) highest heat of them."""
    sample = PoseDataSample(pred_instances=people, metainfo={'ori_shape': shape})
    if heat is not None:
        sample.pred_fields = PixelData(heatmaps=heat[None])
    return sample


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
    sizes = boxes[:, 2:] - boxes[:, :2]
    half = np.maximum(sizes, 1) / 2
    grown = np.concatenate((centres - half, centres + half), axis=1)
    return np.where((sizes < 1).any(axis=1, keepdims=True), grown, boxes)  # no rounding of the others
