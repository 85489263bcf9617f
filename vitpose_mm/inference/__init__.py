"""Detector + crops + pose for images: reading, predicting, drawing and storing, a file each."""

from .predictor import PosePredictor

__all__ = ['PosePredictor']
