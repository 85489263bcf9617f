"""How models are optimized: updates that stay finite, learning rates by depth."""

from .finite import FiniteAmpOptimWrapper, FiniteOptimWrapper
from .layer_decay_constructor import LayerDecayConstructor

__all__ = ['FiniteAmpOptimWrapper', 'FiniteOptimWrapper', 'LayerDecayConstructor']
