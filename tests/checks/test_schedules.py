"""Warnings on schedules that do not do what the config seems to say."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OneCycleLR

from vitpose_mm.checks.schedules import find_schedule_problems

MILESTONES = {'type': 'MultiStepLR', 'milestones': [170, 200], 'gamma': 0.1}
ONE_CYCLE = {'type': 'OneCycleLR', 'eta_max': 1e-3, 'total_steps': 10, 'by_epoch': False}


def test_steps_after_the_end_are_said() -> None:
    warm_up = {'type': 'LinearLR', 'end': 500, 'by_epoch': False}
    config = {'param_scheduler': [warm_up, MILESTONES], 'train_cfg': {'max_epochs': 210}}
    assert not list(find_schedule_problems(Config(config)))
    (line,) = find_schedule_problems(Config(config | {'train_cfg': {'max_epochs': 200}}))
    assert line.startswith('param_scheduler[1] has steps after epochs 170, 200 and training ends after 200: set')
    assert not list(find_schedule_problems(Config({'param_scheduler': MILESTONES})))
    by_iteration = {'type': 'MultiStepLR', 'milestones': [500], 'by_epoch': False}
    assert not list(find_schedule_problems(Config({'param_scheduler': by_iteration, 'train_cfg': {'max_epochs': 2}})))
    assert not list(find_schedule_problems(Config({'param_scheduler': None, 'train_cfg': {'max_epochs': 2}})))


@pytest.mark.parametrize('kind', ['OneCycleLR', 'mmengine.OneCycleLR', OneCycleLR])
@pytest.mark.parametrize(
    'rate, arch, expected',
    [
        ('auto', 'small', 1),
        ('auto', {'embed_dims': 192, 'num_layers': 6, 'num_heads': 6}, 0),
        ('auto', {'embed_dims': 384, 'num_layers': 12, 'num_heads': 6, 'layer_decay_rate': 1.0}, 0),
        (0.75, 'small', 1),
        (1, 'small', 0),
        (None, 'small', 0),
    ],
)
def test_one_cycle_with_layer_decay_is_said(kind: object, rate: object, arch: object, expected: int) -> None:
    model = {'backbone': {'type': 'vitpose_mm.ViT', 'arch': arch}}
    config = {
        'optim_wrapper': {'paramwise_cfg': {'layer_decay_rate': rate}} if rate else {},
        'param_scheduler': ONE_CYCLE | {'type': kind},
    }
    for whole in (model, {'student': model}):
        lines = list(find_schedule_problems(Config(config | {'model': whole}, format_python_code=False)))
        assert len(lines) == expected
        assert all('undoes optim_wrapper.paramwise_cfg.layer_decay_rate: use' in line for line in lines)


def test_one_cycle_with_rates_of_single_parameters_is_said() -> None:
    config = {
        'optim_wrapper': {'paramwise_cfg': {'custom_keys': {'norm': {'decay_mult': 0}, 'head': {'lr_mult': 10}}}},
        'param_scheduler': ONE_CYCLE,
    }
    (line,) = find_schedule_problems(Config(config))
    assert 'undoes optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult: use' in line


def test_one_cycle_of_mmengine_gives_every_group_one_rate() -> None:
    """What the warning says of MMEngine is true: should this fail, the warning can go."""
    groups = [{'params': [torch.zeros(1, requires_grad=True)], 'lr': lr} for lr in (1e-3, 1e-4)]
    optimizer = torch.optim.SGD(groups)
    scheduler = OneCycleLR(optimizer, eta_max=1e-3, total_steps=10)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
        assert optimizer.param_groups[0]['lr'] == optimizer.param_groups[1]['lr']
