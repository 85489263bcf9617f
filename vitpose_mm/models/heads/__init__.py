"""Decoders from features to heatmaps."""

from .classic import ClassicHead
from .router import DatasetRouter
from .simple import SimpleHead

__all__ = ['ClassicHead', 'DatasetRouter', 'SimpleHead']
