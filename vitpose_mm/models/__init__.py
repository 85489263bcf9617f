"""Models; importing this registers them."""

from .backbones import ViT
from .estimators import PoseEstimator
from .heads import ClassicHead, SimpleHead

__all__ = ['ClassicHead', 'PoseEstimator', 'SimpleHead', 'ViT']
