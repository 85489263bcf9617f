"""Models; importing this registers them."""

from .backbones import ViT
from .distillers import KnowledgeTokenDistiller, KnowledgeTokenTuner
from .estimators import PoseEstimator
from .heads import ClassicHead, DatasetRouter, SimpleHead

__all__ = [
    'ClassicHead',
    'DatasetRouter',
    'KnowledgeTokenDistiller',
    'KnowledgeTokenTuner',
    'PoseEstimator',
    'SimpleHead',
    'ViT',
]
