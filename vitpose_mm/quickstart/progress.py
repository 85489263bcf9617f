"""One line of progress for a training or a test, instead of mmengine's log (which stays in its file)."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from tqdm import tqdm


class ProgressHook(Hook):
    """Shows iterations done of all, time left and the smoothed loss in one line.

    Args:
        title: what the line begins with.
        row: of lines that several processes show below each other.
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
        loss = float((outputs or {})['loss'].detach())
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
        return tqdm(total=total, initial=initial, desc=self.title, unit='it', mininterval=2, position=self.row)


@contextlib.contextmanager
def quiet(cfg: Config, name: str) -> Iterator[None]:
    """Config and a name no other runner has -> inside, mmengine's log, warnings and what the
    scorers print go to a file.

    Writes `experiment_name` and the visualizer's name into the config: mmengine finds loggers and
    visualizers of earlier runners by name.
    """
    log = Path(cfg.work_dir) / f'{name}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    cfg.experiment_name = name
    if cfg.get('visualizer'):
        cfg.visualizer.name = name
    logger = MMLogger.get_instance(name, log_file=str(log), log_level='INFO', file_mode='a')
    for handler in logger.handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.setLevel(logging.ERROR)
    with log.open('a') as file, contextlib.redirect_stdout(file), warnings.catch_warnings():
        warnings.showwarning = lambda text, kind, where, line, *_: print(f'{where}:{line}: {text}', file=file)
        try:
            yield
        finally:
            _give_back(file)


def _give_back(file: TextIO) -> None:
    """Let loggers that were made inside, for what was standard output there, go on with warnings only."""
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is file:
                handler.setStream(sys.stderr)
                handler.setLevel(logging.WARNING)
