"""One line of progress for a training or a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from tqdm import tqdm

from ...utils.progress import progress_bar


class ProgressHook(Hook):
    """Shows iterations done of all, time left and the smoothed loss in one line.

    Args:
        title: what the line begins with.
        row: position of the line among those that several processes show.
    """

    priority = 'LOWEST'

    def __init__(self, title: str, *, row: int = 0) -> None:
        self.title, self.row = title, row
        self.bar: tqdm | None = None
        self.loss: float | None = None

    def before_train(self, runner: Runner) -> None:
        """A bar over all iterations, begun where a resumed training begins."""
        self.bar = self._open(runner.max_iters, initial=runner.iter)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """One step further."""
        assert self.bar is not None
        if outputs and 'loss' in outputs:  # not in a skipped update
            loss = float(outputs['loss'].detach())
            self.loss = loss if self.loss is None else 0.95 * self.loss + 0.05 * loss
            self.bar.set_postfix_str(f'loss {self.loss:.4g}', refresh=False)
        self.bar.update()

    def after_train(self, runner: Runner) -> None:
        """Leave the line."""
        assert self.bar is not None
        self.bar.close()

    def before_test(self, runner: Runner) -> None:
        """A bar over the batches of a test."""
        self.bar = self._open(len(runner.test_dataloader))

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Sequence | None = None
    ) -> None:
        """One batch further."""
        assert self.bar is not None
        self.bar.update()

    def after_test(self, runner: Runner) -> None:
        """Leave the line."""
        assert self.bar is not None
        self.bar.close()

    def _open(self, total: int, *, initial: int = 0) -> tqdm:
        return progress_bar(total=total, initial=initial, desc=self.title, unit='it', mininterval=2, position=self.row)
