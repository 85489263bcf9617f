"""A signal ends a training after its iteration, with a checkpoint that the run goes on from bit for bit."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from tests.helpers.tiny_run import run_cfg, train
from vitpose_mm.checkpoints import newest_readable
from vitpose_mm.datasets import MultiDataset
from vitpose_mm.engine.hooks.stop_signal_hook import CHECKPOINT, StopSignalHook, find_stop
from vitpose_mm.engine.train import run_training


class Interrupt(Hook):
    """Sends a signal to this process in the middle of an iteration."""

    def __init__(self, at: int, number: int) -> None:
        self.at, self.number = at, number

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter == self.at:
            os.kill(os.getpid(), self.number)


def cfg_of(coco: Path, work_dir: Path, **settings: Any) -> Any:
    cfg = run_cfg(coco, work_dir, **settings)
    cfg.custom_hooks.append({'type': 'vitpose_mm.StopSignalHook'})
    cfg.default_hooks.checkpoint = {'type': 'CheckpointHook', 'interval': 100, 'by_epoch': False}
    return cfg


@pytest.mark.parametrize(
    ('number', 'num_workers', 'at'),
    [(signal.SIGTERM, 0, 5), (signal.SIGHUP, 0, 3), (signal.SIGINT, 2, 5)],
    ids=['SIGTERM', 'SIGHUP at the end of an epoch', 'SIGINT with workers'],
)
def test_saved_at_once_and_resumed_exactly(coco: Path, tmp_path: Path, number: int, num_workers: int, at: int) -> None:
    whole = train(cfg_of(coco, tmp_path / 'whole', num_workers=num_workers)).model.state_dict()
    before = signal.getsignal(number)
    cfg = cfg_of(coco, tmp_path / 'part', num_workers=num_workers)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(Interrupt(at, number))
    with pytest.raises(SystemExit) as stopped:
        runner.train()
    assert signal.getsignal(number) is before
    assert stopped.value.code == 128 + number
    saved = newest_readable(cfg.work_dir)
    assert saved == tmp_path / 'part' / CHECKPOINT
    assert torch.load(saved, weights_only=False)['meta']['iter'] == at + 1
    cfg = cfg_of(coco, tmp_path / 'rest', num_workers=num_workers)
    cfg.resume, cfg.load_from = True, str(saved)
    resumed = train(cfg).model.state_dict()
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name


def test_signals_are_given_back(coco: Path, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    runner = train(cfg_of(coco, tmp_path))
    assert signal.getsignal(signal.SIGTERM) is before
    assert find_stop(runner) is None


def test_workers_that_the_signal_ended_do_not_lose_the_checkpoint(
    coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner.from_cfg(cfg_of(coco, tmp_path))
    hook = next(hook for hook in runner.hooks if isinstance(hook, StopSignalHook))

    class WorkersGone(Hook):
        def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
            if runner.iter == 2:  # while the next batch is waited for, after all hooks of the iteration
                hook.after_train_iter = lambda *args, **kwargs: None  # type: ignore[method-assign]
                hook.received = signal.SIGTERM

        def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
            if runner.iter == 3:
                raise RuntimeError('DataLoader worker (pid 7) is killed by signal: Terminated.')

    runner.register_hook(WorkersGone())
    with pytest.raises(SystemExit) as stopped:
        run_training(runner)
    assert stopped.value.code == 143
    assert torch.load(tmp_path / CHECKPOINT, weights_only=False)['meta']['iter'] == 3


@pytest.fixture
def forget_loaders() -> Iterator[None]:
    """Shut loaders down at the end: one that lost a worker raises its error in whatever runs when a child ends."""
    handler = signal.getsignal(signal.SIGCHLD)
    yield
    ended = False
    while not ended:
        with contextlib.suppress(RuntimeError):  # that error
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ended = True
    for found in gc.get_objects():
        if type(found) is _MultiProcessingDataLoaderIter:
            found._shutdown_workers()
    signal.signal(signal.SIGCHLD, handler)


@pytest.mark.usefixtures('forget_loaders')
def test_a_killed_worker_is_one_sentence(coco: Path, tmp_path: Path) -> None:
    cfg = cfg_of(coco, tmp_path, num_workers=1)
    runner = Runner.from_cfg(cfg)

    class Kill(Hook):
        def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
            if runner.iter == 2:
                for child in multiprocessing.active_children():
                    os.kill(child.pid or 0, signal.SIGKILL)

    runner.register_hook(Kill())
    with pytest.raises(
        ValueError, match=r'^(DataLoader worker|A connection broke off).*--resume'
    ):  # what is seen first
        run_training(runner)


@pytest.mark.usefixtures('forget_loaders')
def test_a_worker_that_hangs_ends_the_wait(coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cfg = cfg_of(coco, tmp_path, num_workers=1)
    cfg.train_dataloader.timeout = 3
    runner = Runner.from_cfg(cfg)
    monkeypatch.setattr(MultiDataset, '__getitem__', lambda self, index: time.sleep(100))
    with pytest.raises(ValueError, match='timed out after 3 seconds'):
        run_training(runner)
