"""Layer-wise learning-rate decay that asks the backbone how deep a parameter is."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from vitpose_mm.models.backbones.arch import Arch, recommended_layer_decay
from vitpose_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS

Backbones = dict[str, tuple[nn.Module, float]]  # path without wrappers: backbone, rate of its layers

# tables of positions and appended tokens, ours and timm's
TABLES = ('pos_embed', 'tokens', 'cls_token', 'reg_token', 'rel_pos_h', 'rel_pos_w')
# names that DDP, torch.compile, FSDP and activation checkpointing put into a parameter's name
WRAPPERS = ('module', '_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module')


def strip_wrappers(name: str) -> str:
    """Remove wrappers' parts of a name: 'module.backbone._orig_mod.blocks.0.x' becomes 'backbone.blocks.0.x'."""
    return '.'.join(part for part in name.split('.') if part not in WRAPPERS)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor(DefaultOptimWrapperConstructor):
    """Gives every parameter lr * rate ** (deepest - depth), and weight decay only where it is useful.

    ``paramwise_cfg`` knows ``layer_decay_rate`` (1, the default, means none; 'auto' is the one of the backbone's
    :class:`Arch`) and ``custom_keys`` (part of a name to lr_mult, decay_mult; the longest match wins, on top of the
    layer's rate). The backbone's ``get_layer_depth(name, prefix)`` gives the depth. Weight decay is 0 for biases, for
    parameters with one dimension and for position embeddings, appended tokens and relative position tables. Frozen
    parameters get no group.

    Source: ViTPose sec. 4.1; BEiT for the layer-wise rate.
    """

    KEYS = ('layer_decay_rate', 'custom_keys')

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        unknown = sorted(set(paramwise_cfg) - set(self.KEYS))
        if unknown:
            raise ValueError(f'paramwise_cfg has {unknown[0]!r}, which is not known: use {list(self.KEYS)}.')
        rate = paramwise_cfg.get('layer_decay_rate', 1.0)
        if rate != 'auto' and not (isinstance(rate, (int, float)) and 0 < rate <= 1):
            raise ValueError(f"layer_decay_rate={rate!r} is not a valid rate: give 'auto', or a number in (0, 1].")
        super().__init__(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> Any:
        """Build the optimizer wrapper of a model; also without paramwise_cfg the weight-decay rules hold."""
        self.paramwise_cfg.setdefault('layer_decay_rate', 1.0)
        # asked here, because add_params sees the model without its outermost wrapper
        self._sharded = any(isinstance(part, FullyShardedDataParallel) for part in model.modules())
        return super().__call__(model)

    def add_params(self, params: list[dict], module: nn.Module, **_: Any) -> None:
        """Append one group per (lr, weight decay) to ``params``."""
        groups: dict[tuple[float, float], list] = defaultdict(list)
        names: dict[tuple[float, float], list] = defaultdict(list)
        norms = scales_of_norms(module)
        backbones = self._find_backbones(module)
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            clean = strip_wrappers(name)
            plain = never_decays(clean, parameter, norms, sharded=self._sharded)
            key = self._rates(clean, backbones, 0.0 if plain else self.base_wd or 0.0)
            groups[key].append(parameter)
            names[key].append(clean)
        for (lr, decay), group in sorted(groups.items(), key=lambda item: item[0]):
            params.append({'params': group, 'lr': lr, 'weight_decay': decay, 'param_names': names[lr, decay]})
        print_log(f'{len(groups)} parameter groups by layer and weight decay', logger='current')

    def _rates(self, name: str, backbones: Backbones, decay: float) -> tuple[float, float]:
        """Return (lr, weight decay) of a parameter by its name without wrappers."""
        lr = self.base_lr * layer_scale(name, backbones)
        custom = self.paramwise_cfg.get('custom_keys', {})
        matches = sorted((key for key in custom if key in name), key=len)
        if matches:
            chosen = custom[matches[-1]]
            lr *= chosen.get('lr_mult', 1.0)
            decay *= chosen.get('decay_mult', 1.0)
        return lr, decay

    def _find_backbones(self, model: nn.Module) -> Backbones:
        """Return a model's backbones by path, each with the rate of its layers; none where all layers learn alike."""
        rate = self.paramwise_cfg['layer_decay_rate']
        if rate == 1.0:
            return {}
        found = {
            strip_wrappers(path): module
            for path, module in model.named_modules()
            if path.endswith('backbone') and hasattr(module, 'get_layer_depth')
        }
        if rate == 'auto':
            return {path: (module, recommended_rate(module)) for path, module in found.items()}
        if not found:
            raise ValueError(
                f'layer_decay_rate={rate} needs a backbone with get_layer_depth: use vitpose_mm.ViT, or set it to 1.'
            )
        return {path: (module, rate) for path, module in found.items()}


def recommended_rate(backbone: nn.Module) -> float:
    """Return the rate of a backbone's size, or 1 with a warning where that is not known."""
    arch = getattr(backbone, 'arch', None)
    rate = recommended_layer_decay(arch) if isinstance(arch, Arch) else None
    if rate is None:
        print_log(
            "layer_decay_rate='auto': no rate is known for a backbone of this size, so every layer learns at the same "
            'rate; set optim_wrapper.paramwise_cfg.layer_decay_rate to a number, or to 1 for this on purpose',
            logger='current',
            level=logging.WARNING,
        )
        return 1.0
    return rate


def layer_scale(name: str, backbones: Backbones) -> float:
    """Return what layer-wise decay multiplies a parameter's learning rate by; 1 outside of backbones."""
    for path, (backbone, rate) in backbones.items():
        if name.startswith(f'{path}.'):
            depth, num_depths = backbone.get_layer_depth(name, f'{path}.')  # type: ignore[operator]
            return rate ** (num_depths - 1 - depth)
    return 1.0


def scales_of_norms(model: nn.Module) -> set[str]:
    """Return the names, without wrappers, of the parameters that normalisation layers own."""
    norms = (nn.LayerNorm, nn.GroupNorm, nn.modules.batchnorm._NormBase)
    return {
        strip_wrappers(f'{path}.{name}')
        for path, module in model.named_modules()
        if isinstance(module, norms)
        for name, _ in module.named_parameters(recurse=False)
    }


def never_decays(name: str, parameter: nn.Parameter, norms: set[str], *, sharded: bool) -> bool:
    """Whether a parameter is a bias, a scale, an appended token or a table of positions.

    FSDP flattens every parameter to one dimension, so there only names and owners tell.
    """
    last = name.rsplit('.', 1)[-1]
    if last == 'bias' or last in TABLES or name in norms:
        return True
    return parameter.ndim <= 1 and not sharded
