"""A loss of 0 that gives parameters which a batch does not use a gradient."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def zero_loss(modules: Iterable[nn.Module], device: torch.device) -> Tensor:
    """Return 0 with a gradient of zeros for every parameter of the modules.

    Added to a loss or to what leads to one it lets DDP, which waits for every gradient, go on without looking for
    unused parameters. (Adam moves such a parameter a little further in its last direction, as for any gradient of 0.)
    """
    sums = [parameter.sum() for module in modules for parameter in module.parameters()]
    return torch.stack(sums).sum() * 0 if sums and torch.is_grad_enabled() else torch.zeros((), device=device)
