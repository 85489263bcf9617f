from __future__ import annotations

from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.runner import loops as host_loops
from torch.utils.data import BatchSampler, DataLoader

from tests.helpers.tiny_run import read_log, run_cfg, train
from vitpose_mm.datasets import SeededSampler
from vitpose_mm.engine.hooks.exact_resume_hook import ExactResumeHook, find_sampler

ITER_LOOP = {
    'train_cfg': {'by_epoch': False, 'max_iters': 12, 'val_interval': 100},
    'log_processor': {'type': 'LogProcessor', 'window_size': 3, 'by_epoch': False},
}


class Seen(Hook):
    """Keeps the image ids of every batch, and the number that the loop gives to it."""

    def __init__(self) -> None:
        self.ids: list[list[int]] = []
        self.numbers: list[int] = []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        self.ids.append([sample.img_id for sample in data_batch['data_samples']])
        self.numbers.append(batch_idx)


def run(coco: Path, work_dir: Path, *, batch_size: int = 4, **settings: Any) -> Seen:
    """What the loop of one training run saw."""
    cfg = run_cfg(coco, work_dir, **settings)
    cfg.train_dataloader.batch_size = batch_size
    runner = Runner.from_cfg(cfg)
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    return seen


def resume_from(work_dir: Path, iteration: int) -> dict:
    """Config keys of a run that goes on from a checkpoint of another one."""
    return {'resume': True, 'load_from': str(work_dir / f'iter_{iteration}.pth')}


def load_end(work_dir: Path) -> dict:
    return torch.load(work_dir / 'iter_12.pth', weights_only=False)


def assert_same_end(whole: Path, resumed: Path) -> None:
    """Weights, BatchNorm's counts, optimizer and schedulers after 12 iterations are equal bit for bit."""
    first, second = load_end(whole), load_end(resumed)
    assert first['meta']['iter'] == second['meta']['iter'] == 12
    assert first['meta']['position'] == second['meta']['position']
    assert first['state_dict'].keys() == second['state_dict'].keys()
    for name, value in first['state_dict'].items():
        assert torch.equal(value, second['state_dict'][name]), name
    states = [end['optimizer']['state'] for end in (first, second)]
    assert states[0].keys() == states[1].keys()
    for index, state in states[0].items():
        for name in ('step', 'exp_avg', 'exp_avg_sq'):
            assert torch.equal(state[name], states[1][index][name]), (index, name)
    assert first['optimizer']['param_groups'] == second['optimizer']['param_groups']
    assert first['param_schedulers'] == second['param_schedulers']


@pytest.fixture(scope='module')
def whole_runs(coco: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Path, Seen]]:
    """Runs of 12 iterations by their number of workers."""
    init_default_scope('mmpose')
    folder = tmp_path_factory.mktemp('whole')
    return {n: (folder / str(n), run(coco, folder / str(n), num_workers=n)) for n in (0, 2)}


@pytest.mark.slow
@pytest.mark.parametrize('num_workers', [0, 2])
def test_twelve_iterations_equal_a_part_and_the_resumed_rest(
    coco: Path, tmp_path: Path, whole_runs: dict[int, tuple[Path, Seen]], num_workers: int
) -> None:
    whole, seen = whole_runs[num_workers]
    log = read_log(whole)
    assert seen.numbers == [0, 1, 2, 3] * 3
    assert len({line['loss'] for line in log}) == 12
    # inside an epoch, and at the end of one where schedulers by epoch have not yet stepped
    for done in (5, 8):
        part = tmp_path / f'from{done}'
        rest = run(coco, part, num_workers=num_workers, **resume_from(whole, done))
        assert rest.ids == seen.ids[done:]
        assert rest.numbers == seen.numbers[done:]
        assert_same_end(whole, part)
        assert read_log(part) == log[done:]


@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(whole_runs: dict[int, tuple[Path, Seen]]) -> None:
    assert_same_end(whole_runs[0][0], whole_runs[2][0])


