"""The shipped configs: which there are, parsed once, and small enough to run."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from mmengine.config import Config, DictAction

from vitpose_mm.models.backbones.arch import find_arch

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
LEAVES = sorted(path for path in CONFIGS.glob('*/*.py') if path.parent.name != '_base_')


def ident(path: Path) -> str:
    """Return folder and name of a config."""
    return f'{path.parent.name}/{path.stem}'


@functools.cache
def read(config: str | Path) -> Config:
    """Read a config by folder and name below configs/, or by path; copy what you change."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return Config.fromfile((CONFIGS / config).with_suffix('.py'))


def with_options(config: str | Path, options: Iterable[str]) -> Config:
    """Read a config with KEY=VALUE of --cfg-options in it."""
    cfg = read(config).copy()
    pairs = (option.split('=', 1) for option in options)
    cfg.merge_from_dict({key: DictAction._parse_iterable(value) for key, value in pairs})
    return cfg


def shallow(model: dict, blocks: int) -> dict:
    """Return the config of a model with the last N blocks and no pre-trained weights."""
    model = copy.deepcopy(model)
    backbone = model['backbone']
    backbone['arch'] = {**asdict(find_arch(backbone['arch'])), 'num_layers': blocks}
    if not isinstance(backbone.get('attention', 'full'), str):
        backbone['attention'] = backbone['attention'][-blocks:]
    backbone['frozen_blocks'] = min(backbone.get('frozen_blocks', 0), blocks)
    backbone.pop('init_cfg', None)
    return model
