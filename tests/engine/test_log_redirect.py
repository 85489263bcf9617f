"""What a quiet training says goes to its file; loggers that it made can still warn when it is over."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger, print_log

from vitpose_mm.engine.log_redirect import redirect_log


def test_loggers_made_inside_warn_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, 'stderr', errors)
    cfg = Config({'work_dir': str(tmp_path)})
    with redirect_log(cfg, 'test_quiet'):
        MMLogger.get_instance('test_quiet_runner', log_level='INFO')  # as a runner does
        print_log('inside', logger='current')
    print_log('afterwards', logger='current')
    print_log('a warning', logger='current', level=logging.WARNING)
    said = errors.getvalue()
    assert 'a warning' in said and 'afterwards' not in said and 'closed file' not in said
    log = (tmp_path / f'{cfg.experiment_name}.log').read_text()
    assert 'inside' in log and 'a warning' not in log
