from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.helpers.tiny_coco import write_coco
from vitpose_mm.checks.preflight import check_config
from vitpose_mm.datasets import MultiDataset, PersonCrops, SeededIndex

PIPELINE = [
    {'type': 'LoadImage'},
    {'type': 'vitpose_mm.SquareCrop'},
    {'type': 'mmpretrain.RandomResizedCrop', 'scale': 32, 'crop_ratio_range': (0.2, 1.0)},
    {'type': 'mmpretrain.RandomFlip', 'prob': 0.5},
    {'type': 'mmpretrain.PackInputs', 'meta_keys': ('img_id',)},
]
PERSON = {'category_id': 1, 'iscrowd': 0}


def write_annotations(folder: Path, people: list[dict], kinds: dict[int, str] | None = None) -> Path:
    """Write a file of two images with these annotations and categories, without keypoints, sizes and areas."""
    file = folder / 'ann.json'
    content = {
        'images': [{'id': 7, 'file_name': 'a/7.jpg'}, {'id': 9, 'file_name': '9.jpg'}],
        'annotations': [{**PERSON, **person} for person in people],
        'categories': [{'id': i, 'name': name} for i, name in (kinds or {1: 'person', 2: 'horse'}).items()],
    }
    file.write_text(json.dumps(content))
    return file


def crops_cfg(folder: Path, **settings: object) -> dict:
    cfg = {
        'type': 'vitpose_mm.PersonCrops',
        'data_root': str(folder),
        'ann_file': 'ann.json',
        'data_prefix': {'img': 'images'},
        'pipeline': PIPELINE,
    }
    return {**cfg, **settings}


def read(file: Path, **settings: object) -> list[tuple[int, list[float] | None]]:
    """(image id, box) of every sample."""
    dataset = PersonCrops(str(file), data_prefix={'img': 'images'}, **settings)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [(info['img_id'], info['bbox'].tolist() if 'bbox' in info else None) for info in infos]


def test_boxes_of_large_people_are_the_samples_and_nothing_else(tmp_path: Path) -> None:
    file = write_annotations(
        tmp_path,
        [
            {'image_id': 9, 'bbox': [10, 20, 30, 40]},
            {'image_id': 7, 'bbox': [0, 0, 31.9, 5]},  # small
            {'image_id': 7, 'bbox': [-3, 1, 5, 32]},
            {'image_id': 7, 'bbox': [0, 0, 90, 90], 'iscrowd': 1},
            {'image_id': 7, 'bbox': [0, 0, 90, 90], 'category_id': 2},
            {'image_id': 7, 'keypoints': [1, 1, 2]},
        ],
    )
    assert read(file) == [(9, [10, 20, 40, 60]), (7, [-3, 1, 2, 33])]
    assert len(read(file, min_size=5)) == 3
    assert read(file, whole_images=True) == [(9, None), (7, None)]
    dataset = PersonCrops('ann.json', data_root=str(tmp_path), data_prefix={'img': 'images/'})
    assert dataset.get_data_info(1)['img_path'] == f'{tmp_path}/images/a/7.jpg'


def test_whole_images_are_those_with_people_once_each(tmp_path: Path) -> None:
    box = {'image_id': 9, 'bbox': [10, 20, 30, 40]}
    assert read(write_annotations(tmp_path, [box, box]), whole_images=True) == [(9, None)]


def test_a_file_without_the_category_person_is_taken_whole(tmp_path: Path) -> None:
    boxes = [{'image_id': 9, 'bbox': [10, 20, 30, 40], 'category_id': i} for i in (1, 2)]
    assert len(read(write_annotations(tmp_path, boxes, {1: 'antelope', 2: 'horse'}))) == 2


def test_a_file_without_large_people_is_refused(tmp_path: Path) -> None:
    file = write_annotations(tmp_path, [{'image_id': 9, 'bbox': [10, 20, 30, 40]}])
    with pytest.raises(ValueError, match=r"'.*ann\.json' has no person .* at least 64 pixels; .* lower min_size"):
        read(file, min_size=64)


def test_samples_are_a_function_of_seed_epoch_and_index(tmp_path: Path) -> None:
    dataset = MultiDataset([crops_cfg(write_coco(tmp_path, num_images=3))])
    first = dataset[SeededIndex(1, epoch=2, seed=5)]
    np.random.seed(99)
    again = dataset[SeededIndex(1, epoch=2, seed=5)]
    assert torch.equal(first['inputs'], again['inputs'])
    assert (first['inputs'].shape, first['inputs'].dtype) == ((3, 32, 32), torch.uint8)
    assert first['data_samples'].img_id == 1
    for other in (SeededIndex(1, epoch=3, seed=5), SeededIndex(1, epoch=2, seed=6)):
        assert not torch.equal(first['inputs'], dataset[other]['inputs'])


def test_an_unreadable_image_is_replaced_and_named_as_in_training(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=3)
    (folder / 'images/001.png').write_bytes(b'')
    sample = MultiDataset([crops_cfg(folder)])[SeededIndex(1)]
    unreadable = sample['data_samples'].metainfo['unreadable_images']
    assert {Path(path).name for path, _ in unreadable} == {'001.png'}
    assert sample['data_samples'].img_id in (0, 2)


def test_missing_files_are_named_before_anything_is_built(tmp_path: Path) -> None:
    from mmengine.config import Config

    data = {'type': 'vitpose_mm.MultiDataset', 'datasets': [crops_cfg(write_coco(tmp_path, num_images=1))]}
    cfg = Config({'work_dir': str(tmp_path), 'model': {'type': 'MAE'}, 'train_dataloader': {'dataset': data}})
    check_config(cfg)
    cfg.train_dataloader.dataset.datasets[0].ann_file = 'gone.json'
    with pytest.raises(ValueError, match=r"datasets\.0: annotation file '.*/gone\.json' does not exist"):
        check_config(cfg)


def test_real_people(shared_data: Path) -> None:
    """COCO's and LSPET's boxes of at least 32 pixels; an image has at least one of them."""
    sources = {'coco': ('person_keypoints_train2017.json', 'train2017'), 'lspet': ('lspet_train_aic14.json', 'train')}
    found = {}
    for name, (ann_file, folder) in sources.items():
        place = {'data_root': str(shared_data / name), 'data_prefix': {'img': folder}}
        people = PersonCrops(f'annotations/{ann_file}', **place)
        images = PersonCrops(f'annotations/{ann_file}', **place, whole_images=True)
        ids = Counter(people.get_data_info(i)['img_id'] for i in range(len(people)))
        assert set(ids) == {images.get_data_info(i)['img_id'] for i in range(len(images))}
        found[name] = (len(people), len(images))
    assert found['lspet'] == (2200, 2200)
    assert found['coco'][1] <= 318 < found['coco'][0]
