"""Detector + crops + pose for images: reading, predicting, drawing and storing, a file each."""

from .pose_result import PoseResult
from .predictor import PosePredictor

__all__ = ['PosePredictor', 'PoseResult']
