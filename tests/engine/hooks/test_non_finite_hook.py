"""Trainings of a second in which a loss, a gradient or a weight becomes NaN."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from tests.helpers.tiny_run import read_log, run_cfg
from vitpose_mm.engine.hooks.non_finite_hook import NonFiniteHook, drop_non_finite, find_non_finite, name_samples

NAN = float('nan')
FINITE = {'type': 'vitpose_mm.FiniteOptimWrapper', 'optimizer': {'type': 'AdamW', 'lr': 1e-3}}


class At(Hook):
    """Does something before some iterations, counted from 0."""

    def __init__(self, iterations: Collection[int], action: Callable[[Runner, dict], Any]) -> None:
        self.iterations, self.action = iterations, action

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter in self.iterations:
            self.action(runner, data_batch)


def spoil_image(runner: Runner, batch: dict) -> None:
    batch['inputs'][1] = batch['inputs'][1].float() * NAN


def spoil_weights(runner: Runner, batch: dict) -> None:
    runner.model.head.final_layer.bias.data[0] = NAN


def run(coco: Path, work_dir: Path, *hooks: Hook, max_in_a_row: int = 3, **settings: Any) -> Runner:
    """12 iterations of 4 samples, a checkpoint each; the runner after its training, or as it was when it ended."""
    settings = {'optim_wrapper': FINITE, 'log_level': 'WARNING', **settings}
    cfg = run_cfg(coco, work_dir, **settings)
    cfg.custom_hooks.append({'type': 'vitpose_mm.NonFiniteHook', 'max_in_a_row': max_in_a_row})
    runner = Runner.from_cfg(cfg)
    for hook in hooks:
        runner.register_hook(hook)
    runner.train()
    return runner


def weights(work_dir: Path, iteration: int) -> dict[str, torch.Tensor]:
    return torch.load(work_dir / f'iter_{iteration}.pth', weights_only=False)['state_dict']


def log(work_dir: Path) -> str:
    (file,) = work_dir.glob('*/*.log')
    return file.read_text()


def test_a_bad_image_costs_one_update(coco: Path, tmp_path: Path) -> None:
    run(coco, tmp_path / 'run', At([4, 6], spoil_image))
    before, after, end = (weights(tmp_path / 'run', i) for i in (4, 5, 12))
    for name, value in before.items():  # BatchNorm's statistics too
        assert torch.equal(value, after[name]), name
    assert not torch.equal(before['head.final_layer.bias'], end['head.final_layer.bias'])
    assert all(value.isfinite().all() for value in end.values())
    text = log(tmp_path / 'run')
    assert text.count('this update is skipped (1 in a row') == 2
    assert 'the loss of iteration 5 is not finite (samples 0' in text
    assert '2 of 12 updates were not finite and were skipped' in text
    losses = [line['loss'] for line in read_log(tmp_path / 'run')]
    assert len(losses) == 12 and all(loss > 0 for loss in losses)


def test_the_first_update_may_be_bad(coco: Path, tmp_path: Path) -> None:
    run(coco, tmp_path / 'run', At([0], spoil_image))
    assert 'loss' not in read_log(tmp_path / 'run')[0]
    assert '1 of 12 updates' in log(tmp_path / 'run')


def test_many_in_a_row_end_the_training_and_leave_the_last_checkpoint(coco: Path, tmp_path: Path) -> None:
    hooks = {'checkpoint': {'type': 'CheckpointHook', 'interval': 5, 'by_epoch': False, 'max_keep_ckpts': 1}}
    seen: list[str] = []

    def spoil(runner: Runner, batch: dict) -> None:
        spoil_image(runner, batch)
        seen.append(hashlib.sha256((tmp_path / 'run/iter_5.pth').read_bytes()).hexdigest())

    with pytest.raises(ValueError) as error:
        run(coco, tmp_path / 'run', At(range(6, 12), spoil), default_hooks=hooks)
    sentence = str(error.value)
    assert sentence.startswith('the loss of iteration 9 is not finite (samples 0')
    assert 'as in the 3 updates up to here: they were skipped and training stops' in sentence
    assert f'{tmp_path}/run/iter_5.pth is as it was.' in sentence
    assert len(seen) == 3
    assert hashlib.sha256((tmp_path / 'run/iter_5.pth').read_bytes()).hexdigest() == seen[0]
    assert [file.name for file in (tmp_path / 'run').glob('*.pth')] == ['iter_5.pth']


def test_a_good_update_between_begins_the_count_anew(coco: Path, tmp_path: Path) -> None:
    run(coco, tmp_path / 'run', At([2, 3, 5, 6, 8, 9], spoil_image))
    assert '6 of 12 updates' in log(tmp_path / 'run')


@pytest.mark.parametrize('by_epoch', [True, False])
def test_weights_that_are_not_finite_are_never_saved(coco: Path, tmp_path: Path, by_epoch: bool) -> None:
    """They become so in the last step before a checkpoint; the one before is not removed for it."""
    checkpoint = {'type': 'CheckpointHook', 'interval': 1 if by_epoch else 4, 'by_epoch': by_epoch}
    hooks = {'checkpoint': {**checkpoint, 'max_keep_ckpts': 1}}
    work_dir = tmp_path / 'run'

    class After(Hook):
        priority = 0  # type: ignore[assignment]

        def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
            if runner.iter == 7:
                spoil_weights(runner, {})

    class First(After):
        priority = 'HIGHEST'

    cfg = run_cfg(coco, work_dir, optim_wrapper=FINITE, default_hooks=hooks)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(First())
    runner.register_hook(NonFiniteHook())
    with pytest.raises(ValueError, match=r'^the weights head\.final_layer\.bias are not finite: training stops'):
        runner.train()
    (left,) = work_dir.glob('*.pth')
    assert left.name == ('epoch_1.pth' if by_epoch else 'iter_4.pth')
    state = torch.load(left, weights_only=False)['state_dict']
    assert all(value.isfinite().all() for value in state.values())
    assert (work_dir / 'last_checkpoint').read_text() == str(left)


def test_weights_that_are_not_finite_end_the_training_at_once(coco: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'the weights head\.final_layer\.bias are not finite'):
        run(coco, tmp_path / 'run', At([5], spoil_weights))
    assert not (tmp_path / 'run/iter_6.pth').exists()


def test_whoever_saves_is_refused(coco: Path, tmp_path: Path) -> None:
    runner = SimpleNamespace(message_hub=SimpleNamespace(runtime_info={}))
    good = {'a': torch.ones(2), 'count': torch.tensor(3), 'half': torch.ones(2).half()}
    NonFiniteHook().before_save_checkpoint(runner, {'state_dict': good})
    with pytest.raises(ValueError, match=r'the weights b and 1 more are not finite.* No checkpoint was written before'):
        NonFiniteHook().before_save_checkpoint(
            runner, {'state_dict': {**good, 'b': torch.tensor([1, NAN]), 'c': torch.tensor(float('inf'))}}
        )


def test_accumulated_updates_name_the_batch_at_fault(coco: Path, tmp_path: Path) -> None:
    wrapper = {**FINITE, 'accumulative_counts': 2}
    run(coco, tmp_path / 'run', At([5], spoil_image), optim_wrapper=wrapper)
    text = log(tmp_path / 'run')
    assert text.count('.png#') == 4 and 'the loss of iteration 6 is not finite' in text
    assert '1 of 6 updates' in text


def test_a_gradient_is_a_fault_too_and_names_all_samples(coco: Path, tmp_path: Path) -> None:
    def spoil_gradient(runner: Runner, batch: dict) -> None:
        bias = runner.model.head.final_layer.bias
        handle = bias.register_hook(lambda gradient: (handle.remove(), gradient * NAN)[1])

    run(coco, tmp_path / 'run', At([3], spoil_gradient), optim_wrapper={**FINITE, 'accumulative_counts': 2})
    text = log(tmp_path / 'run')
    assert 'the gradient of iteration 4 is not finite' in text and text.count('.png#') == 8


def test_a_training_that_learned_nothing_fails(coco: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='all 12 updates had a loss or gradient that is not finite'):
        run(coco, tmp_path / 'run', At(range(12), spoil_image), max_in_a_row=100)


def test_a_wrapper_of_another_kind_is_said(coco: Path, tmp_path: Path) -> None:
    wrapper = {'optimizer': {'type': 'AdamW', 'lr': 1e-3}}
    with pytest.raises(ValueError, match=r'the weights .* are not finite'):
        run(coco, tmp_path / 'run', At([5], spoil_image), optim_wrapper=wrapper)
    assert "Set optim_wrapper.type='vitpose_mm.FiniteOptimWrapper' to skip them" in log(tmp_path / 'run')
    assert (tmp_path / 'run/iter_5.pth').exists() and not (tmp_path / 'run/iter_6.pth').exists()


def test_only_values_of_a_bad_loss_are_left_out_of_the_log() -> None:
    outputs = {'loss': torch.tensor(NAN), 'a.loss_kpt': torch.tensor(1.0), 'b.loss_kpt': torch.tensor(NAN)}
    assert not drop_non_finite(outputs)
    assert list(outputs) == ['a.loss_kpt']
    outputs = {'loss': torch.tensor(1.0), 'acc_pose': torch.tensor(NAN)}
    assert drop_non_finite(outputs) and len(outputs) == 2
    assert drop_non_finite(None) and drop_non_finite({})


def test_samples_are_those_of_the_processes_at_fault() -> None:
    assert name_samples([(True, ['a#1']), (False, ['b#2', 'c']), (False, ['d#4'])]) == 'b#2, c, d#4'
    assert name_samples([(True, ['a#1']), (True, ['b#2'])]) == 'a#1, b#2'


def test_names_of_weights_are_those_of_the_model() -> None:
    model = torch.nn.BatchNorm1d(2)
    model.running_var[1] = float('inf')
    assert find_non_finite(model) == ['running_var']
    assert find_non_finite(torch.nn.ModuleDict({'module': model})) == ['running_var']
    assert find_non_finite(torch.nn.Identity()) == []


def test_the_number_in_a_row_is_one_at_least() -> None:
    with pytest.raises(ValueError, match='max_in_a_row=0: choose 1 or more'):
        NonFiniteHook(max_in_a_row=0)
