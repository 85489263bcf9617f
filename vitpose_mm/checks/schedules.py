"""Warnings on learning rates that do not do what a config seems to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mmengine.config import Config

from ..models.backbones.arch import find_arch, recommended_layer_decay
from .ranges import find_setting


def find_schedule_problems(cfg: Config) -> Iterator[str]:
    """Yield a warning on each scheduler that has steps after the training's end, or that undoes the layer decay."""
    schedulers, last = cfg.get('param_scheduler') or [], find_setting(cfg, 'train_cfg.max_epochs')
    for i, scheduler in enumerate(schedulers if isinstance(schedulers, Sequence) else [schedulers]):
        milestones = scheduler.get('milestones') or []
        late = [milestone for milestone in milestones if last is not None and milestone >= last]
        if late and scheduler.get('by_epoch', True):
            yield (
                f'param_scheduler[{i}] has steps after epochs {", ".join(map(str, milestones))} and training ends '
                f'after {last}: set param_scheduler.{i}.milestones to earlier epochs to lower the learning rate'
            )
        if str(scheduler.get('type')).endswith('OneCycleLR') and _has_layer_decay(cfg):
            yield (
                f'param_scheduler[{i}] is a OneCycleLR, which gives every layer the rate eta_max and so undoes '
                'layer_decay_rate: use LinearLR and CosineAnnealingLR, or set '
                'optim_wrapper.paramwise_cfg.layer_decay_rate to 1'
            )


def _has_layer_decay(cfg: Config) -> bool:
    rate = find_setting(cfg, 'optim_wrapper.paramwise_cfg.layer_decay_rate')
    if rate == 'auto':
        backbone = find_setting(cfg, 'model.backbone')
        if not isinstance(backbone, Mapping) or backbone.get('type') != 'vitpose_mm.ViT':
            return False
        rate = recommended_layer_decay(find_arch(backbone.get('arch', 'base')))
    return rate not in (None, 1)
