"""What training needs besides a model and data: learning rates by depth, hooks, a look ahead."""

from .hooks import NonFiniteHook
from .hooks_drawing import SubsetVisualizationHook
from .hooks_images import BadImageHook
from .hooks_pictures import ReconstructionHook
from .hooks_resume import ExactResumeHook
from .layer_decay import LayerDecayConstructor
from .optim_wrappers import FiniteAmpOptimWrapper, FiniteOptimWrapper
from .warmup_lr import WarmupLR

__all__ = [
    'BadImageHook',
    'ExactResumeHook',
    'FiniteAmpOptimWrapper',
    'FiniteOptimWrapper',
    'LayerDecayConstructor',
    'NonFiniteHook',
    'ReconstructionHook',
    'SubsetVisualizationHook',
    'WarmupLR',
]
