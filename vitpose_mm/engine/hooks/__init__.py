"""Hooks of MMEngine for our data and models."""

from .bad_image_hook import BadImageHook
from .exact_resume_hook import ExactResumeHook
from .non_finite_hook import NonFiniteHook
from .plain_checkpoint_hook import PlainCheckpointHook
from .progress_hook import ProgressHook
from .reconstruction_hook import ReconstructionHook
from .resume_check_hook import ResumeCheckHook
from .stop_signal_hook import StopSignalHook
from .subset_visualization_hook import SubsetVisualizationHook

__all__ = [
    'BadImageHook',
    'ExactResumeHook',
    'NonFiniteHook',
    'PlainCheckpointHook',
    'ProgressHook',
    'ReconstructionHook',
    'ResumeCheckHook',
    'StopSignalHook',
    'SubsetVisualizationHook',
]
