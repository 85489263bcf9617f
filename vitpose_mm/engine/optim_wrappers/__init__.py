"""Optimizer wrappers."""

from .finite import FiniteAmpOptimWrapper, FiniteOptimWrapper

__all__ = ['FiniteAmpOptimWrapper', 'FiniteOptimWrapper']
