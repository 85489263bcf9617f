"""Transforms that MMPose does not have."""

from .fast_steps import FastPackPoseInputs, FastRandomBBoxTransform, FastRandomFlip
from .safe_load_image import SafeLoadImage
from .shift_keypoints import ShiftKeypoints
from .skeleton_converter import SkeletonConverter
from .square_crop import SquareCrop

__all__ = [
    'FastPackPoseInputs',
    'FastRandomBBoxTransform',
    'FastRandomFlip',
    'SafeLoadImage',
    'ShiftKeypoints',
    'SkeletonConverter',
    'SquareCrop',
]
