"""The old name of :mod:`vitpose_mm.inference.dataset_selection`, which scripts of version 0.1 import."""

from __future__ import annotations

import warnings

from .dataset_selection import serve_dataset

__all__ = ['serve_dataset']

warnings.warn(
    'vitpose_mm.inference.datasets is called vitpose_mm.inference.dataset_selection now: change the name.',
    FutureWarning,
    stacklevel=2,
)
