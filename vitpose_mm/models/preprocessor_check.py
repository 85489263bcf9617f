"""Whether two data preprocessors treat colours alike: mean, deviation, order of channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def find_preprocessor_difference(first: nn.Module, second: nn.Module) -> str | None:
    """Two data preprocessors -> 'mean', 'std' or 'channel_conversion' where they differ in that; None if in none."""
    for name in ('mean', 'std', '_channel_conversion'):
        one, other = getattr(first, name, None), getattr(second, name, None)
        same = torch.equal(one, other) if isinstance(one, Tensor) and isinstance(other, Tensor) else one is other
        if not same:
            return name.strip('_')
    return None
