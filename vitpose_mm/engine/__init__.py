"""What training needs besides a model and data: learning rates by depth, hooks, checks before a run."""

from .hooks import BadImageHook, ExactResumeHook, ReconstructionHook, StopSignalHook, SubsetVisualizationHook
from .optim_wrappers import LayerDecayConstructor

__all__ = [
    'BadImageHook',
    'ExactResumeHook',
    'LayerDecayConstructor',
    'ReconstructionHook',
    'StopSignalHook',
    'SubsetVisualizationHook',
]
