"""Batches of crops of the datasets of a config, to fit the token's map and to measure validation losses."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from ..datasets.seeding import SeededIndex
from ..registry import DATASETS

BATCH_SIZE = 32


def training_set(cfg: Config) -> Any:
    """Return the dataset that a config trains on."""
    return _build(copy.deepcopy(cfg.train_dataloader.dataset))


def labelled_validation_set(cfg: Config) -> Any:
    """Return the config's validation people in ground-truth boxes, not augmented, with target heatmaps."""
    whole = copy.deepcopy(cfg.val_dataloader.dataset)
    parts = whole.datasets if whole.type.split('.')[-1] == 'MultiDataset' else [whole]
    named = list(parts.values()) if isinstance(parts, Mapping) else parts
    return _build(
        dict(
            type='vitpose_mm.MultiDataset',
            datasets=[_labelled(part, whole.get('pipeline'), cfg.codec) for part in named],
        )
    )


def _labelled(dataset: ConfigDict, pipeline: list | None, codec: dict) -> dict:
    """Return the config of a dataset with the same people in ground-truth boxes, with targets."""
    *steps, pack = dataset.get('pipeline') or pipeline or []
    steps = [*steps, dict(type='GenerateTarget', encoder=codec), pack]
    only_for_scores = ('bbox_file', 'headbox_file')
    kept = {key: value for key, value in dataset.items() if key not in only_for_scores}
    return {**kept, 'test_mode': False, 'pipeline': steps}


def _build(dataset: dict) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # of the COCO tools
        return DATASETS.build(dataset)


def batches(dataset: Any, preprocess: nn.Module, *, max_crops: int | None = None) -> Iterator[tuple[Tensor, list]]:
    """Yield (B, 3, h, w) crops of a dataset and their samples, evenly spread over it, on the preprocessor's device.

    Args:
        dataset: a MultiDataset.
        preprocess: the data preprocessor of a model.
        max_crops: samples to take; None: all.
    """
    number = min(len(dataset), max_crops or len(dataset))
    indices = torch.linspace(0, len(dataset) - 1, number).long().tolist()
    for start in range(0, number, BATCH_SIZE):
        part = [dataset[SeededIndex(index)] for index in indices[start : start + BATCH_SIZE]]
        data = preprocess(pseudo_collate(part), False)
        yield data['inputs'], data['data_samples']
