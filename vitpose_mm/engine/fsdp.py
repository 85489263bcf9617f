"""Training with the model split over the processes (FSDP), for models that one device cannot hold."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import torch
from mmengine._strategy import FSDPStrategy
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import BaseOptimWrapper
from torch import Tensor, nn
from torch.distributed.fsdp import FullOptimStateDictConfig, FullStateDictConfig, FullyShardedDataParallel
from torch.distributed.fsdp.wrap import ModuleWrapPolicy

from ..models.layers import Block
from .optim_wrappers.layer_decay_constructor import strip_wrappers


class ShardedStrategy(FSDPStrategy):
    """MMEngine's FSDP that shards each transformer block as a unit and saves the checkpoints of an unsharded model.

    Unlike that of mmengine 0.10.7 it clips gradients by the norm of all shards (there every process clips its own shard
    by its own norm), it resumes the optimizer (there torch 2.0's order of arguments is used and fails), it
    logs which weights a checkpoint lacks, and it runs on a CPU too.

    Args:
        model_wrapper: arguments of MMFullyShardedDataParallel to change or to add.
        kwargs: arguments of mmengine's FSDPStrategy; ``state_dict_cfg`` is 'full' unless given.

    Raises:
        ValueError: the model is not trained by several processes.

    Example (in a config):
        >>> runner_type = 'FlexibleRunner'
        >>> strategy = dict(type='vitpose_mm.engine.fsdp.ShardedStrategy')
    """

    def __init__(self, *, model_wrapper: dict | None = None, **kwargs: Any) -> None:
        wrapper = {'type': 'MMFullyShardedDataParallel', 'auto_wrap_policy': ModuleWrapPolicy({Block})}
        if get_device() == 'cpu':
            wrapper['device_id'] = torch.device('cpu')
        kwargs.setdefault('state_dict_cfg', 'full')
        super().__init__(model_wrapper={**wrapper, **(model_wrapper or {})}, **kwargs)

    def _setup_env(self, **kwargs: Any) -> None:
        super()._setup_env(**kwargs)
        if self._world_size < 2:
            raise ValueError(
                'ShardedStrategy splits a model over processes and there is only one: start several with '
                "torchrun and --launcher pytorch, or set runner_type='Runner' for one device."
            )

    def _init_state_dict_cfg(self, state_dict_cfg: str | dict) -> None:
        super()._init_state_dict_cfg(state_dict_cfg)
        if state_dict_cfg == 'full' and get_device() == 'cpu':
            # what is on the CPU cannot be offloaded to it: torch 2.11 frees or aliases it (pytorch#188989)
            self.state_dict_config = FullStateDictConfig(offload_to_cpu=False, rank0_only=True)
            self.optim_state_dict_config = FullOptimStateDictConfig(offload_to_cpu=False, rank0_only=True)

    def build_optim_wrapper(self, optim_wrapper: Any, model: Any = None) -> BaseOptimWrapper:
        """Build an optimizer wrapper that clips by the norm of the whole gradient of a sharded model."""
        built = super().build_optim_wrapper(optim_wrapper, model)
        if getattr(built, 'clip_func', None) is nn.utils.clip_grad_norm_:
            built.clip_func = partial(_clip_whole, model)
        return built

    def load_model_state_dict(self, state_dict: dict, *, strict: bool = False, revise_keys: Any = None) -> None:
        """Load this process's shards of a plain model's weights; names that do not fit are logged, as elsewhere."""
        missing, unexpected = self.model.load_state_dict(state_dict, strict=strict)
        for what, names in (('lacks', missing), ('has, and the model lacks,', unexpected)):
            if names:
                told = ', '.join(sorted(map(strip_wrappers, names)))
                print_log(f'The checkpoint {what} {told}', logger='current', level=logging.WARNING)

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Load this process's shard of the state of the whole optimizer."""
        optimizer = self.optim_wrapper.optimizer
        shard = FullyShardedDataParallel.optim_state_dict_to_load(self.model, optimizer, state_dict)
        self.optim_wrapper.load_state_dict(shard)


def _clip_whole(model: FullyShardedDataParallel, _: list[nn.Parameter], **kwargs: Any) -> Tensor:
    return model.clip_grad_norm_(**kwargs)
