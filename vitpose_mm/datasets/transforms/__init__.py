"""Transforms that MMPose does not have."""

from .safe_load_image import SafeLoadImage
from .shift_keypoints import ShiftKeypoints
from .skeleton_converter import SkeletonConverter
from .square_crop import SquareCrop

__all__ = ['SafeLoadImage', 'ShiftKeypoints', 'SkeletonConverter', 'SquareCrop']
