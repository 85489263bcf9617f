"""Transforms that MMPose does not have."""

from .follow_mapping import FollowMapping
from .safe_load_image import SafeLoadImage

__all__ = ['FollowMapping', 'SafeLoadImage']
