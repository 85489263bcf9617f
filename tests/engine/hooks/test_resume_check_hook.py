"""A training goes on from a state that fits it, or ends before its first iteration with one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from tests.helpers.tiny_run import run_cfg
from vitpose_mm.engine.hooks.resume_check_hook import keep_own_files

HOOKS = [{'type': 'vitpose_mm.ExactResumeHook'}, {'type': 'vitpose_mm.ResumeCheckHook'}]
FIRST = 'backbone.patch_embed.proj.weight'
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope='module')
def saved(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work folder of one epoch of 4 iterations."""
    init_default_scope('mmpose')
    folder = tmp_path_factory.mktemp('saved') / 'run'
    Runner.from_cfg(run_cfg(coco, folder, train_cfg={'by_epoch': True, 'max_epochs': 1})).train()
    return folder


def resume(coco: Path, work_dir: Path, checkpoint: Path, **settings: Any) -> Runner:
    """The runner of a training that goes on, after it."""
    cfg = run_cfg(coco, work_dir, resume=True, load_from=str(checkpoint), custom_hooks=HOOKS, **settings)
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_what_fits_goes_on(coco: Path, saved: Path, tmp_path: Path) -> None:
    assert resume(coco, tmp_path, saved / 'iter_4.pth').iter == 12
    finished = resume(coco, tmp_path / 'b', saved / 'iter_4.pth', train_cfg={'by_epoch': True, 'max_epochs': 1})
    assert finished.iter == 4


