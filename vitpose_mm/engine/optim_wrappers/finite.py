"""Optimizer wrappers that skip an update whose loss or gradient is not finite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.utils import get_total_norm

from ...registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class FiniteOptimWrapper(OptimWrapper):
    """MMEngine's OptimWrapper, which leaves the model as it was where a loss or the gradient is NaN or infinite.

    A skipped update touches neither weights nor the optimizer's state, and the running statistics of normalisation
    layers go back to what they were before its forward passes. With gradient accumulation an update is skipped as a
    whole. All processes decide alike, under DDP and FSDP too. Finite updates are MMEngine's, bit for bit.
    :class:`NonFiniteHook` counts and logs what is skipped. The arguments are those of mmengine's OptimWrapper.

    Attributes:
        fault: what was not finite in the last update, 'loss' or 'gradient'; '' where it was made.
    """

    fault = ''
    _loss_is_finite: Tensor | None = None  # of all losses of this update so far; None before the first
    _norm_layers: Sequence[_NormBase] | None = None
    _statistics: Sequence[Tensor] = ()

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Around a forward pass: keep the running statistics that the first one of an update begins with."""
        if self._loss_is_finite is None:
            if self._norm_layers is None:
                self._norm_layers = [layer for layer in model.modules() if isinstance(layer, _NormBase)]
            self._statistics = [statistic.clone() for statistic in self._running_statistics()]
        with super().optim_context(model):
            yield

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Note whether a loss is finite, without waiting for the device."""
        finite = loss.detach().isfinite().all()
        self._loss_is_finite = finite if self._loss_is_finite is None else self._loss_is_finite & finite
        return super().scale_loss(loss)

    def step(self, **kwargs: Any) -> None:
        """Clip the gradient and update the weights, or skip the update and name its fault."""
        self._unscale()
        loss_is_finite, gradient_is_finite = self._agree(self._clip())
        is_overflow = self._update(loss_is_finite and gradient_is_finite, **kwargs)
        self.fault = ''
        if not loss_is_finite:
            self.fault = 'loss'
        elif not gradient_is_finite and not is_overflow:
            self.fault = 'gradient'
        if self.fault:
            for live, kept in zip(self._running_statistics(), self._statistics, strict=True):
                live.copy_(kept)
        self._loss_is_finite = None

    def _clip(self) -> Tensor:
        """Clip the gradient as the config says; return its norm before."""
        parameters = [p for group in self.optimizer.param_groups for p in group['params'] if p.grad is not None]
        if not parameters:
            return torch.zeros(())
        if self.clip_grad_kwargs and self.grad_name == 'grad_norm':
            norm = self.clip_func(parameters, **self.clip_grad_kwargs)
            if (value := float(norm)) < float('inf'):
                self.message_hub.update_scalar(f'train/{self.grad_name}', value)
            return norm
        norm = get_total_norm([p.grad for p in parameters])
        if self.clip_grad_kwargs:
            self.clip_func(parameters, **self.clip_grad_kwargs)
        return norm

    def _agree(self, norm: Tensor) -> tuple[bool, bool]:
        """Return whether losses and gradients are finite in all processes, from this process's norm of the gradient."""
        gradient_is_finite = norm.detach().isfinite()
        losses_are_finite = self._loss_is_finite if self._loss_is_finite is not None else gradient_is_finite
        flags = torch.stack([losses_are_finite.to(norm.device), gradient_is_finite]).float()
        all_reduce(flags, op='min')
        loss, gradient = flags.tolist()
        return bool(loss), bool(gradient)

    def _running_statistics(self) -> list[Tensor]:
        layers = self._norm_layers or ()
        each = [(layer.running_mean, layer.running_var, layer.num_batches_tracked) for layer in layers]
        return [statistic for statistics in each for statistic in statistics if statistic is not None]

    def _unscale(self) -> None:
        """Take a loss scale off the gradient."""

    def _update(self, finite: bool, **kwargs: Any) -> bool:
        """Update the weights if all is finite; return whether a loss scale was too large, and has been lowered."""
        if finite:
            self.optimizer.step(**kwargs)
        return False


@OPTIM_WRAPPERS.register_module()
class FiniteAmpOptimWrapper(FiniteOptimWrapper, AmpOptimWrapper):
    """MMEngine's AmpOptimWrapper with the same care, on CPUs too.

    A dynamic loss scale finds its size by gradients that overflow: the scaler skips them and halves itself, as it
    does without us. That is not a fault unless the loss is not finite, or the scale is down at 1.

    MMEngine's wrapper asks for a GPU. On a CPU this one computes in bfloat16, whose range is float32's: no loss is
    scaled, and a checkpoint of a GPU is resumed without its scale.

    Args:
        kwargs: arguments of mmengine's AmpOptimWrapper.

    Raises:
        ValueError: another ``dtype`` than bfloat16 on a CPU.
    """

    def __init__(self, **kwargs: Any) -> None:
        if get_device() != 'cpu':
            super().__init__(**kwargs)
            return
        dtype = kwargs.pop('dtype', None) or 'bfloat16'
        if dtype not in ('bfloat16', torch.bfloat16):
            raise ValueError(f'optim_wrapper.dtype={dtype!r} does not train on a CPU: use bfloat16.')
        for name in ('loss_scale', 'use_fsdp'):
            kwargs.pop(name, None)
        OptimWrapper.__init__(self, **kwargs)
        self.cast_dtype = torch.bfloat16
        self.loss_scaler = torch.amp.GradScaler('cpu', enabled=False)
        self._scale_update_param = None

    def load_state_dict(self, state_dict: dict) -> None:
        """Load a state, of a GPU's training too: with a scaler that is switched off there is no scale to load."""
        if not self.loss_scaler.is_enabled() or not state_dict.get('loss_scaler', True):
            state_dict.pop('loss_scaler', None)
        super().load_state_dict(state_dict)

    def _unscale(self) -> None:
        self.loss_scaler.unscale_(self.optimizer)

    def _update(self, finite: bool, **kwargs: Any) -> bool:
        scale = 1.0 if finite else self.loss_scaler.get_scale()
        if finite:
            self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update(self._scale_update_param)
        if finite:
            return False
        is_lowered = torch.tensor(float(1 < scale > self.loss_scaler.get_scale()))
        all_reduce(is_lowered, op='max')
        return bool(is_lowered)
