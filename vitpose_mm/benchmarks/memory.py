"""Peak memory of tensors, on any device and also of tensors on the meta device.

What an allocator holds differs from what a program needs: here the storages of living tensors are added up
as operations make them. With fake tensors (shapes without data) the same training step tells, on any machine,
what a model and a batch will need on a large one, where attention with a trained position bias is one kernel.
Not counted: workspaces inside kernels, the allocator's own rounding and fragments, and the context of the device.
"""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .timing import Call
from .training import TrainingStep

MIB = 2**20


class LiveTensors(TorchDispatchMode):
    """Bytes of the tensors that were made while it was active and still live: ``now`` and ``peak``."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self._known: dict[int, weakref.finalize] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._add(leaf)
        self.peak = max(self.peak, self.now)
        return out

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._known:
            self.now += size
            self._known[key] = weakref.finalize(storage, self._remove, key, size)

    def _remove(self, key: int, size: int) -> None:
        self.now -= size
        del self._known[key]


class FusedAttention(TorchFunctionMode):
    """Attention with a trained mask takes the memory that it takes on a GPU; its values are not computed.

    A GPU has one kernel for it, a CPU takes it apart and keeps the weights of all queries and keys.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        mask = (kwargs or {}).get('attn_mask')
        if func is F.scaled_dot_product_attention and mask is not None and mask.requires_grad:
            return _Fused.apply(*args, mask)
        return func(*args, **(kwargs or {}))


class _Fused(torch.autograd.Function):
    """Keeps its inputs and its output, as the memory-efficient kernel does."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        out = torch.empty_like(q)
        ctx.save_for_backward(q, k, v, mask, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        return tuple(torch.empty_like(kept) for kept in ctx.saved_tensors[:4])


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes of a training step; the activations are what the peak has beyond the rest."""

    parameters: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def peak(self) -> int:
        """All of it, at the moment when it is most."""
        return self.parameters + self.gradients + self.optimizer + self.activations


def estimate_training_memory(
    model: nn.Module, batch: int, size: tuple[int, int], *, amp: torch.dtype | None = torch.bfloat16
) -> TrainingMemory:
    """Estimate the bytes of one AdamW step on B crops of (w, h) pixels, without making any of the tensors.

    The memory is that of the second step, when the optimizer's state exists already.

    Args:
        model: maps (B, 3, h, w) to heatmaps; on any device, the meta device too; left as it is.
        batch: B.
        size: (w, h) of the crops.
        amp: number type of autocast, or None; parameters and optimizer stay fp32.
    """
    model = copy.deepcopy(model)
    with FakeTensorMode(), LiveTensors() as live, FusedAttention():
        make_fake(model)
        step = TrainingStep(model, torch.zeros(batch, 3, size[1], size[0]), amp=amp)
        step()
        live.peak = live.now
        step()
        return split_memory(step, live.peak)


def measure_allocated(make_call: Callable[[], Call], device: torch.device) -> int | None:
    """Return the bytes that CUDA's allocator gave out at the peak of a call's second time, or None without CUDA."""
    if device.type != 'cuda':
        return None
    gc.collect()  # else what an earlier model left is freed meanwhile and counted as less
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated(device)
    call = make_call()
    call()
    torch.cuda.reset_peak_memory_stats(device)
    call()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def show_mib(count: int | None) -> str:
    """Return bytes as text in MiB; None where nothing was measured."""
    return '-' if count is None else f'{count / MIB:,.0f}'


def make_fake(model: nn.Module) -> None:
    """Replace all parameters and buffers by fake ones on the CPU; to be called under FakeTensorMode."""
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                fake = torch.empty(parameter.shape, dtype=parameter.dtype)
                module._parameters[name] = nn.Parameter(fake, requires_grad=parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype)


def split_memory(step: TrainingStep, peak: int) -> TrainingMemory:
    """Return who holds the bytes at the peak of a step that has run."""
    parameters = sum(_nbytes(p) for p in step.model.parameters())
    gradients = sum(_nbytes(p) for p in step.model.parameters() if p.requires_grad)
    states = step.optimizer.state.values()
    optimizer = sum(_nbytes(t) for state in states for t in state.values() if isinstance(t, Tensor))
    return TrainingMemory(parameters, gradients, optimizer, peak - parameters - gradients - optimizer)


def _nbytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
