"""Read the metainfo of a dataset's config, without its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpose.datasets.datasets.utils import parse_pose_metainfo

from ..registry import DATASETS
from ..utils.counted import counted


def metainfo_of(cfg: Mapping[str, Any], *, scope: str = 'mmpose') -> dict:
    """Return the metainfo of one dataset (not of a wrapper): its own, or its class's; {} where there is none.

    Args:
        cfg: the dataset's config.
        scope: registry scope of bare class names: mmdet too has a CocoDataset.
    """
    kind = dataset_class(cfg, scope=scope)
    metainfo = dict(cfg.get('metainfo') or getattr(kind, 'METAINFO', {}))
    return parse_pose_metainfo(metainfo) if 'from_file' in metainfo else metainfo


def parsed_metainfo(cfg: Mapping[str, Any], *, scope: str = 'mmpose') -> dict:
    """Return the metainfo of one dataset as mmpose's datasets have it, with ``num_keypoints`` and so on."""
    metainfo = metainfo_of(cfg, scope=scope)
    return parse_pose_metainfo(metainfo) if 'keypoint_info' in metainfo else metainfo


def check_metainfo(cfg: Mapping[str, Any], *, where: str, scope: str = 'mmpose') -> None:
    """Check the metainfo that a dataset's config gives; a class's own metainfo is not looked at.

    Raises:
        ValueError: the config's metainfo names a keypoint that it does not have, gives more or fewer deviations or
            weights than keypoints, or pairs keypoints that are not each other's mirror image.
    """
    if not cfg.get('metainfo'):
        return
    try:
        meta = parsed_metainfo(cfg, scope=scope)
    except KeyError as error:
        raise ValueError(
            f'{where}.metainfo: there is no keypoint named {error}; look at swap and link, and at the names.'
        ) from None
    number = meta.get('num_keypoints')
    if number is None:
        return
    for key, given in (('sigmas', meta.get('sigmas')), ('joint_weights', meta.get('dataset_keypoint_weights'))):
        if given is not None and len(given) not in (0, number):  # MMPose has [] where deviations are not known
            raise ValueError(
                f'{where}.metainfo: {key} has {counted(len(given), "number")} for {counted(number, "keypoint")}; give '
                'one for each.'
            )
    partners = list(meta.get('flip_indices') or ())
    for index, partner in enumerate(partners):
        if partners[partner] != index:
            names = meta['keypoint_id2name']
            raise ValueError(
                f'{where}.metainfo: {names[index]} is the mirror image of {names[partner]}, and not the '
                f'other way round; give both the other as swap.'
            )


def dataset_class(cfg: Mapping[str, Any], *, scope: str = 'mmpose') -> Any:
    """Return the class of a dataset's config; None where nothing of that name is registered."""
    kind: Any = cfg.get('type')
    return DATASETS.get(kind if '.' in kind else f'{scope}.{kind}') if isinstance(kind, str) else kind
