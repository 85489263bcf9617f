"""Transforms that MMPose does not have."""

from .safe_load_image import SafeLoadImage
from .shift_keypoints import ShiftKeypoints
from .square_crop import SquareCrop

__all__ = ['SafeLoadImage', 'ShiftKeypoints', 'SquareCrop']
