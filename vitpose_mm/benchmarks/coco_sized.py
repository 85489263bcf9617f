"""A made-up set with as many images and annotations as COCO's keypoints, and a config on it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from PIL import Image

# images, annotations, those with keypoints: person_keypoints_train2017.json and person_keypoints_val2017.json
PARTS = {'train': (118_287, 262_465, 149_813), 'val': (5_000, 11_004, 6_352)}
LINKS = 30_000  # names that a file system allows a file
SIDES = (640, 480)


def write_set(folder: Path, *, share: float = 1) -> Config:
    """Write a share of COCO's numbers of images and annotations; return the config of a training on them."""
    datasets = {
        part: write_part(folder, part, *(int(share * number) for number in numbers)) for part, numbers in PARTS.items()
    }
    return Config({
        'work_dir': str(folder / 'out'),
        'model': {'head': {'out_channels': 17}},
        'train_dataloader': {'dataset': datasets['train']},
        'val_dataloader': {'dataset': {**datasets['val'], 'test_mode': True}},
        'val_evaluator': {'type': 'CocoMetric', 'ann_file': datasets['val']['ann_file']},
    })  # fmt: skip


def write_part(folder: Path, part: str, num_images: int, num_annotations: int, num_people: int) -> dict[str, Any]:
    """Write ``<part>.json`` and as many images; return the config of a dataset of them."""
    rng = random.Random(0)
    paths = [f'{number:012d}.jpg' for number in range(1, num_images + 1)]
    _write_images(folder / part, paths)
    images = [
        {'id': i, 'file_name': path, 'width': SIDES[0], 'height': SIDES[1], 'license': 1, 'coco_url': path}
        for i, path in enumerate(paths, 1)
    ]
    people = [
        _person(rng, i, 1 + i * num_images // (num_annotations + 1), has_keypoints=i <= num_people)
        for i in range(1, num_annotations + 1)
    ]
    names = [f'keypoint_{i}' for i in range(17)]
    category = {'id': 1, 'name': 'person', 'keypoints': names, 'skeleton': []}
    file = folder / f'{part}.json'
    file.write_text(json.dumps({'images': images, 'annotations': people, 'categories': [category]}))
    return {'type': 'CocoDataset', 'ann_file': str(file), 'data_prefix': {'img': str(folder / part)}, 'pipeline': []}


def _write_images(folder: Path, names: Sequence[str]) -> None:
    folder.mkdir()
    for start in range(0, len(names), LINKS):
        Image.new('RGB', SIDES).save(folder / names[start])
        for name in names[start + 1 : start + LINKS]:
            os.link(folder / names[start], folder / name)


def _person(rng: random.Random, number: int, image: int, *, has_keypoints: bool) -> dict[str, Any]:
    left, top = rng.uniform(0, 400), rng.uniform(0, 200)
    width, height = rng.uniform(20, 200), rng.uniform(20, 250)
    outline = [round(rng.uniform(0, 400), 2) for _ in range(50)]
    keypoints = [0] * 51
    if has_keypoints:
        for k in rng.sample(range(17), 10):
            keypoints[3 * k : 3 * k + 3] = [int(left + rng.random() * width), int(top + rng.random() * height), 2]
    return {
        'id': number, 'image_id': image, 'category_id': 1, 'iscrowd': 0, 'area': round(width * height * 0.5, 2),
        'bbox': [round(left, 2), round(top, 2), round(width, 2), round(height, 2)], 'segmentation': [outline],
        'keypoints': keypoints, 'num_keypoints': 10 * has_keypoints,
    }  # fmt: skip
