"""The old name of :mod:`vitpose_mm.engine.fsdp`, which configs of version 0.1 have."""

from __future__ import annotations

import warnings

from .fsdp import ShardedStrategy

__all__ = ['ShardedStrategy']

warnings.warn(
    'vitpose_mm.engine.sharding is called vitpose_mm.engine.fsdp now: change the name.', FutureWarning, stacklevel=2
)
