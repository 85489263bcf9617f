"""Zeros for a gradient."""

from __future__ import annotations

import torch

from vitpose_mm.models.layers import zero_loss


def test_every_parameter_gets_zeros() -> None:
    modules = [torch.nn.Linear(3, 2), torch.nn.BatchNorm2d(4)]
    nothing = zero_loss(modules, torch.device('cpu'))
    nothing.backward()
    assert nothing == 0
    for module in modules:
        assert all(p.grad.shape == p.shape and not p.grad.any() for p in module.parameters())


def test_nothing_is_computed_where_no_gradient_is_asked_for() -> None:
    with torch.no_grad():
        assert not zero_loss([torch.nn.Linear(3, 2)], torch.device('cpu')).requires_grad
    assert zero_loss([], torch.device('cpu')) == 0
