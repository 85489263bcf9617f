"""Activation checkpointing: run a block and compute its inner values again in the backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpoint_block(block: nn.Module, *inputs: Any) -> Tensor:
    """Run a block with non-reentrant checkpointing, so that the first block behind frozen embeddings is trained too."""
    if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in block.modules()):
        return _with_statistics(block, *inputs)
    out: Tensor = checkpoint(block, *inputs, use_reentrant=False)
    return out


@torch.compiler.disable
def _with_statistics(block: nn.Module, *inputs: Any) -> Tensor:
    contexts = lambda: (nullcontext(), _statistics_kept(block))  # noqa: E731
    out: Tensor = checkpoint(block, *inputs, use_reentrant=False, context_fn=contexts)
    return out


@contextmanager
def _statistics_kept(module: nn.Module) -> Iterator[None]:
    """Inside, BatchNorms below the module normalise as always and leave their running statistics alone.

    For the second pass, which would count every batch twice.
    """
    kinds = nn.modules.batchnorm._BatchNorm
    norms = [part for part in module.modules() if isinstance(part, kinds) and part.track_running_stats]
    before = [(norm.momentum, norm.get_buffer('num_batches_tracked').clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # they must be passed all the same: both passes have to save the same tensors
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.get_buffer('num_batches_tracked').copy_(count)
