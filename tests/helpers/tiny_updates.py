"""A tiny model and its updates by an optimizer wrapper, step by step."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

NAN, INF = float('nan'), float('inf')
CLIPS: dict[str, dict | None] = {
    'norm': {'max_norm': 0.1},
    'value': {'type': 'value', 'clip_value': 0.01},
    'none': None,
}


def net() -> nn.Sequential:
    """A model with statistics, which a NaN in the input reaches."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 3))


def batches(number: int = 8) -> Tensor:
    return torch.randn(number, 5, 4, generator=torch.Generator().manual_seed(1))


def wrap(kind: type, model: nn.Module, **settings: Any) -> Any:
    clip = copy.deepcopy(settings.pop('clip_grad', {'max_norm': 0.1}))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    return kind(optimizer=optimizer, clip_grad=clip, **settings)


def train(model: nn.Module, wrapper: Any, inputs: Tensor, *, factor: float = 1.0) -> list[str]:
    """Train a step a batch, the loss times a factor; return the faults."""
    faults = []
    for batch in inputs:
        with wrapper.optim_context(model):
            loss = model(batch).square().mean()
        wrapper.update_params(loss * factor)
        faults.append(getattr(wrapper, 'fault', ''))
    return faults


def state(model: nn.Module, wrapper: Any) -> tuple[dict, dict]:
    """Weights and statistics, and what the optimizer knows."""
    return copy.deepcopy((model.state_dict(), wrapper.optimizer.state_dict()['state']))


def assert_same(first: Any, second: Any) -> None:
    """Equal bit for bit, in nested dicts and tuples."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        first, second = list(first.values()), list(second.values())
    if isinstance(first, (list, tuple)):
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    else:
        assert torch.equal(first, second)