@pytest.mark.slow
@pytest.mark.parametrize('num_workers', [0, 2])
def test_an_iteration_based_loop_goes_on_without_reading_the_past(
    coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_workers: int
) -> None:
    monkeypatch.setattr(host_loops.time, 'sleep', lambda seconds: None)  # two seconds an epoch
    # without a seed in the config, order and random numbers hang on the checkpoint's
    settings = {**ITER_LOOP, 'num_workers': num_workers, 'seed': None}
    seen = run(coco, tmp_path / 'whole', **settings)
    for done in (5, 8):
        part = tmp_path / f'from{done}'
        rest = run(coco, part, **settings, **resume_from(tmp_path / 'whole', done))
        assert rest.ids == seen.ids[done:]
        assert_same_end(tmp_path / 'whole', part)
        assert read_log(part) == read_log(tmp_path / 'whole')[done:]


@pytest.mark.slow
def test_another_batch_size_goes_on_at_the_next_unseen_sample(
    coco: Path, tmp_path: Path, whole_runs: dict[int, tuple[Path, Seen]]
) -> None:
    whole, seen = whole_runs[0]
    rest = run(coco, tmp_path, batch_size=8, **resume_from(whole, 5))
    assert [len(ids) for ids in rest.ids] == [8, 4, 8, 8]
    assert list(chain(*rest.ids)) == list(chain(*seen.ids[5:]))


@pytest.mark.slow
def test_a_checkpoint_of_a_whole_epoch_begins_the_next(coco: Path, tmp_path: Path) -> None:
    hooks = {'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'by_epoch': True}}
    settings = {'default_hooks': hooks, 'train_cfg': {'by_epoch': True, 'max_epochs': 2}}
    seen = run(coco, tmp_path / 'whole', **settings)
    load_from = str(tmp_path / 'whole/epoch_1.pth')
    rest = run(coco, tmp_path / 'rest', **settings, resume=True, load_from=load_from)
    assert rest.ids == seen.ids[4:]
    loaded = run(coco, tmp_path / 'loaded', **settings, load_from=load_from)
    assert loaded.ids == seen.ids


def test_heads_in_another_order_are_not_resumed() -> None:
    names = ['backbone.x', 'head.heads.coco.w', 'head.heads.aic.w', 'head.heads.coco.b']
    hook = ExactResumeHook()
    with pytest.raises(
        ValueError, match=r'heads in the order coco, aic, .* train on with load_from instead of --resume'
    ):
        hook.after_load_checkpoint(SimpleNamespace(_resume=True), {'state_dict': dict.fromkeys(names)})
    for resume, state in ((False, names), (True, sorted(names)), (True, names[:1])):
        hook.after_load_checkpoint(SimpleNamespace(_resume=resume), {'state_dict': dict.fromkeys(state)})


def test_sampler_is_found_below_a_batch_sampler() -> None:
    sampler = SeededSampler(range(4), seed=0)
    assert find_sampler(DataLoader(range(4), sampler=sampler)) is sampler
    assert find_sampler(DataLoader(range(4), batch_sampler=BatchSampler(sampler, 2, False))) is sampler
    assert find_sampler(DataLoader(range(4))) is None


def test_another_sampler_is_said_and_trains(coco: Path, tmp_path: Path) -> None:
    cfg = run_cfg(coco, tmp_path, log_level='WARNING', train_cfg={'by_epoch': True, 'max_epochs': 1})
    cfg.train_dataloader.sampler.type = 'DefaultSampler'
    assert train(cfg).iter == 4
    (log,) = tmp_path.glob('*/*.log')
    assert 'has no vitpose_mm.SeededSampler' in log.read_text()


def test_ranks_draw_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    for rank in (0, 1, 0):
        monkeypatch.setattr('vitpose_mm.engine.hooks.exact_resume_hook.get_rank', lambda rank=rank: rank)
        ExactResumeHook().before_train_iter(SimpleNamespace(seed=3, iter=7), 0)
        drawn.append(float(torch.rand(())))
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_dataset_whose_augmentation_is_not_seeded_is_named() -> None:
    loader = DataLoader(range(4), sampler=SeededSampler(range(4), seed=0), batch_size=2)  # type: ignore[arg-type]
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('vitpose_mm.engine.hooks.exact_resume_hook._warn', said.append)
        ExactResumeHook().before_train(SimpleNamespace(train_dataloader=loader, iter=0))
    assert 'reads a range and not a vitpose_mm.MultiDataset' in said[0]
