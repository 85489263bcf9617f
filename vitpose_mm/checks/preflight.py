"""Check a config before anything is built: checkpoints and data exist, keypoints fit.

Loading a large annotation file and building a model take minutes; a wrong path should not cost them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import OPTIMIZERS

from ..checkpoints import check_checkpoint, newest_readable
from ..checkpoints.atomic_backend import NAME as SAFE_BACKEND
from ..models.backbones.arch import find_arch
from .dataset_files import check_dataset_paths, check_file_outside_data_root
from .dataset_leaves import class_name, find_leaves
from .keypoints import check_keypoints
from .label_readers import find_reader
from .labels import check_labels
from .metainfo import check_metainfo
from .metrics import check_best, find_metrics
from .ranges import check_ranges
from .schedules import find_schedule_problems
from .vis_backends import check_vis_backends


def check_config(cfg: Config, *, resume: str | None = None, for_training: bool = True) -> list[str]:
    """Check a config; return sentences on labels that are left out or corrected, raise for what is missing or unfit.

    Numbers are checked first, then checkpoint files, then the files of every dataloader in use, then the keypoints.
    The config is changed in place: a resume without a path takes the newest readable checkpoint of ``cfg.work_dir``,
    says which, and writes it to ``cfg.load_from``; an ``ann_file`` whose labels are corrected is replaced by the path
    of a corrected copy; options of worker processes are removed from dataloaders without any.

    Args:
        cfg: Whole config, flags of the command line merged in.
        resume: None, 'auto' or the path of a checkpoint; None: what the config says.
        for_training: Check the training and validation data; otherwise the test data.

    Raises:
        ValueError: One sentence that names the value and the fix.
    """
    scope = cfg.get('default_scope') or 'mmpose'
    check_vis_backends(cfg.get('visualizer'))
    check_ranges(cfg, for_training=for_training)
    check_width(cfg.get('model') or {})
    if for_training:
        check_optimizer(cfg.get('optim_wrapper') or {}, scope=scope)
        for line in find_schedule_problems(cfg):
            print_log(line, logger='current', level=logging.WARNING)
        warn_of_single_checkpoint(cfg)
        choose_resume(cfg, resume)
    for path in checkpoint_files(cfg, for_training=for_training):
        check_checkpoint(path, to_resume=for_training and bool(cfg.get('resume')) and path == cfg.get('load_from'))
    names = ('train', 'val') if for_training else ('test',)
    return [note for name in names for note in check_data(cfg, name)]


def check_data(cfg: Config, name: str) -> list[str]:
    """Check the loader of 'train', 'val' or 'test'; return sentences on its labels, none where there is no loader.

    Labels that are corrected are read from a copy below ``cfg.work_dir``; its path replaces ``ann_file`` in the config.

    Raises:
        ValueError: One sentence that names the value and the fix.
    """
    loader, evaluator = cfg.get(f'{name}_dataloader'), cfg.get(f'{name}_evaluator')
    scope = cfg.get('default_scope') or 'mmpose'
    if loader is None:
        return []
    drop_worker_options(loader)
    leaves = list(find_leaves(loader['dataset'], where=f'{name}_dataloader.dataset'))
    for leaf in leaves:
        check_dataset_paths(leaf.cfg, where=leaf.where)
        check_metainfo(leaf.cfg, where=leaf.where, scope=scope)
    check_evaluators(evaluator, where=f'{name}_evaluator')
    for leaf in leaves:
        check_keypoints(leaf, cfg.get('model') or {}, scope=scope)
    metrics = list(find_metrics(evaluator, where=f'{name}_evaluator', scope=scope))
    if name == 'val':
        check_best((cfg.get('default_hooks', {}).get('checkpoint') or {}).get('save_best'), metrics)
    readers = [find_reader(leaf.cfg, where=leaf.where, scope=scope) for leaf in leaves]
    return check_labels(
        [reader for reader in readers if reader is not None],
        metrics,
        folder=Path(cfg.get('work_dir') or 'work_dirs') / 'labels',
        max_missing=allowed_missing(cfg.get('custom_hooks') or ()),
    )


def drop_worker_options(loader: dict) -> None:
    """Remove the options of worker processes from the config of a dataloader that has none (``num_workers=0``)."""
    if loader.get('num_workers', 0) == 0:
        loader.pop('persistent_workers', None)
        loader.pop('prefetch_factor', None)


def check_width(model: Mapping) -> None:
    """Check that the head of a model takes the channels that our ViT gives."""
    backbone, head = model.get('backbone') or {}, model.get('head') or {}
    if backbone.get('type') != 'vitpose_mm.ViT' or model.get('neck'):
        return
    channels = (head.get('shared') or head).get('in_channels')
    width = find_arch(backbone.get('arch', 'base')).embed_dims
    if isinstance(channels, int) and channels != width:
        raise ValueError(
            f'model.head takes {channels} channels and the backbone gives {width}: set its in_channels to '
            f'{width}, or another arch.'
        )


def check_optimizer(wrapper: Mapping, *, scope: str = 'mmpose') -> None:
    """Check that the optimizer of an optim_wrapper is known."""
    kind = (wrapper.get('optimizer') or {}).get('type')
    with OPTIMIZERS.switch_scope_and_registry(scope) as registry:
        known = not isinstance(kind, str) or registry.get(kind) is not None
    if not known:
        raise ValueError(f"optim_wrapper.optimizer.type={kind!r} is not known: choose one of torch.optim, as 'AdamW'.")


def warn_of_single_checkpoint(cfg: Config) -> None:
    """Warn where MMEngine's CheckpointHook would remove the only checkpoint before it writes the next one."""
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    if hook.get('max_keep_ckpts') == 1 and (hook.get('backend_args') or {}).get('backend') != SAFE_BACKEND:
        text = (
            f'default_hooks.checkpoint.max_keep_ckpts=1 removes the only checkpoint before the next one is written: '
            f"use 2, or backend_args=dict(backend='{SAFE_BACKEND}'), which removes it after that."
        )
        print_log(text, logger='current', level=logging.WARNING)


