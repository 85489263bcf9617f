"""Decoders from features to heatmaps."""

from .classic import ClassicHead
from .simple import SimpleHead

__all__ = ['ClassicHead', 'SimpleHead']
