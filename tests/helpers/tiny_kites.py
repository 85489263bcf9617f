"""A tiny set of kites with 5 keypoints, good in every respect, a config that trains and scores on it, and its use."""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config

from vitpose_mm.registry import DATASETS, METRICS

NAMES = ['nose', 'left_wing', 'right_wing', 'middle', 'tail']
SWAP = {'left_wing': 'right_wing', 'right_wing': 'left_wing'}
METAINFO = {
    'dataset_name': 'kite',
    'keypoint_info': {
        number: {'name': name, 'id': number, 'color': [0, 0, 0], 'type': 'upper', 'swap': SWAP.get(name, '')}
        for number, name in enumerate(NAMES)
    },
    'skeleton_info': {},
    'joint_weights': [1.0] * 5,
    'sigmas': [0.05] * 5,
}
WIDTH, HEIGHT = 160, 120
NUMBER = 6  # images, with a kite each


def write_images(folder: Path) -> Path:
    """Write images of both parts."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for part in ('train', 'val'):
        for i in range(NUMBER):
            small = rng.integers(0, 256, (6, 8, 3), np.uint8)
            cv2.imwrite(str(folder / f'{part}_{i}.png'), cv2.resize(small, (WIDTH, HEIGHT)))
    return folder


def labels(part: str) -> dict[str, Any]:
    """Return the COCO content of 'train' or 'val'; ids of the parts differ."""
    first = 100 if part == 'val' else 1
    images = [
        {'id': first + i, 'file_name': f'{part}_{i}.png', 'width': WIDTH, 'height': HEIGHT} for i in range(NUMBER)
    ]
    annotations = [kite(10 * first + i, first + i, 10 + 5 * i, 8 + 3 * i) for i in range(NUMBER)]
    categories = [{'id': 1, 'name': 'kite', 'keypoints': list(NAMES), 'skeleton': []}]
    return {'images': images, 'annotations': annotations, 'categories': categories}


def kite(number: int, image_id: int, left: float, top: float, *, category_id: int = 1) -> dict[str, Any]:
    """An annotation of a kite in a box of 60 x 70 pixels."""
    points = [(0.5, 0.1), (0.1, 0.5), (0.9, 0.5), (0.5, 0.5), (0.5, 0.9)]
    keypoints = [value for x, y in points for value in (left + 60 * x, top + 70 * y, 2)]
    return {
        'id': number, 'image_id': image_id, 'category_id': category_id, 'bbox': [left, top, 60.0, 70.0],
        'area': 2000.0, 'iscrowd': 0, 'num_keypoints': 5, 'keypoints': keypoints,
    }  # fmt: skip


def boxes(content: dict) -> list[dict]:
    """Return detected boxes, those of the annotations."""
    return [
        {'image_id': one['image_id'], 'category_id': 1, 'bbox': list(one['bbox']), 'score': 0.9}
        for one in content['annotations']
    ]


def make_config(folder: Path, images: Path) -> Config:
    """Write train.json and val.json, without faults, and return a config that uses them."""
    for part in ('train', 'val'):
        save(labels(part), folder / f'{part}.json')
    dataset = {'type': 'CocoDataset', 'data_prefix': {'img': str(images)}, 'metainfo': METAINFO, 'pipeline': []}
    train = dict(dataset, ann_file=str(folder / 'train.json'))
    val = dict(dataset, ann_file=str(folder / 'val.json'), test_mode=True)
    metric = {'type': 'CocoMetric', 'ann_file': str(folder / 'val.json')}
    return Config(
        deepcopy(
            {
                'work_dir': str(folder / 'out'),
                'model': {'head': {'out_channels': 5}},
                'train_dataloader': {'dataset': {'type': 'vitpose_mm.MultiDataset', 'datasets': [train]}},
                'val_dataloader': {'dataset': val},
                'val_evaluator': metric,
                'test_dataloader': {'dataset': val},
                'test_evaluator': metric,
            }
        )
    )


def save(content: Any, path: Path) -> None:
    """Write a JSON file; NaN is written as exporters do."""
    path.write_text(json.dumps(content))


def samples(dataset: Any) -> list[dict]:
    """Return all samples of a dataset, checked for what a training needs."""
    built = DATASETS.build(dataset)
    built.full_init()
    parts = getattr(built, 'datasets', [built])
    found = [part.get_data_info(i) for part in parts for i in range(len(part))]
    for sample in found:
        box = sample['bbox'][0]
        assert np.isfinite(box).all() and (box[2:] > box[:2]).all(), box
        assert np.isfinite(sample['keypoints']).all()
        assert np.isin(sample['keypoints_visible'], (0, 1)).all()
        assert Path(sample['img_path']).stat().st_size
    return found


def score_perfect_predictions(evaluator: Any, dataset: Any, found: Iterable[dict]) -> dict[str, float]:
    """Return the values of an evaluator where predictions are the labels."""
    metric = METRICS.build(evaluator)
    metric.dataset_meta = DATASETS.build(dict(dataset, lazy_init=True)).metainfo
    known = {one['img_id']: [] for one in found}
    for sample in found:
        known[sample['img_id']].append(sample)
        box = sample['bbox']
        prediction = {'keypoints': sample['keypoints'], 'keypoint_scores': np.ones(sample['keypoints'].shape[:2])}
        metric.process({}, [{
            'id': sample['id'], 'img_id': sample['img_id'], 'category_id': int(sample.get('category_id', 1)),
            'ori_shape': (HEIGHT, WIDTH), 'raw_ann_info': sample.get('raw_ann_info'), 'pred_instances': prediction,
            'gt_instances': {'bbox_scores': sample['bbox_score'], 'bbox_scales': box[:, 2:] - box[:, :2]},
        }])  # fmt: skip
    return metric.evaluate(len(known))
