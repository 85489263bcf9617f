"""Save a checkpoint before a signal ends the training: a preempted job, a closed terminal, Ctrl-C."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size, is_main_process
from mmengine.hooks import Hook

from ...registry import HOOKS

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
CHECKPOINT = 'interrupted.pth'


@HOOKS.register_module()
class StopSignalHook(Hook):
    """On SIGTERM, SIGHUP or SIGINT: finish the iteration, save ``interrupted.pth``, and exit with 128 + signal.

    ``--resume`` continues from there without a lost sample. A second signal ends the process at once. With several
    processes, any of them may get the signal; they agree on it every ``interval`` iterations.

    Args:
        interval: iterations between two agreements of several processes; a single process looks after each one.
    """

    priority = 'LOWEST'  # after ExactResumeHook has counted the iteration's samples

    def __init__(self, *, interval: int = 10) -> None:
        self.interval = interval
        self.received = 0
        self._process = 0
        self._previous: dict[int, Any] = {}

    def before_train(self, runner: Any) -> None:
        """Take over the signals, in the main thread of the training process only."""
        self._process = os.getpid()
        for number in SIGNALS:
            try:
                self._previous[number] = signal.signal(number, self._receive)
            except ValueError:  # not the main thread: whoever runs the training there handles signals
                return

    def after_train(self, runner: Any) -> None:
        """Restore the earlier handlers of the signals."""
        for number, handler in self._previous.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._previous = {}

    def _receive(self, number: int, frame: Any) -> None:
        if os.getpid() != self._process:  # a loader's worker, which ends with its training
            if number == signal.SIGTERM:
                os._exit(128 + number)
            return
        self.received = number
        signal.signal(number, signal.SIG_DFL)
        # the same signal may end the loader's workers, of which torch would tell in the middle of a step
        self._previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Save and exit where a signal has come."""
        if get_world_size() > 1:
            if (runner.iter + 1) % self.interval:
                return
            number = torch.tensor(self.received)
            all_reduce(number, 'max')
            self.received = int(number)
        if self.received:
            self.stop(runner, iterations=runner.iter + 1)

    def stop(self, runner: Any, *, iterations: int) -> None:
        """Save the state after a number of iterations, say how to go on, and exit.

        Raises:
            SystemExit: 128 + the number of the signal.
        """
        runner.save_checkpoint(
            runner.work_dir,
            CHECKPOINT,
            meta={'epoch': runner.epoch, 'iter': iterations},
            by_epoch=False,
            backend_args={'backend': 'vitpose_mm'},
        )
        if is_main_process():
            Path(runner.work_dir, 'last_checkpoint').write_text(str(Path(runner.work_dir) / CHECKPOINT))
        name = signal.Signals(self.received).name
        runner.logger.warning(
            f'Stopped by {name} after {iterations} iterations; {Path(runner.work_dir) / CHECKPOINT} is saved: run the '
            f'same command with --resume to go on.'
        )
        self.after_train(runner)
        raise SystemExit(128 + self.received)


def find_stop(runner: Any) -> StopSignalHook | None:
    """Return the runner's hook where it has received a signal, else None."""
    for hook in runner.hooks:
        if isinstance(hook, StopSignalHook) and hook.received:
            return hook
    return None
