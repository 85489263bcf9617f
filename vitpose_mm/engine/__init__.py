"""What training needs besides a model and data: learning rates by depth, hooks, a look ahead."""

from .hooks.stop_signal_hook import StopSignalHook
from .hooks_drawing import SubsetVisualizationHook
from .hooks_images import BadImageHook
from .hooks_pictures import ReconstructionHook
from .hooks_resume import ExactResumeHook
from .layer_decay import LayerDecayConstructor

__all__ = [
    'BadImageHook',
    'ExactResumeHook',
    'LayerDecayConstructor',
    'ReconstructionHook',
    'StopSignalHook',
    'SubsetVisualizationHook',
]
