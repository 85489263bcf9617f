"""A loader's worker or another process of a training that is killed or stopped ends the training with a sentence."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from tests.helpers.forks import Forks
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.engine.stopped_workers import end_stopped_workers, stopped_workers
from vitpose_mm.engine.train import build_runner, exit_on_user_error, run_training


class Before(Hook):
    """Calls a function before the third iteration, when the loader has batches ready."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    def before_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
        if runner.iter == 2:
            time.sleep(1)
            self.function()


def train(cfg: Config, function: Callable[[], object]) -> None:
    runner = build_runner(cfg)
    runner.register_hook(Before(function))
    with exit_on_user_error(ours_only=True):
        run_training(runner)


def stop_workers() -> None:
    for worker in multiprocessing.active_children():
        os.kill(worker.pid or 0, signal.SIGSTOP)


def end_of(cfg: Config, function: Callable[[], object], *, num_processes: int = 1, timeout: float = 60) -> tuple:
    """Exit codes and what was said of a training that has two minutes for it."""
    forks = Forks(train, cfg, function, log=Path(cfg.work_dir) / 'said', num_processes=num_processes, timeout=timeout)
    try:
        return forks.codes(limit=120), forks.log.read_text()
    finally:
        forks.clear()


@pytest.mark.parametrize('pin_memory', [False, True])
def test_a_stopped_worker_that_holds_a_batch_ends_the_training(coco: Path, tmp_path: Path, pin_memory: bool) -> None:
    cfg = run_cfg(coco, tmp_path, num_workers=1, log_level='WARNING')
    cfg.train_dataloader.update(timeout=2, pin_memory=pin_memory)
    codes, said = end_of(cfg, stop_workers)
    assert codes == [1], said
    sentence = '\n'.join(re.findall('^error: .*', said, re.MULTILINE))
    assert sentence and '\n' not in sentence, said
    assert 'was stopped' in sentence and '--resume' in sentence
    assert 'Traceback' not in said


def test_a_connection_that_broke_before_the_end_of_the_worker_was_seen(coco: Path, tmp_path: Path) -> None:
    def read_from_nobody() -> None:
        read, write = multiprocessing.Pipe(duplex=False)
        write.close()
        read.recv()

    codes, said = end_of(run_cfg(coco, tmp_path), read_from_nobody)
    assert codes == [1]
    assert 'error: A connection broke off. A process that loads data was killed' in said


@pytest.mark.slow
def test_a_worker_that_goes_on_is_left_alone(coco: Path, tmp_path: Path) -> None:
    def stop_for_a_second() -> None:
        stop_workers()
        time.sleep(1)
        for worker in multiprocessing.active_children():
            os.kill(worker.pid or 0, signal.SIGCONT)

    cfg = run_cfg(coco, tmp_path, num_workers=1)
    cfg.train_dataloader.timeout = 8
    assert end_of(cfg, stop_for_a_second)[0] == [0]


def test_workers_that_are_stopped_at_the_end_do_not_hold_it_up() -> None:
    worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(100,), daemon=True)
    with end_stopped_workers(seconds=100):
        worker.start()
        assert stopped_workers() == []
        os.kill(worker.pid or 0, signal.SIGSTOP)
        while not stopped_workers():
            time.sleep(0.01)
    worker.join(10)
    assert worker.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(('number', 'timeout'), [(signal.SIGKILL, 60), (signal.SIGSTOP, 5)], ids=['killed', 'stopped'])
def test_a_lost_process_ends_the_other_with_a_sentence(coco: Path, tmp_path: Path, number: int, timeout: float) -> None:
    cfg = run_cfg(coco, tmp_path, launcher='pytorch')
    cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}

    def lose_one() -> None:
        if get_rank() == 1:
            os.kill(os.getpid(), number)

    start = time.monotonic()
    forks = Forks(train, cfg, lose_one, log=tmp_path / 'said', num_processes=2, timeout=timeout)
    forks.processes[0].join(60)
    code, said = forks.processes[0].exitcode, (tmp_path / 'said').read_text()
    forks.clear()
    assert code == 1, said
    assert time.monotonic() - start < 60
    sentence = '\n'.join(re.findall('^error: .*', said, re.MULTILINE))
    assert sentence and '\n' not in sentence, said
    assert sentence.startswith('error: Another process of this training has ended or does not answer')
    assert '--resume' in sentence
    assert 'Traceback' not in said
