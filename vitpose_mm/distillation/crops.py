"""Crops of a config's datasets in batches, for what is neither training nor a test."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterator
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn

from ..datasets.seeding import SeededIndex
from ..registry import DATASETS


def training_set(cfg: Config) -> Any:
    """Config -> the dataset that it trains on."""
    return _build(copy.deepcopy(cfg.train_dataloader.dataset))


def labelled_validation_set(cfg: Config) -> Any:
    """Config -> its validation people in ground-truth boxes, not augmented, with target heatmaps."""
    dataset = copy.deepcopy(cfg.val_dataloader.dataset)
    *steps, pack = dataset.pipeline
    dataset.update(test_mode=False, pipeline=[*steps, dict(type='GenerateTarget', encoder=cfg.codec), pack])
    if 'bbox_file' in dataset:
        dataset.bbox_file = ''
    return _build(dict(type='vitpose_mm.MultiDataset', datasets=[dataset]))


def _build(dataset: dict) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # of the COCO tools
        return DATASETS.build(dataset)


def batches(
    dataset: Any, preprocess: nn.Module, *, most: int | None = None, batch_size: int = 32, seed: int = 0
) -> Iterator[tuple[Tensor, list]]:
    """Dataset -> (B, 3, h, w) crops and their samples on the preprocessor's device, evenly spread over it.

    Args:
        dataset: a MultiDataset.
        preprocess: the data preprocessor of a model.
        most: samples to take; None: all.
        batch_size: B.
        seed: of the augmentation.
    """
    number = min(len(dataset), most or len(dataset))
    places = torch.linspace(0, len(dataset) - 1, number).long().tolist()
    for start in range(0, number, batch_size):
        part = [dataset[SeededIndex(place, 0, seed)] for place in places[start : start + batch_size]]
        data = preprocess(pseudo_collate(part), False)
        yield data['inputs'], data['data_samples']
