"""Activation checkpointing: run a block and compute its inner values again in the backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpoint_block(block: nn.Module, *inputs: Any) -> Tensor:
    """Run a block with non-reentrant checkpointing, so that the first block after frozen embeddings is trained too."""
    if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in block.modules()):
        return _checkpoint_with_batchnorm(block, *inputs)
    out: Tensor = checkpoint(block, *inputs, use_reentrant=False)
    return out


@torch.compiler.disable
def _checkpoint_with_batchnorm(block: nn.Module, *inputs: Any) -> Tensor:
    contexts = lambda: (nullcontext(), _frozen_running_statistics(block))  # noqa: E731
    out: Tensor = checkpoint(block, *inputs, use_reentrant=False, context_fn=contexts)
    return out


@contextmanager
def _frozen_running_statistics(module: nn.Module) -> Iterator[None]:
    """Keep the running statistics of BatchNorms while a block is recomputed, which would count every batch twice.

    They normalise by the statistics of the batch, as in the first pass.
    """
    kinds = nn.modules.batchnorm._BatchNorm
    norms = [part for part in module.modules() if isinstance(part, kinds) and part.track_running_stats]
    before = [(norm.momentum, norm.get_buffer('num_batches_tracked').clone()) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # without them, other tensors than in the first pass would be saved: an error
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.get_buffer('num_batches_tracked').copy_(count)
