"""Pictures of what the training pipeline feeds: augmented crops with keypoints, and heatmaps laid over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset, ConcatDataset
from mmengine.registry import init_default_scope
from mmpose.visualization import PoseLocalVisualizer

from ..registry import DATASETS
from ..utils.progress import progress_bar
from .corrupt_images import CorruptImage, read_corrupt_images
from .seeding import SAMPLE, isolated_rng, mix_seed


def pack_transformed(dataset: Any) -> None:
    """Have every sample of a dataset's config keep the keypoints of its crop, below wrappers too, in place."""
    if isinstance(dataset, (list, tuple)):
        for part in dataset:
            pack_transformed(part)
        return
    for transform in dataset.get('pipeline') or ():
        if transform['type'].rsplit('.', 1)[-1] == 'PackPoseInputs':
            transform['pack_transformed'] = True
    parts = dataset.get('datasets') or []
    pack_transformed(list(parts.values()) if isinstance(parts, dict) else parts)
    pack_transformed(dataset.get('dataset') or [])


def spread(length: int, number: int) -> list[int]:
    """Return at most ``number`` indices of a dataset, evenly over its length, the first one included."""
    return [int(index) for index in np.linspace(0, length, min(number, length), endpoint=False)]


def choose(dataset: BaseDataset | ConcatDataset, number: int) -> list[tuple[str, dict, int]]:
    """Return (folder name, metainfo, index in the whole) of ``number`` samples of each part of a dataset."""
    parts = dataset.datasets if isinstance(dataset, ConcatDataset) else [dataset]
    named = dataset.names if getattr(dataset, 'named', False) else None
    chosen, start = [], 0
    for which, part in enumerate(parts):
        name = part.metainfo.get('dataset_name', type(part).__name__)
        folder = named[which] if named else f'{which}_{name}' if len(parts) > 1 else name
        chosen += [(folder, part.metainfo, start + index) for index in spread(len(part), number)]
        start += len(part)
    return chosen


def draw(visualizer: PoseLocalVisualizer, sample: dict, path: Path) -> None:
    """Draw the crop of a packed sample with keypoints, and below it with heatmaps, into a file."""
    crop = sample['inputs'].permute(1, 2, 0).numpy()[..., ::-1]  # (3, H, W) BGR -> (H, W, 3) RGB
    visualizer.add_datasample(
        path.stem,
        np.ascontiguousarray(crop),
        sample['data_samples'],
        draw_pred=False,
        draw_heatmap=True,
        out_file=str(path),
    )


def browse(
    cfg: Config, out: str, *, number: int = 20, epoch: int = 0, seed: int = 0
) -> tuple[list[Path], list[CorruptImage]]:
    """Draw ``number`` training samples of each dataset of a config, in one folder a dataset below ``out``.

    Returns the images that could not be read; the pictures show others in their place.

    Args:
        cfg: any config with a train_dataloader.
        out: folder to write to.
        number: samples of each dataset, taken evenly over it.
        epoch: the augmentation of this epoch.
        seed: the augmentation of a run with this seed.
    """
    if number < 1:
        raise ValueError(f'The number of samples is {number}: ask for at least 1.')
    if not cfg.get('train_dataloader'):
        raise ValueError('The config has no train_dataloader: choose one that trains.')
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    settings = cfg.train_dataloader.dataset.copy()
    pack_transformed(settings)
    dataset = DATASETS.build(settings)
    visualizer = PoseLocalVisualizer(name='browse', radius=2)
    pictures: list[Path] = []
    unreadable: dict[str, CorruptImage] = {}
    for folder, metainfo, index in progress_bar(choose(dataset, number), unit='picture'):
        visualizer.set_dataset_meta(metainfo)
        with isolated_rng(mix_seed(seed, SAMPLE, epoch, index)):
            sample = dataset[index]
        unreadable |= {file.path: file for file in read_corrupt_images([sample['data_samples']])}
        path = Path(out) / folder / f'{index:06d}_{Path(sample["data_samples"].img_path).stem}.jpg'
        draw(visualizer, sample, path)
        pictures.append(path)
    return pictures, list(unreadable.values())
