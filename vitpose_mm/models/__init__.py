"""Models; importing this registers them."""

from .backbones import TimmViT, ViT
from .distillers import KnowledgeTokenDistiller, KnowledgeTokenTuner
from .estimators import PoseEnsemble, PoseEstimator
from .heads import ClassicHead, DatasetRouter, SimpleHead

__all__ = [
    'ClassicHead',
    'DatasetRouter',
    'KnowledgeTokenDistiller',
    'KnowledgeTokenTuner',
    'PoseEnsemble',
    'PoseEstimator',
    'SimpleHead',
    'TimmViT',
    'ViT',
]
