"""From parsed arguments to a running MMEngine runner: the bodies of tools/train.py and tools/test.py."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mmengine
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import RUNNERS
from mmengine.runner import FlexibleRunner, Runner

from ..checkpoints.weights import load_weights
from .preflight import check_config
from .testing import choose_dataset, use_ensemble

AMP_READY = ('OptimWrapper', 'AmpOptimWrapper')


@contextmanager
def one_sentence() -> Iterator[None]:
    """End the process with the sentence of a ValueError; a user's mistake needs no traceback."""
    try:
        yield
    except ValueError as error:
        raise SystemExit(f'error: {error}') from None


def read_config(path: str, options: dict[str, Any]) -> Config:
    """Path of a config -> the config with --cfg-options in it."""
    cfg = Config.fromfile(path)
    if options:
        cfg.merge_from_dict(options)
    return cfg


def load_config(args: argparse.Namespace) -> Config:
    """Arguments -> the config with --cfg-options, --launcher and --work-dir in it."""
    cfg = read_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def build_runner(cfg: Config) -> Runner | FlexibleRunner:
    """Config -> Runner, or what ``runner_type`` names: FSDP and DeepSpeed are reached only that way."""
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def draw_pictures(cfg: Config, args: argparse.Namespace) -> None:
    """Switch mmpose's visualization hook on for --show and --show-dir."""
    if not (args.show or args.show_dir):
        return
    hooks = cfg.get('default_hooks', {})
    if 'visualization' not in hooks:
        raise ValueError(
            '--show and --show-dir need the hook default_hooks.visualization, which this config has not: '
            "add visualization=dict(type='PoseVisualizationHook', enable=False)."
        )
    settings = dict(enable=True, show=args.show, out_dir=args.show_dir, interval=args.interval)
    if args.show:
        settings['wait_time'] = args.wait_time
    hooks['visualization'].update(settings)


def use_amp(cfg: Config) -> None:
    """Train in mixed precision with mmengine's own wrapper: bfloat16 where GPU and head can, else float16."""
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in AMP_READY:
        raise ValueError(f'--amp works with optim_wrapper types {AMP_READY} and the config has {kind!r}: use one.')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    head = cfg.model.get('student', cfg.model).get('head') or {}
    ours = str(head.get('type', '')).startswith('vitpose_mm.')  # MMPose's heads hand their heatmaps to numpy
    bfloat16 = ours and torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    cfg.optim_wrapper.setdefault('dtype', 'bfloat16' if bfloat16 else 'float16')
    cfg.optim_wrapper.setdefault('loss_scale', 1.0 if cfg.optim_wrapper.dtype == 'bfloat16' else 'dynamic')


def scale_lr(cfg: Config) -> None:
    """Scale the learning rate by actual over base batch size."""
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(
            '--auto-scale-lr needs the batch size that the learning rate is for and the config names none: '
            'add auto_scale_lr=dict(base_batch_size=512).'
        )
    cfg.auto_scale_lr.enable = True


def add_train_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write the flags of tools/train.py into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_amp(cfg)
    if args.resume is not None:
        cfg.resume = True
        if args.resume != 'auto':
            cfg.load_from = args.resume
    if args.auto_scale_lr:
        scale_lr(cfg)
    draw_pictures(cfg, args)


def train(args: argparse.Namespace) -> None:
    """Arguments of tools/train.py -> a trained model in the work folder."""
    cfg = load_config(args)
    with one_sentence():
        add_train_flags(cfg, args)
        check_config(cfg, resume=args.resume)
        runner = build_runner(cfg)
    runner.train()


class SaveMetrics(Hook):
    """Write the metrics of a test run to a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Metrics by name -> the file, once, by the first process."""
        if metrics is not None and runner.rank == 0:
            mmengine.dump(metrics, self.path)


def dump_predictions(cfg: Config, path: str) -> None:
    """Add mmengine's DumpResults to the evaluators."""
    if not path.endswith(('.pkl', '.pickle')):
        raise ValueError(f'--dump writes a pickle and got {path!r}: give a path that ends in .pkl.')
    evaluators = cfg.test_evaluator
    evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
    cfg.test_evaluator = [*evaluators, dict(type='DumpResults', out_file_path=path)]


def analyse_bad_cases(cfg: Config, args: argparse.Namespace) -> None:
    """Switch mmpose's hook on that collects the samples with the worst loss or accuracy."""
    hooks = cfg.get('default_hooks', {})
    if 'badcase' not in hooks:
        raise ValueError(
            '--badcase needs the hook default_hooks.badcase, which this config has not: '
            "add badcase=dict(type='BadCaseAnalysisHook', enable=False)."
        )
    kind = hooks['badcase'].get('metric_type', 'loss')
    if kind not in ('loss', 'accuracy'):
        raise ValueError(f"default_hooks.badcase.metric_type is {kind!r}: use 'loss' or 'accuracy'.")
    hooks['badcase'].update(enable=True, show=args.show, interval=args.interval)
    hooks['badcase'].setdefault('metric', cfg.model.head.loss if kind == 'loss' else cfg.test_evaluator)


def add_test_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write the flags of tools/test.py into the config."""
    cfg.load_from = args.checkpoint[0].split('.py=')[-1]
    cfg.resume = False
    if args.dataset is not None:
        choose_dataset(cfg, args.dataset)
    if args.badcase:
        analyse_bad_cases(cfg, args)
    else:
        draw_pictures(cfg, args)
    if args.dump is not None:
        dump_predictions(cfg, args.dump)


def test(args: argparse.Namespace) -> None:
    """Arguments of tools/test.py -> metrics on the test set, in the log and in --out."""
    cfg = load_config(args)
    with one_sentence():
        add_test_flags(cfg, args)
        check_config(cfg, for_training=False)
        if len(args.checkpoint) > 1 or '.py=' in args.checkpoint[0]:
            use_ensemble(cfg, args.checkpoint)
        runner = build_runner(cfg)
        if cfg.load_from and isinstance(runner, Runner):  # its own loading leaves what does not fit as it was
            model = runner.model.module if is_model_wrapper(runner.model) else runner.model
            load_weights(model, cfg.load_from, args.config)
    if args.out is not None:
        runner.register_hook(SaveMetrics(args.out), 'LOWEST')
    runner.test()
