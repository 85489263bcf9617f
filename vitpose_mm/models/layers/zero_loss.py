"""Zero-valued loss so that unused parameters still get a (zero) gradient."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def zero_loss(modules: Iterable[nn.Module], device: torch.device) -> Tensor:
    """Return 0 with a gradient of zeros for every parameter of the modules.

    Added to a loss, or to values that a loss depends on, it makes ``find_unused_parameters`` of DDP unnecessary, which
    otherwise waits for every gradient. (Adam still moves such a parameter by its momentum, as for any gradient of 0.)
    """
    sums = [parameter.sum() for module in modules for parameter in module.parameters()]
    return torch.stack(sums).sum() * 0 if sums and torch.is_grad_enabled() else torch.zeros((), device=device)
