"""Keypoints that are counted from another pixel than the host counts from."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class ShiftKeypoints(BaseTransform):
    """Keypoints (N, K, 2) in image pixels -> the same, ``offset`` pixels further to the right and down.

    MPII counts pixels from 1. mmpose's MpiiDataset makes the boxes count from 0 but leaves the keypoints, so that
    targets lie a pixel right and below of the joints; its MpiiPCKAccuracy then adds 1 to predictions. With
    ``offset=-1`` in training both agree: predictions count from 0, as for every other dataset.

    Args:
        offset: pixels; for both axes.
    """

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def transform(self, results: dict) -> dict:
        """Results with keypoints in image pixels -> the same results, moved."""
        results['keypoints'] = results['keypoints'] + self.offset
        return results
