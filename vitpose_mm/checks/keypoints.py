"""Check that metainfo and head agree on the number of keypoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmpose.datasets.datasets import BaseCocoStyleDataset

from ..utils.counted import counted
from .dataset_leaves import Leaf
from .metainfo import dataset_class, parsed_metainfo


def check_keypoints(leaf: Leaf, model: Mapping, *, scope: str = 'mmpose') -> None:
    """Check that the metainfo of a dataset and the head of a model have the same number of keypoints."""
    dataset = dataset_class(leaf.cfg, scope=scope)
    if dataset is None or not issubclass(dataset, BaseCocoStyleDataset):
        return
    metainfo = parsed_metainfo(leaf.cfg, scope=scope)
    expected = metainfo.get('num_keypoints')
    fed = leaf.converted or expected
    channels = out_channels(model.get('head'), metainfo.get('dataset_name'))
    if fed is not None and channels is not None and fed != channels:
        raise ValueError(
            f'{leaf.where}: {dataset.__name__} has {counted(fed, "keypoint")}, the head predicts '
            f'out_channels={channels}; set model.head.out_channels={fed}, or choose the dataset that '
            f'belongs to the head'
        )


def out_channels(head: Any, dataset_name: str | None) -> int | None:
    """Return the keypoints that a head predicts for a dataset; None where its config does not say.

    Raises:
        ValueError: the head is a router and has no head for the dataset.
    """
    if isinstance(head, Mapping) and isinstance(head.get('heads'), Mapping):
        name = (head.get('aliases') or {}).get(dataset_name, dataset_name)
        if name not in head['heads']:
            raise ValueError(
                f"the data are of dataset {name!r}, for which the model's router has no head: known are "
                f'{sorted(head["heads"])}; add it to model.head.heads or model.head.aliases'
            )
        head = {**(head.get('shared') or {}), **head['heads'][name]}
    return head.get('out_channels') if isinstance(head, Mapping) else None