def choose_resume(cfg: Config, resume: str | None = None) -> None:
    """Write the checkpoint to resume from into the config; without a path the newest readable one.

    Where there is none yet, training begins as the config says, from its ``load_from`` if it has one.
    """
    if resume not in (None, 'auto'):
        cfg.resume, cfg.load_from = True, resume
    elif resume == 'auto' or (cfg.get('resume') and not cfg.get('load_from')):
        newest = newest_readable(cfg.work_dir)
        cfg.resume = newest is not None
        if newest is not None:
            cfg.load_from = str(newest)
        else:
            text = f'No checkpoint to resume from in {cfg.work_dir}: training starts from the beginning'
            print_log(text, logger='current')


def checkpoint_files(cfg: Config, *, for_training: bool) -> Iterator[str]:
    """Yield the paths of the checkpoints that will be read: load_from, then every Pretrained init_cfg."""
    if cfg.get('load_from'):
        yield cfg['load_from']
    # a test never initialises weights
    if for_training:
        yield from _pretrained(cfg.get('model'))


def _pretrained(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if node.get('type') == 'Pretrained' and isinstance(node.get('checkpoint'), str):
            yield node['checkpoint']
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for item in node:
            yield from _pretrained(item)


def check_evaluators(evaluators: Any, *, where: str) -> None:
    """Check that the annotation files of an evaluator, or of a list of them, exist."""
    if isinstance(evaluators, Mapping):
        if evaluators.get('ann_file'):
            check_file_outside_data_root(evaluators['ann_file'], content='annotation file', where=f'{where}.ann_file')
        if 'metrics' in evaluators:
            check_evaluators(evaluators['metrics'], where=f'{where}.metrics')
        for name, metric in (evaluators.get('subsets') or {}).items():
            check_evaluators(metric, where=f'{where}.subsets.{name}')
    elif isinstance(evaluators, (list, tuple)):
        for evaluator in evaluators:
            check_evaluators(evaluator, where=where)


def allowed_missing(hooks: Sequence[Mapping]) -> float:
    """Return the share of training images that may be missing: what BadImageHook accepts."""
    ratios = [hook.get('max_ratio', 0.01) for hook in hooks if class_name(hook) == 'BadImageHook']
    return ratios[0] if ratios else 0.0