def _each_group(checkpoint: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> None:
    for group in checkpoint['optimizer']['param_groups']:
        change(group)


CHANGES: dict[str, tuple[Change, str]] = {
    'no weights': (lambda c: c.pop('state_dict'), 'it has no state_dict'),
    'other weights': (lambda c: c.update(state_dict={'a': torch.ones(1)}), 'weights are missing or of another shape'),
    'a weight less': (lambda c: c['state_dict'].pop(FIRST), f'1 of .* weights is missing .* {FIRST} is one'),
    'another shape': (
        lambda c: c['state_dict'].update({FIRST: torch.ones(3)}),
        f'1 of .* weights is missing or of another shape, {FIRST} is one',
    ),
    'no meta': (lambda c: c.pop('meta'), 'its meta.epoch is None'),
    'a text as an epoch': (lambda c: c['meta'].update(epoch='1'), 'its meta.epoch is 1'),
    'an epoch below 0': (lambda c: c['meta'].update(epoch=-1), 'its meta.epoch is -1'),
    'an epoch of the future': (
        lambda c: c['meta'].update(epoch=7),
        'saved after epoch 7 and train_cfg.max_epochs is 3',
    ),
    'an absurd epoch': (lambda c: c['meta'].update(epoch=2**62), 'its meta.epoch is 4611686018427387904'),
    'an absurd iteration': (lambda c: c['meta'].update(iter=2**62), 'its meta.iter is 46'),
    'an absurd seed': (lambda c: c['meta'].update(seed=-3), 'its meta.seed is -3'),
    'an absurd position': (lambda c: c['meta']['position'].update(done=-4), "its meta.position is .*'done': -4"),
    'a text as a position': (lambda c: c['meta'].update(position='x'), 'its meta.position is x'),
    'no logs': (lambda c: c.pop('message_hub'), 'it has no message_hub.log_scalars'),
    'a list of logs': (lambda c: c['message_hub'].update(resumed_keys=[]), 'it has no message_hub.resumed_keys'),
    'a text as a score': (lambda c: c['message_hub']['runtime_info'].update(best_score='x'), 'its best_score is x'),
    'no optimizer': (lambda c: c.pop('optimizer'), 'it has no state of an optimizer'),
    'an empty optimizer': (lambda c: c.update(optimizer={}), 'its optimizer has no groups of weights'),
    'no state of an optimizer': (lambda c: c['optimizer'].pop('state'), 'its optimizer has no state'),
    'fewer weights in the optimizer': (
        lambda c: c['optimizer']['param_groups'][0]['params'].pop(),
        r'its optimizer has \d+ weights in 1 group, and this one \d+ in 1',
    ),
    'other groups': (
        lambda c: c['optimizer']['param_groups'].append({'params': []}),
        'its optimizer has .* in 2 groups',
    ),
    'another optimizer': (
        lambda c: _each_group(c, lambda group: (group.pop('betas'), group.pop('eps'))),
        'its optimizer is not AdamW: its groups lack betas',
    ),
    'the state of another optimizer': (
        lambda c: c['optimizer']['state'].update({0: {'momentum_buffer': torch.ones(1)}}),
        'its optimizer is not AdamW: it keeps another state',
    ),
    'a state of another shape': (
        lambda c: c['optimizer']['state'][0].update(exp_avg=torch.ones(5)),
        'its optimizer is of weights of other shapes: its exp_avg',
    ),
    'a text as a rate': (lambda c: _each_group(c, lambda group: group.update(lr='x')), "its optimizer's lr is x"),
    'NaN as a rate': (
        lambda c: _each_group(c, lambda group: group.update(lr=float('nan'))),
        "its optimizer's lr is nan",
    ),
    'no schedules': (lambda c: c.pop('param_schedulers'), 'it has 0 param_schedulers, and the config 2'),
    'another schedule': (
        lambda c: c['param_schedulers'][0].pop('start_factor'),
        'its param_scheduler is not a LinearLR: start_factor',
    ),
}


@pytest.mark.parametrize('name', CHANGES)
def test_what_does_not_fit_ends_in_one_sentence(name: str, coco: Path, saved: Path, tmp_path: Path) -> None:
    change, says = CHANGES[name]
    checkpoint = torch.load(saved / 'iter_4.pth', weights_only=False)
    change(checkpoint)
    torch.save(checkpoint, tmp_path / 'changed.pth')
    with pytest.raises(ValueError, match=says) as info:
        resume(coco, tmp_path / 'run', tmp_path / 'changed.pth')
    assert str(info.value).startswith(
        f'{tmp_path / "changed.pth"} does not fit the training that is to go on from it: '
    )
    assert '\n' not in str(info.value) and not list((tmp_path / 'run').glob('*.pth'))


def test_another_optimizer_of_the_config_is_named(coco: Path, saved: Path, tmp_path: Path) -> None:
    sgd = {'optimizer': {'type': 'SGD', 'lr': 1e-3, 'momentum': 0.9}}
    with pytest.raises(ValueError, match='its optimizer is not SGD: its groups lack dampening'):
        resume(coco, tmp_path, saved / 'iter_4.pth', optim_wrapper=sgd)


@pytest.mark.parametrize(
    ('path', 'kept'),
    [
        ('/elsewhere/run/best_AP_epoch_1.pth', True),  # the folder was moved or copied
        ('best_AP_epoch_1.pth', True),
        ('C:\\runs\\best_AP_epoch_1.pth', True),
        ('/elsewhere/best_AP_epoch_9.pth', False),
        ('vis_data', False),
        ('/', False),
        ('', False),
        ('..', False),
        ('best_AP_epoch_1.pth/..', False),
        ('epoch_1.pth', False),
        (['best_AP_epoch_1.pth'], False),
    ],
)
@pytest.mark.parametrize('key', ['best_ckpt', 'best_ckpt_coco/AP'])
def test_best_files_are_those_of_the_own_folder(path: Any, kept: bool, key: str, tmp_path: Path) -> None:
    (tmp_path / 'best_AP_epoch_1.pth').touch()
    (tmp_path / 'epoch_1.pth').touch()
    (tmp_path / 'vis_data').mkdir()
    runner = SimpleNamespace(work_dir=str(tmp_path), hooks=[CheckpointHook()])
    hub = {'runtime_info': {key: path, 'keep_ckpt_ids': ['/../x'], 'iter': 3}, 'resumed_keys': {key: True}}
    keep_own_files(runner, hub)
    assert hub['runtime_info'] == ({key: str(tmp_path / 'best_AP_epoch_1.pth'), 'iter': 3} if kept else {'iter': 3})
    assert hub['resumed_keys'] == ({key: True} if kept else {})


def test_files_of_an_out_dir_are_found_there(tmp_path: Path) -> None:
    (tmp_path / 'out' / 'run').mkdir(parents=True)
    (tmp_path / 'out' / 'run' / 'best_AP.pth').touch()
    runner = SimpleNamespace(work_dir=str(tmp_path / 'run'), hooks=[CheckpointHook(out_dir=str(tmp_path / 'out'))])
    hub = {'runtime_info': {'best_ckpt': 'best_AP.pth', 'keep_ckpt_ids': [1, 2]}, 'resumed_keys': {}}
    keep_own_files(runner, hub)
    own = str(tmp_path / 'out' / 'run' / 'best_AP.pth')
    assert hub['runtime_info'] == {'best_ckpt': own, 'keep_ckpt_ids': [1, 2]}


def test_a_copied_run_leaves_the_first_ones_best_file(coco: Path, saved: Path, tmp_path: Path) -> None:
    """A better score removes the best file of the copy, not that of the run that was copied."""
    first, copy = tmp_path / 'a', tmp_path / 'b'
    shutil.copytree(saved, first)
    for folder in (first, tmp_path / 'elsewhere'):
        folder.mkdir(exist_ok=True)
        (folder / 'best_score_iter_4.pth').write_bytes(b'mine')
    checkpoint = torch.load(first / 'iter_4.pth', weights_only=False)
    hub = checkpoint['message_hub']
    hub['runtime_info'].update(best_ckpt=str(first / 'best_score_iter_4.pth'), best_score=-1.0)
    hub['resumed_keys'].update(best_ckpt=True, best_score=True)
    torch.save(checkpoint, first / 'iter_4.pth')
    shutil.copytree(first, copy)
    hooks = {
        'checkpoint': {
            'type': 'CheckpointHook',
            'interval': 4,
            'by_epoch': False,
            'save_best': 'score',
            'rule': 'greater',
        }
    }
    cfg = run_cfg(coco, copy, resume=True, load_from=str(copy / 'iter_4.pth'), custom_hooks=HOOKS, default_hooks=hooks)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(_Scores())
    runner.train()
    assert (first / 'best_score_iter_4.pth').exists() and not (copy / 'best_score_iter_4.pth').exists()
    assert len(list(copy.glob('best_score_*.pth'))) == 1


class _Scores(CheckpointHook):
    """Stands for a validation after iteration 8, whose score is better than before."""

    def __init__(self) -> None:
        self.out_dir = None

    def before_train(self, runner: Runner) -> None:
        pass

    def after_train_epoch(self, runner: Runner) -> None:
        pass

    def after_train(self, runner: Runner) -> None:
        pass

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if runner.iter == 7:
            (hook,) = [one for one in runner.hooks if type(one) is CheckpointHook]
            hook.after_val_epoch(runner, {'score': 1.0})
