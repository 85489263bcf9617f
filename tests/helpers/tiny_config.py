"""Four pictures with one person each, and a config that trains a ViT of one block on them in two iterations."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
KEYPOINTS = [value for i in range(17) for value in (20 + 3 * (i % 5), 10 + 4 * i, 2)]


def write_data(folder: Path, num_images: int = 4) -> None:
    """Write COCO-style images and annotations of one person each."""
    (folder / 'images').mkdir(parents=True)
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(num_images):
        picture = rng.integers(0, 255, (96, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / 'images' / f'{i}.jpg'), picture)
        images.append(dict(id=i, file_name=f'{i}.jpg', width=64, height=96))
        person = dict(bbox=[10, 5, 40, 80], area=3200, num_keypoints=17, keypoints=KEYPOINTS, iscrowd=0)
        annotations.append(dict(person, id=i, image_id=i, category_id=1))
    people = dict(images=images, annotations=annotations, categories=[dict(id=1, name='person')])
    (folder / 'people.json').write_text(json.dumps(people))


def write_config(folder: Path, data: Path) -> Path:
    """Write tiny.py: the shipped ViTPose-S config with one block, 16 wide, on the data of write_data."""
    cfg = Config.fromfile(ROOT / 'configs' / 'coco' / 'vitpose_small_simple_coco-256x192.py')
    cfg.model.backbone.update(arch=dict(embed_dims=16, num_layers=1, num_heads=2), init_cfg=None)
    cfg.model.head.in_channels = 16
    where = dict(data_root=str(data), ann_file='people.json', data_prefix=dict(img='images/'))
    cfg.train_dataloader.dataset.datasets[0].update(where)
    cfg.train_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    for name in ('val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.dataset.update(where, bbox_file='')
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        cfg[f'{name}_evaluator'].ann_file = str(data / 'people.json')
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.default_hooks.checkpoint.interval = 1
    path = folder / 'tiny.py'
    cfg.dump(path)
    return path
