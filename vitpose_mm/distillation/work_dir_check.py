"""Check that a work folder is that of this distillation, by its settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

# Keys that no result depends on, which may differ: of the whole config, of its hooks, of each dataloader
IGNORED_KEYS = (
    'work_dir', 'launcher', 'resume', 'load_from', 'log_level', 'log_processor', 'visualizer', 'vis_backends',
    'env_cfg',
)  # fmt: skip
IGNORED_HOOKS = ('logger', 'visualization', 'checkpoint')
IGNORED_DATALOADER_KEYS = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor')


def check_work_dir(file: Path, cfg: Config, *, resume: bool) -> None:
    """Check a work folder by the file of its settings, which may not be there yet, and a config.

    Raises:
        ValueError: the folder holds another distillation, or this one and ``resume`` is not set.
    """
    folder = file.parent
    if not file.exists() or not any(folder.rglob('*.pth')):  # nothing was finished yet
        return
    if not resume:
        raise ValueError(f'{folder} holds a distillation: add --resume to continue it, or name another --work-dir.')
    try:
        before = _flat(_kept(json.loads(file.read_text())))
    except ValueError:
        raise ValueError(
            f'{file} is damaged: name another --work-dir, or remove the file to take the folder over.'
        ) from None
    now = _flat(settings_of(cfg))
    for key in (*before, *now):
        if before.get(key) != now.get(key):
            raise ValueError(
                f'{folder} holds a distillation of other settings: {key} was {before.get(key)!r} there and is '
                f'{now.get(key)!r} now; set it back, or name another --work-dir.'
            )


def settings_of(cfg: Config) -> dict[str, Any]:
    """Return the part of a whole config that its results depend on, as JSON holds it."""
    return _kept(json.loads(json.dumps(cfg.to_dict(), default=str)))


def _kept(settings: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in settings.items() if key not in IGNORED_KEYS}
    train = (kept.get('train_dataloader') or {}).get('dataset') or {}
    if isinstance(train.get('datasets'), list) and 'pipeline' in train:  # it may stand in each dataset as well
        pipeline, parts = train['pipeline'], train['datasets']
        train = {**train, 'datasets': [{'pipeline': pipeline, **part} for part in parts]}
        train.pop('pipeline')
        kept['train_dataloader'] = {**kept['train_dataloader'], 'dataset': train}
    for kind in ('train', 'val', 'test'):
        loader = kept.get(f'{kind}_dataloader')
        if isinstance(loader, Mapping):
            kept[f'{kind}_dataloader'] = {
                key: value for key, value in loader.items() if key not in IGNORED_DATALOADER_KEYS
            }
    hooks = kept.get('default_hooks')
    if isinstance(hooks, Mapping):
        kept['default_hooks'] = {key: value for key, value in hooks.items() if key not in IGNORED_HOOKS}
    return kept


def _flat(settings: Any) -> dict[str, Any]:
    """Flatten nested settings: {'model.token': 'tuned', 'param_scheduler.0.type': ...}."""
    return dict(_leaves(settings, ''))


def _leaves(node: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f'{where}.{key}' if where else str(key))
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from _leaves(value, f'{where}.{index}')
    else:
        yield where, node
