"""A config that every check of a run passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.tiny_coco import dataset_cfg
from tests.helpers.tiny_run import run_cfg


@pytest.fixture
def cfg(coco: Path, tmp_path: Path) -> Config:
    """A config of training, validation and test with which nothing is wrong."""
    cfg = run_cfg(coco, tmp_path / 'work')
    loader = {'batch_size': 1, 'dataset': dataset_cfg(coco, test_mode=True)}
    cfg.val_dataloader = cfg.test_dataloader = loader
    cfg.val_evaluator = {'type': 'CocoMetric', 'ann_file': str(coco / 'ann.json')}
    cfg.test_evaluator = [cfg.val_evaluator]
    return cfg
