"""Transforms that MMPose does not have."""

from .safe_load_image import SafeLoadImage

__all__ = ['SafeLoadImage']
