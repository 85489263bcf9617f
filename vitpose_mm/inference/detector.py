"""Detect the people of images by an mmdet detector, a batch of images at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from mmdet.utils import get_test_pipeline_cfg
from mmengine.registry import DefaultScope
from mmpose.evaluation.functional import nms
from torch import nn


class PersonDetector:
    """Detects (N, 5) boxes x1, y1, x2, y2 in image pixels and score, best first, in an (H, W, 3) uint8 BGR image.

    Args:
        model: from build_detector.
        cat_id: class index of a person.
        bbox_thr: lowest score, 0 to 1.
        nms_thr: of two boxes with a larger intersection over union the better one is kept, 0 to 1.
    """

    def __init__(self, model: nn.Module, cat_id: int = 0, *, bbox_thr: float = 0.3, nms_thr: float = 0.3) -> None:
        detector: Any = model
        self.model = detector
        self.cat_id, self.bbox_thr, self.nms_thr = cat_id, bbox_thr, nms_thr
        steps = get_test_pipeline_cfg(detector.cfg.copy())
        steps[0].type = 'mmdet.LoadImageFromNDArray'
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose(steps)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return self.detect([image])[0]

    def detect(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Detect boxes in images of any sizes; those of one size at the detector's input go through it together.

        Others are not padded to one size, which would change their boxes.
        """
        prepared = self.prepare(images)
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, data in enumerate(prepared):
            groups.setdefault(tuple(data['inputs'].shape), []).append(index)
        found: list[Any] = [None] * len(images)
        for group in groups.values():
            batch = {key: [prepared[index][key] for index in group] for key in ('inputs', 'data_samples')}
            with torch.inference_mode(), self._wanted_scores():
                samples = self.model.test_step(batch)
            for index, sample in zip(group, samples, strict=True):
                found[index] = self._choose(sample.pred_instances.cpu().numpy())
        return found

    @contextmanager
    def _wanted_scores(self) -> Iterator[None]:
        """Have the detector drop boxes below ``bbox_thr`` before it sorts and suppresses them, not after.

        The others stay as they are: suppression and the limit on their number look at better boxes only.
        """
        settings = getattr(getattr(self.model, 'bbox_head', None), 'test_cfg', None) or {}
        before = settings.get('score_thr')
        if before is None or before >= self.bbox_thr:
            yield
            return
        settings['score_thr'] = self.bbox_thr
        try:
            yield
        finally:
            settings['score_thr'] = before

    def prepare(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """Put images through the detector's test pipeline."""
        return [self._pipeline({'img': image, 'img_id': 0}) for image in images]

    def _choose(self, found: Any) -> np.ndarray:
        """Choose the (N, 5) boxes of people of all that was detected in an image."""
        wanted = (found.labels == self.cat_id) & (found.scores > self.bbox_thr)
        boxes = np.concatenate((found.bboxes, found.scores[:, None]), axis=1)[wanted]
        return boxes[nms(boxes, self.nms_thr)]
