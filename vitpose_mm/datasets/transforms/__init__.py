"""Transforms that MMPose does not have."""

from .safe_load_image import SafeLoadImage
from .skeleton_converter import SkeletonConverter

__all__ = ['SafeLoadImage', 'SkeletonConverter']
