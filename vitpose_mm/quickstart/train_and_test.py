"""Training and testing a config of the quick start in another folder than the one it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from ..checks.preflight import check_config
from ..engine.hooks.progress_hook import ProgressHook
from ..engine.log_redirect import redirect_log
from ..engine.train import build_runner

CONFIGURED_DATA = 'quickstart/data/'  # data root of the configs


def load(config: Path, data: Path, *, work_dir: Path) -> Config:
    """Read a config so that it uses `data` instead of quickstart/data and works in `work_dir`."""
    cfg = Config.fromfile(config)
    moved = _replace(cfg.to_dict(), CONFIGURED_DATA, f'{data}/')
    cfg = Config(moved, filename=str(config))
    cfg.work_dir = str(work_dir)
    return cfg


def _replace(node: Any, old: str, new: str) -> Any:
    """Replace `old` at the beginning of strings in nested dicts and lists."""
    if isinstance(node, str):
        return new + node[len(old) :] if node.startswith(old) else node
    if isinstance(node, Mapping):
        return {key: _replace(value, old, new) for key, value in node.items()}
    if isinstance(node, (list, tuple)):
        return type(node)(_replace(value, old, new) for value in node)
    return node


def train(cfg: Config, *, epochs: int, title: str = 'train', row: int = 0) -> None:
    """Train a config and return its checkpoint epoch_<epochs>.pth; an interrupted training is resumed.

    The learning rate's cosine ends with the last epoch. There is no validation on the way. The seed is always the same,
    so that a machine gives the same table twice.

    Args:
        cfg: from :func:`load`; it is changed.
        epochs: number of epochs.
        title: title of the line of progress.
        row: position of that line, where several trainings run at once.
    """
    cfg.train_cfg.max_epochs = epochs
    for scheduler in cfg.param_scheduler:
        if scheduler.type == 'CosineAnnealingLR':
            scheduler.T_max = epochs
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.randomness = dict(seed=0)
    with redirect_log(cfg, 'quickstart_train'):
        check_config(cfg, resume='auto')
        _runner(cfg, ProgressHook(title, row=row)).train()


def test(cfg: Config, checkpoint: str) -> dict[str, float]:
    """Return the metrics of a trained model on the config's test set."""
    cfg.load_from, cfg.resume = checkpoint, False
    with redirect_log(cfg, 'quickstart_test'):
        check_config(cfg, for_training=False)
        return _runner(cfg, ProgressHook('test')).test()


def _runner(cfg: Config, progress: ProgressHook) -> Runner:
    runner = build_runner(cfg)
    if cfg.default_scope == 'mmdet':  # its convolutions are a quarter faster that way on a CPU
        runner.model.to(memory_format=torch.channels_last)
    runner.register_hook(progress)
    return runner
