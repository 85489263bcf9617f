"""Keypoints that are counted from another pixel than MMPose counts from."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from ...registry import TRANSFORMS


@TRANSFORMS.register_module()
class ShiftKeypoints(BaseTransform):
    """Shift keypoints (N, K, 2), in image pixels, ``offset`` pixels to the right and down.

    MPII counts pixels from 1. mmpose's MpiiDataset makes the boxes count from 0 but leaves the keypoints, so that
    targets lie a pixel right and below of the joints; its MpiiPCKAccuracy then adds 1 to predictions. With
    ``offset=-1`` in training both agree: predictions count from 0, as for every other dataset.

    Args:
        offset: pixels; for both axes.
    """

    def __init__(self, offset: float) -> None:
        self.offset = offset

    def transform(self, results: dict) -> dict:
        """Shift the keypoints of the results in place."""
        results['keypoints'] = results['keypoints'] + self.offset
        return results
