"""Models; importing this registers them."""

from .backbones import ViT
from .estimators import PoseEstimator
from .heads import ClassicHead, DatasetRouter, SimpleHead

__all__ = ['ClassicHead', 'DatasetRouter', 'PoseEstimator', 'SimpleHead', 'ViT']
