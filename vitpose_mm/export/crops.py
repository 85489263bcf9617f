"""Crops to compare an exported file with its model on, and to calibrate int8 with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from torch import Tensor

from ..inference.images import list_images, read_image
from ..utils.counted import counted

MAX_IMAGES = 128  # images of a folder that are used, evenly spread over it


def random_crops(model: Any, number: int = 4) -> Tensor:
    """Return (number, 3, H, W) noise of a pose model's input size."""
    width, height = model.head.decoder.input_size
    return torch.randn(number, 3, height, width, generator=torch.Generator().manual_seed(0))


def person_crops(model: Any, folder: Path) -> Tensor:
    """Return the (N, 3, H, W) crops of images with one person each, normalised as a pose model takes them.

    Raises:
        ValueError: the folder has fewer than two images, or one that cannot be read.
    """
    images = list_images(folder).images
    if len(images) < 2:
        raise ValueError(
            f'{folder} has {counted(len(images), "image")}: give a folder of some dozens of people, one per image.'
        )
    pipeline = Compose(model.cfg.test_dataloader.dataset.pipeline)
    chosen = [images[index] for index in np.linspace(0, len(images) - 1, min(len(images), MAX_IMAGES)).astype(int)]
    samples = [pipeline(_whole(read_image(path), model.dataset_meta)) for path in chosen]
    with torch.no_grad():
        crops: Tensor = model.data_preprocessor(pseudo_collate(samples), False)['inputs']
    return crops.float().cpu()


def _whole(image: np.ndarray, dataset_meta: dict) -> dict[str, Any]:
    """Return what the test pipeline takes of an (H, W, 3) image, the whole image being the person's box."""
    height, width = image.shape[:2]
    box = np.array([[0, 0, width, height]], np.float32)
    return {**dataset_meta, 'img': image, 'bbox': box, 'bbox_score': np.ones(1, np.float32)}
