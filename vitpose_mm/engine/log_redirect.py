"""A training or a test whose log goes to a file alone."""

from __future__ import annotations

import contextlib
import itertools
import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mmengine.config import Config
from mmengine.logging import MMLogger

_numbers = itertools.count()


@contextlib.contextmanager
def redirect_log(cfg: Config, kind: str) -> Iterator[None]:
    """Inside, what MMEngine logs, warnings and what the scorers print go to a file in the config's work folder.

    Writes ``experiment_name`` and the visualizer's name into the config: MMEngine finds loggers and visualizers of
    earlier runners by name, so each gets one of its own.

    Args:
        cfg: config of the runner that is made inside; changed.
        kind: first part of the name.
    """
    name = f'{kind}_{next(_numbers)}'
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
            _restore_handlers(file)


def _restore_handlers(file: TextIO) -> None:
    """Point loggers that were made inside the block to standard error again, for warnings and errors."""
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is file:
                handler.setStream(sys.stderr)
                handler.setLevel(logging.WARNING)
