"""A few random images with people that are no more than plausible numbers, in COCO's layout."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

CODEC = {'type': 'UDPHeatmap', 'input_size': (48, 64), 'heatmap_size': (12, 16), 'sigma': 2}


def train_pipeline() -> list[dict]:
    """The training pipeline of the COCO configs, at 48x64."""
    return [
        {'type': 'LoadImage'},
        {'type': 'GetBBoxCenterScale'},
        {'type': 'RandomFlip', 'direction': 'horizontal'},
        {'type': 'RandomHalfBody'},
        {'type': 'RandomBBoxTransform'},
        {'type': 'TopdownAffine', 'input_size': CODEC['input_size'], 'use_udp': True},
        {'type': 'GenerateTarget', 'encoder': CODEC},
        {'type': 'PackPoseInputs'},
    ]


def write_coco(folder: Path, *, num_images: int = 20, num_keypoints: int = 17, seed: int = 0) -> Path:
    """Write images/ and ann.json: one person an image, 80x60 pixels."""
    rng = np.random.default_rng(seed)
    (folder / 'images').mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(num_images):
        name = f'{i:03d}.png'
        cv2.imwrite(str(folder / 'images' / name), rng.integers(0, 256, (60, 80, 3), dtype=np.uint8))
        images.append({'id': i, 'file_name': name, 'width': 80, 'height': 60})
        annotations.append(make_person(i, rng=rng, num_keypoints=num_keypoints))
    write_annotations(folder / 'ann.json', images=images, annotations=annotations)
    return folder


def make_person(i: int, *, rng: np.random.Generator, num_keypoints: int = 17) -> dict:
    """Return a COCO annotation inside an image of 80x60."""
    x, y, w, h = rng.uniform(5, 20), rng.uniform(5, 10), rng.uniform(20, 50), rng.uniform(30, 45)
    points = rng.uniform((x, y, 0), (x + w, y + h, 0), (num_keypoints, 3))
    points[:, 2] = rng.integers(1, 3, num_keypoints)
    return {
        'id': i, 'image_id': i, 'category_id': 1, 'iscrowd': 0, 'area': float(w * h), 'bbox': [x, y, w, h],
        'keypoints': points.reshape(-1).tolist(), 'num_keypoints': num_keypoints,
    }  # fmt: skip


def write_annotations(path: Path, *, images: list[dict], annotations: list[dict]) -> None:
    """Write a COCO json file."""
    categories = [{'id': 1, 'name': 'person'}]
    path.write_text(json.dumps({'images': images, 'annotations': annotations, 'categories': categories}))


def dataset_cfg(folder: Path, **settings: object) -> dict:
    """Return the config of mmpose's CocoDataset with the training pipeline on the folder of :func:`write_coco`."""
    cfg = {
        'type': 'CocoDataset',
        'data_root': str(folder),
        'ann_file': 'ann.json',
        'data_prefix': {'img': 'images'},
        'pipeline': train_pipeline(),
    }
    return {**cfg, **settings}
