"""What training needs besides a model and data: learning rates by depth, hooks, checks before a run."""

from .hooks import (
    BadImageHook,
    ExactResumeHook,
    NonFiniteHook,
    PlainCheckpointHook,
    ReconstructionHook,
    ResumeCheckHook,
    StopSignalHook,
    SubsetVisualizationHook,
)
from .optim_wrappers import FiniteAmpOptimWrapper, FiniteOptimWrapper, LayerDecayConstructor
from .warmup_lr import WarmupLR

__all__ = [
    'BadImageHook',
    'ExactResumeHook',
    'FiniteAmpOptimWrapper',
    'FiniteOptimWrapper',
    'LayerDecayConstructor',
    'NonFiniteHook',
    'PlainCheckpointHook',
    'ReconstructionHook',
    'ResumeCheckHook',
    'StopSignalHook',
    'SubsetVisualizationHook',
    'WarmupLR',
]
