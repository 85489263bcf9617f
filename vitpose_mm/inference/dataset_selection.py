"""Select the dataset whose head, expert, keypoints and skeleton inference uses, for a model of several."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmpose
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..checks.dataset_leaves import find_leaves
from ..checks.metainfo import metainfo_of
from ..registry import DATASETS


def serve_dataset(model: Any, name: str) -> None:
    """Select the dataset that ``inference_topdown`` predicts with, by setting ``model.dataset_meta``.

    Args:
        model: from ``init_model``, with its config as ``cfg``.
        name: dataset_name of a metainfo, or an alias that the model's router has.

    Raises:
        ValueError: the model does not know the dataset, or its keypoints are not known.

    Example:
        >>> model = init_model(config, checkpoint)
        >>> serve_dataset(model, 'aic')
        >>> inference_topdown(model, image, boxes)  # 14 keypoints
    """
    check_known(model, name)
    model.dataset_meta = find_metainfo(model.cfg, name)


def check_known(model: Any, name: str) -> None:
    """Raise a ValueError where the model has no head for the dataset."""
    names = getattr(model, 'names', None)
    own = model.dataset_meta['dataset_name']
    if names is not None:
        names.resolve(name)
    elif name != own:
        raise ValueError(f'dataset {name!r}: the model has one head, of {own!r}; choose that, or a model of several.')


def find_metainfo(cfg: Config, name: str) -> dict:
    """Return a dataset's parsed metainfo: of the config's data, else of a known dataset class.

    Raises:
        ValueError: neither the config, nor we, nor mmpose know it.
    """
    for metainfo in _metainfos(cfg):
        if metainfo.get('dataset_name') == name:
            return metainfo if 'num_keypoints' in metainfo else parse_pose_metainfo(metainfo)
    folder = Path(mmpose.__file__).parent / '.mim' / 'configs' / '_base_' / 'datasets'
    file = folder / f'{name.lower().replace("-", "")}.py'  # Human-Art's is humanart.py
    if not file.is_file():
        raise ValueError(
            f'dataset {name!r}: its keypoints are not known; choose a dataset of the config, or one of mmpose '
            f'({", ".join(sorted(path.stem for path in folder.glob("*.py")))}).'
        )
    return parse_pose_metainfo({'from_file': str(file)})


def _metainfos(cfg: Config) -> Iterator[dict]:
    """Yield the metainfo of every dataset in the config's loaders, then of our own dataset classes."""
    for part in ('test', 'val', 'train'):
        loader = cfg.get(f'{part}_dataloader') or {}
        for leaf in find_leaves(loader.get('dataset'), where=part):
            yield metainfo_of(leaf.cfg, scope=cfg.get('default_scope') or 'mmpose')
    for kind in DATASETS.module_dict.values():
        yield dict(getattr(kind, 'METAINFO', {}))
