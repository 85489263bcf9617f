"""Warnings on learning rates that do not do what a config seems to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmengine.config import Config

from ..models.backbones.arch import find_arch, recommended_layer_decay
from .ranges import find_setting


def find_schedule_problems(cfg: Config) -> Iterator[str]:
    """Yield a warning on each scheduler with steps after the training's end, or that undoes rates of single layers."""
    schedulers, last = cfg.get('param_scheduler') or [], find_setting(cfg, 'train_cfg.max_epochs')
    for i, scheduler in enumerate(schedulers if isinstance(schedulers, Sequence) else [schedulers]):
        milestones = scheduler.get('milestones') or []
        late = [milestone for milestone in milestones if last is not None and milestone >= last]
        if late and scheduler.get('by_epoch', True):
            yield (
                f'param_scheduler[{i}] has steps after epochs {", ".join(map(str, milestones))} and training ends '
                f'after {last}: set param_scheduler.{i}.milestones to earlier epochs to lower the learning rate'
            )
        kind = scheduler.get('type')
        if str(getattr(kind, '__name__', kind)).endswith('OneCycleLR') and (undone := _find_own_rates(cfg)):
            yield (
                f'param_scheduler[{i}] is a OneCycleLR, which gives every parameter the rate eta_max and so undoes '
                f'optim_wrapper.paramwise_cfg.{undone}: use LinearLR and CosineAnnealingLR, or set it to 1'
            )


def _find_own_rates(cfg: Config) -> str | None:
    """Return the setting by which some parameters learn at another rate than others; None where all learn alike."""
    settings = find_setting(cfg, 'optim_wrapper.paramwise_cfg') or {}
    for name, options in (settings.get('custom_keys') or {}).items():
        if options.get('lr_mult', 1) != 1:
            return f'custom_keys.{name}.lr_mult'
    rate = settings.get('layer_decay_rate')
    if rate == 'auto':
        backbones = [find_setting(cfg, f'model.{path}') for path in ('backbone', 'student.backbone')]
        sizes = [one.get('arch', 'base') for one in backbones if one and one.get('type') == 'vitpose_mm.ViT']
        rate = next((recommended_layer_decay(find_arch(size)) for size in sizes), None)
    return 'layer_decay_rate' if rate not in (None, 1) else None
