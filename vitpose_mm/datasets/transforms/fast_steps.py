"""Steps of MMPose's training pipelines in less time with the same results; :class:`MultiDataset` takes them.

What they save is not computation but copies and checks. An image that NumPy flipped, as a view, OpenCV copies before it
crops it, which takes ten times as long as the crop. Of SciPy's time for four random numbers, a twentieth is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms.utils import cache_randomness
from mmengine.registry import Registry
from mmpose.datasets.transforms import PackPoseInputs, RandomBBoxTransform, RandomFlip
from scipy import special

from ...registry import TRANSFORMS

FLIP_CODES = {'horizontal': 1, 'vertical': 0, 'diagonal': -1}  # OpenCV's
NO_IMAGE = np.zeros((1, 1, 3), np.uint8)


@TRANSFORMS.register_module()
class FastRandomFlip(RandomFlip):
    """MMPose's RandomFlip; the image is flipped by OpenCV, so that its pixels are in the order that crops need."""

    @cache_randomness
    def _choose_direction(self) -> str | None:
        """Choose the direction, or None, by the number that NumPy's ``choice`` takes."""
        if isinstance(self.direction, str) and isinstance(self.prob, float):
            return self.direction if np.random.random_sample() < self.prob else None
        chosen: str | None = super()._choose_direction()
        return chosen

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Flip at random ``img`` (H, W, 3), boxes and keypoints."""
        image = results['img']
        results = super().transform(results)
        if results['flip'] and isinstance(image, np.ndarray):
            results['img'] = cv2.flip(image, FLIP_CODES[results['flip_direction']])
        return results


@TRANSFORMS.register_module()
class FastRandomBBoxTransform(RandomBBoxTransform):
    """MMPose's RandomBBoxTransform; its truncated normal numbers are SciPy's, without SciPy's checks."""

    @staticmethod
    def _truncnorm(low: float = -1.0, high: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Draw float32 numbers of a normal distribution that is cut off at ``low`` < 0 and ``high`` > 0."""
        mass = np.log1p(-special.ndtr(low) - special.ndtr(-high))
        drawn = np.log(np.random.uniform(size=size)) + mass
        below = special.log_ndtr(low)
        more, less = np.maximum(drawn, below), np.minimum(drawn, below)
        return special.ndtri_exp(np.log1p(np.exp(less - more)) + more).astype(np.float32)


@TRANSFORMS.register_module()
class FastPackPoseInputs(PackPoseInputs):
    """MMPose's PackPoseInputs; the channels of the image are split by OpenCV."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack ``img`` (H, W, 3) as a (3, H, W) tensor, and labels as a PoseDataSample."""
        image = results.get('img')
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.dtype != np.uint8:
            return super().transform(results)
        packed = super().transform({**results, 'img': NO_IMAGE})
        planes = np.empty((image.shape[2], *image.shape[:2]), image.dtype)
        cv2.split(image, list(planes))
        packed['inputs'] = torch.from_numpy(planes)
        return packed


FAST: dict[Any, type] = {
    RandomFlip: FastRandomFlip,
    RandomBBoxTransform: FastRandomBBoxTransform,
    PackPoseInputs: FastPackPoseInputs,
}


def use_fast_steps(pipeline: Sequence[Any]) -> list[Any]:
    """Return a pipeline's config with the faster class for each of MMPose's own steps that has one."""
    with TRANSFORMS.switch_scope_and_registry(None) as registry:  # that of the default scope, as when they are built
        return [_faster(step, registry) for step in pipeline]


def _faster(step: Any, registry: Registry) -> Any:
    kind = step.get('type') if isinstance(step, dict) else None
    fast = FAST.get(registry.get(kind) if isinstance(kind, str) else kind)
    return step if fast is None else {**step, 'type': fast}
