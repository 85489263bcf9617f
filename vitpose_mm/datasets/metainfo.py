"""Config of a dataset -> its metainfo, without its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..registry import DATASETS


def metainfo_of(cfg: Mapping[str, Any], *, scope: str = 'mmpose') -> dict:
    """Config of one dataset (not of a wrapper) -> its metainfo: its own, or its class's; {} where there is none.

    Args:
        cfg: the dataset's config.
        scope: of bare class names: mmdet too has a CocoDataset.
    """
    kind = dataset_class(cfg, scope=scope)
    metainfo = dict(cfg.get('metainfo') or getattr(kind, 'METAINFO', {}))
    return parse_pose_metainfo(metainfo) if 'from_file' in metainfo else metainfo


def dataset_class(cfg: Mapping[str, Any], *, scope: str = 'mmpose') -> Any:
    """Config of a dataset -> its class; None where nothing of that name is registered."""
    kind: Any = cfg.get('type')
    return DATASETS.get(kind if '.' in kind else f'{scope}.{kind}') if isinstance(kind, str) else kind
