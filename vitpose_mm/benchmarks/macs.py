"""Multiply-accumulates of a model: convolutions, linear layers and attention products, nothing else.

The usual counters look at kernels, and report 0 for some of those of scaled_dot_product_attention; they
would also count the products of our position bias. Here functions are watched as they are called, and
our own attention is counted from its shapes: 2 N (N + E) C for each window of N tokens with E extra keys.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from vitpose_mm.models.layers import Attention, count_windows


@dataclass(frozen=True)
class Macs:
    """Multiply-accumulates by kind of work."""

    convolution: int = 0
    linear: int = 0
    attention: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.convolution + self.linear + self.attention

    def __add__(self, other: Macs) -> Macs:
        return Macs(self.convolution + other.convolution, self.linear + other.linear, self.attention + other.attention)


def count_macs(model: nn.Module, size: tuple[int, int], run: Callable[[nn.Module, Tensor], Any] | None = None) -> Macs:
    """Count what one forward pass of a module on a crop costs; nothing is computed.

    Args:
        model: left as it is; a copy on the meta device is walked.
        size: (w, h) of the crop.
        run: called with (copy, (1, 3, h, w) crop) in place of ``model(crop)``.
    """
    model = copy.deepcopy(model).to('meta')
    model.eval()  # not chained: some backbones return None
    crop = torch.zeros(1, 3, size[1], size[0], device='meta')
    counter = _Counter()
    with torch.no_grad(), counter.watch(model), counter:
        run(model, crop) if run else model(crop)
    return counter.macs


def attention_macs(attention: Attention, x: Tensor, grid: tuple[int, int]) -> int:
    """Count the products of queries with keys and of weights with values, for a (B, L, C) sequence."""
    images, length, channels = x.shape
    if attention.window is None:
        return 2 * images * length * length * channels
    windows, own = math.prod(count_windows(grid, attention.window)), math.prod(attention.window)
    appended = length - math.prod(grid)
    extra = appended + (windows if attention.pool else 0)
    pairs = windows * own * (own + extra) + appended * length
    return 2 * images * pairs * channels


class _Counter(TorchFunctionMode):
    """Adds up the functions that are called while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.macs = Macs()
        self._inside = 0  # depth of our own attention, whose products are counted from its shapes

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        count = COUNTS.get(func)
        if count and not (self._inside and count is _count_products):
            self.macs += count(out, *args, **(kwargs or {}))
        elif func is F.scaled_dot_product_attention and not self._inside:
            self.macs += _count_attention(*args[:3])
        return out

    @contextmanager
    def watch(self, model: nn.Module) -> Iterator[None]:
        """Count every :class:`Attention` below ``model`` by its shapes."""
        handles = []
        for module in model.modules():
            if isinstance(module, Attention):
                handles.append(module.register_forward_pre_hook(self._enter))
                handles.append(module.register_forward_hook(self._leave))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, module: nn.Module, args: tuple) -> None:
        self._inside += 1

    def _leave(self, module: nn.Module, args: tuple, out: Any) -> None:
        self._inside -= 1
        assert isinstance(module, Attention)
        self.macs += Macs(attention=attention_macs(module, *args[:2]))


def _count_convolution(out: Tensor, x: Tensor, weight: Tensor, *rest: Any, **options: Any) -> Macs:
    """Count a convolution: every output value is a sum over one filter."""
    return Macs(convolution=out.numel() * weight[0].numel())


def _count_deconvolution(out: Tensor, x: Tensor, weight: Tensor, *rest: Any, **options: Any) -> Macs:
    """Count a deconvolution: every input value is spread over one filter."""
    return Macs(convolution=x.numel() * weight[0].numel())


def _count_linear(out: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> Macs:
    return Macs(linear=out.numel() * weight.shape[1])


def _count_products(out: Tensor, left: Tensor, right: Tensor, *rest: Any) -> Macs:
    """Count a product of two activations, in models that spell attention out."""
    return Macs(attention=out.numel() * left.shape[-1])


def _count_attention(q: Tensor, k: Tensor, v: Tensor) -> Macs:
    return Macs(attention=q[..., 0].numel() * k.shape[-2] * (q.shape[-1] + v.shape[-1]))


COUNTS: dict[Any, Callable[..., Macs]] = {
    torch.conv1d: _count_convolution,
    torch.conv2d: _count_convolution,
    torch.conv_transpose2d: _count_deconvolution,
    F.conv2d: _count_convolution,
    F.conv_transpose2d: _count_deconvolution,
    F.linear: _count_linear,
    torch.matmul: _count_products,
    torch.bmm: _count_products,
    Tensor.matmul: _count_products,
    Tensor.__matmul__: _count_products,
    Tensor.bmm: _count_products,
}
