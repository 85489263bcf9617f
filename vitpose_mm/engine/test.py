"""The body of tools/test.py: what is tested, and what is kept of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import mmengine
from mmengine.config import Config
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from ..checkpoints import check_checkpoint
from ..checkpoints.strict_load import load_strictly
from ..checks.metainfo import metainfo_of
from ..checks.preflight import check_config
from ..models.heads.base import MSE_LOSS
from ..utils.files import complete, explain_writing
from .train import build_runner, draw_pictures, exit_on_user_error, load_config

WRITTEN = ('.json', '.yaml', '.yml', '.pkl', '.pickle')  # by MMEngine's dump


def choose_dataset(cfg: Config, name: str) -> None:
    """Keep the subsets of the test set that are of one dataset, and their metrics.

    Args:
        cfg: whole config; changed in place.
        name: name of a subset, or the dataset_name of one or more.

    Raises:
        ValueError: no part of the test set is of the dataset.
    """
    dataset, scope = cfg.test_dataloader.dataset, cfg.get('default_scope') or 'mmpose'
    subsets = dataset.get('datasets')
    if not isinstance(subsets, Mapping):
        own = [metainfo_of(one, scope=scope).get('dataset_name') for one in subsets or [dataset]]
        if set(own) != {name}:
            raise ValueError(f'--dataset {name}: the test set is of {", ".join(map(str, own))} and has no named parts.')
        return
    names = {key: metainfo_of(one, scope=scope).get('dataset_name') for key, one in subsets.items()}
    kept = [key for key, own in names.items() if name in (key, own)]
    if not kept:
        parts = ', '.join(f'{key} (of {own})' for key, own in names.items())
        raise ValueError(f'--dataset {name}: the test set has the parts {parts}: choose one of these.')
    dataset.datasets = {key: subsets[key] for key in kept}
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, (list, tuple)) else [cfg.test_evaluator]
    for evaluator in evaluators:
        subset_metrics = evaluator.get('subsets')
        if isinstance(subset_metrics, Mapping):
            evaluator.subsets = {key: subset_metrics[key] for key in kept if key in subset_metrics}


def split_member(text: str) -> tuple[str | None, str]:
    """Split CHECKPOINT or CONFIG.py=CHECKPOINT into the path of the config, if there is one, and of the checkpoint."""
    config, mark, checkpoint = text.partition('.py=')
    return (config + '.py', checkpoint) if mark else (None, text)


def use_ensemble(cfg: Config, given: Sequence[str]) -> None:
    """Test the mean of several models: CHECKPOINT of the config's model, or CONFIG.py=CHECKPOINT of another's.

    Raises:
        ValueError: a file that does not exist or cannot be read.
    """
    members = [split_member(one) for one in given]
    for config, checkpoint in members:
        if config is not None and not Path(config).is_file():
            raise ValueError(f'{config} does not exist: give the config of {checkpoint}, as CONFIG.py=CHECKPOINT.')
        check_checkpoint(checkpoint)
    models = [cfg.model.copy() if config is None else Config.fromfile(config).model for config, _ in members]
    checkpoints = [checkpoint for _, checkpoint in members]
    cfg.model = dict(type='vitpose_mm.PoseEnsemble', members=models, checkpoints=checkpoints)
    cfg.load_from = None


def dump_predictions(cfg: Config, path: str) -> None:
    """Add mmengine's DumpResults to the evaluators."""
    if not path.endswith(('.pkl', '.pickle')):
        raise ValueError(f'--dump writes a pickle and got {path!r}: give a path that ends in .pkl.')
    evaluators = cfg.test_evaluator
    evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
    cfg.test_evaluator = [*evaluators, dict(type='DumpResults', out_file_path=path)]


def analyse_bad_cases(cfg: Config, args: argparse.Namespace) -> None:
    """Enable the hook of mmpose that collects the samples with the worst loss or accuracy."""
    hooks = cfg.get('default_hooks', {})
    if 'badcase' not in hooks:
        raise ValueError(
            '--badcase needs the hook default_hooks.badcase, which this config does not have: '
            "add badcase=dict(type='BadCaseAnalysisHook', enable=False)."
        )
    kind = hooks['badcase'].get('metric_type', 'loss')
    if kind not in ('loss', 'accuracy'):
        raise ValueError(f"default_hooks.badcase.metric_type is {kind!r}: use 'loss' or 'accuracy'.")
    hooks['badcase'].update(enable=True, show=args.show, interval=args.interval)
    loss = (cfg.model.get('head') or {}).get('loss') or MSE_LOSS  # ours have it by default
    hooks['badcase'].setdefault('metric', loss if kind == 'loss' else cfg.test_evaluator)


def add_test_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write the flags of tools/test.py into the config."""
    _, cfg.load_from = split_member(args.checkpoint[0])
    cfg.resume = False
    if args.dataset is not None:
        choose_dataset(cfg, args.dataset)
    if args.badcase:
        analyse_bad_cases(cfg, args)
    else:
        draw_pictures(cfg, args)
    if args.dump is not None:
        dump_predictions(cfg, args.dump)
    if args.out is not None and not args.out.endswith(WRITTEN):
        raise ValueError(f'--out got {args.out!r}: give a path that ends in one of {", ".join(WRITTEN)}.')


def test(args: argparse.Namespace) -> None:
    """Evaluate as the arguments of tools/test.py say; the metrics go to the log and to --out.

    A model that FlexibleRunner trains is tested by MMEngine's Runner: its checkpoints are those of an unsharded model.
    """
    cfg = load_config(args)
    with exit_on_user_error(), explain_writing(cfg.work_dir):
        add_test_flags(cfg, args)
        notes = check_config(cfg, for_training=False)
        if len(args.checkpoint) > 1 or split_member(args.checkpoint[0])[0] is not None:
            use_ensemble(cfg, args.checkpoint)
        if cfg.get('runner_type') == 'FlexibleRunner':
            cfg.pop('runner_type')
        runner = build_runner(cfg)
        for note in notes:
            runner.logger.warning(note)
        if cfg.load_from and isinstance(runner, Runner):  # which itself skips weights that do not fit
            model = runner.model.module if is_model_wrapper(runner.model) else runner.model
            load_strictly(model, cfg.load_from, args.config)
    with exit_on_user_error(ours_only=True), explain_writing(cfg.work_dir):
        metrics = runner.test()
    if args.out is not None and runner.rank == 0:
        with complete(Path(args.out)) as part:
            mmengine.dump(metrics, part, file_format=Path(args.out).suffix[1:])
