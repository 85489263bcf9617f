"""Activation checkpointing of blocks with batch statistics: the same gradients, and every batch counted once."""

from __future__ import annotations

import torch
from torch import nn

from vitpose_mm.models import ViT

TINY = {'embed_dims': 16, 'num_layers': 2, 'num_heads': 2}


def step(vit: ViT, x: torch.Tensor) -> dict[str, torch.Tensor]:
    vit(x)[0].square().sum().backward()
    return {name: parameter.grad for name, parameter in vit.named_parameters()}


def test_activation_checkpointing_counts_a_batch_once() -> None:
    """The second pass of a block must leave the running statistics of the cell's BatchNorm alone."""
    plain, saving = (ViT(TINY, (48, 64), parallel_conv=True, with_cp=with_cp).train() for with_cp in (False, True))
    for parameter in plain.parameters():
        nn.init.normal_(parameter, std=0.1)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 64, 48)
    first, second = step(plain, x), step(saving, x)
    for name, grad in first.items():
        assert torch.equal(second[name], grad), name
    norm = saving.blocks[1].conv.norm
    assert norm.num_batches_tracked == 1 and norm.momentum == 0.1
    for (name, value), other in zip(plain.named_buffers(), saving.buffers(), strict=True):
        assert torch.equal(other, value), name
