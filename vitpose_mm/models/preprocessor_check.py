"""Whether two data preprocessors treat colours alike: mean, deviation, order of channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def find_preprocessor_difference(first: nn.Module, second: nn.Module) -> str | None:
    """Return in which of 'mean', 'std' and 'channel_conversion' two data preprocessors differ, None if in none."""
    for name in ('mean', 'std', '_channel_conversion'):
        one, other = getattr(first, name, None), getattr(second, name, None)
        same = torch.equal(one, other) if isinstance(one, Tensor) and isinstance(other, Tensor) else one is other
        if not same:
            return name.strip('_')
    return None
