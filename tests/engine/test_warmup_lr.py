from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import LinearLR
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.runner import Runner

from tests.helpers.shipped_configs import LEAVES, ident, read
from tests.helpers.tiny_run import read_log, run_cfg, train
from vitpose_mm.engine.warmup_lr import WarmupLR

SETTINGS = {'start_factor': 1e-3, 'begin': 0, 'end': 500, 'by_epoch': False}
COCO_PEOPLE = 149813


def rates(kind: type, number: int, *, max_iters: int | None = None, **settings: object) -> list[float]:
    """Learning rates of the first iterations of a training of a given length."""
    hub = MessageHub.get_instance(f'{kind.__name__} {max_iters} {settings}')
    if max_iters is not None:
        hub.update_info('max_iters', max_iters)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=5e-4)
    scheduler = kind(optimizer, **{**SETTINGS, **settings})
    found = []
    for _ in range(number):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize('batch', [64, 512, 1024])
def test_large_sets_warm_up_as_mmengine_does(batch: int) -> None:
    whole = 210 * -(-COCO_PEOPLE // batch)
    assert rates(WarmupLR, 700, max_iters=whole) == rates(LinearLR, 700)
    assert rates(WarmupLR, 700) == rates(LinearLR, 700)  # nobody says how long it is


def test_small_sets_reach_their_learning_rate() -> None:
    """91 people in batches of 64 for 210 epochs: 420 iterations."""
    found = rates(WarmupLR, 420, max_iters=420)
    assert found[:42] == rates(LinearLR, 42, end=42)
    assert found[40] < 5e-4 and found[41:] == [pytest.approx(5e-4)] * 379
    assert rates(LinearLR, 420)[200] < 2.1e-4  # what it was


@pytest.mark.parametrize('max_iters', [1, 2, 3, 20])
def test_the_shortest_trainings_have_one_slow_iteration(max_iters: int) -> None:
    found = rates(WarmupLR, max_iters, max_iters=max_iters)
    assert found == pytest.approx([5e-7] + [5e-4] * (max_iters - 1))


@pytest.mark.parametrize('settings', [{}, {'by_epoch': True}])
def test_epochs_are_refused(settings: dict) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1)
    with pytest.raises(ValueError, match='set by_epoch=False'):
        PARAM_SCHEDULERS.build({'type': 'vitpose_mm.WarmupLR', 'end': 5, 'optimizer': optimizer, **settings})


@pytest.mark.slow
def test_a_training_knows_how_long_it_is_and_a_resumed_one_too(coco: Path, tmp_path: Path) -> None:
    warmup = {'type': 'vitpose_mm.WarmupLR', 'start_factor': 0.1, 'end': 500, 'by_epoch': False}
    settings = {'param_scheduler': [warmup], 'train_cfg': {'by_epoch': True, 'max_epochs': 10}}
    train(run_cfg(coco, tmp_path / 'whole', **settings))
    found = [line['lr'] for line in read_log(tmp_path / 'whole')]
    assert len(found) == 40
    assert found[:4] == pytest.approx([1e-4, 4e-4, 7e-4, 1e-3]) and found[4:] == pytest.approx([1e-3] * 36)
    load_from = str(tmp_path / 'whole/iter_2.pth')
    runner = Runner.from_cfg(run_cfg(coco, tmp_path / 'rest', **settings, resume=True, load_from=load_from))
    runner.train()
    assert [line['lr'] for line in read_log(tmp_path / 'rest')] == found[2:]


def test_every_long_warm_up_by_iterations_is_capped() -> None:
    for leaf in LEAVES:
        for scheduler in read(leaf).get('param_scheduler') or []:
            if scheduler.type == 'LinearLR' and not scheduler.get('convert_to_iter_based'):
                assert scheduler.end <= 50, ident(leaf)
