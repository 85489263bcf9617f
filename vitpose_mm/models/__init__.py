"""Models; importing this registers them."""

from .backbones import ViT
from .distillers import KnowledgeTokenDistiller, KnowledgeTokenTuner
from .estimators import PoseEstimator
from .heads import ClassicHead, SimpleHead

__all__ = ['ClassicHead', 'KnowledgeTokenDistiller', 'KnowledgeTokenTuner', 'PoseEstimator', 'SimpleHead', 'ViT']
