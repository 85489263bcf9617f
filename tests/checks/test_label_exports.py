"""Files as labelling tools export them, with their quirks: what trains and scores, and what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from tests.helpers.tiny_kites import NAMES, labels, make_config, samples, score_perfect_predictions, write_images
from vitpose_mm.checks.preflight import check_config


def roboflow(content: dict) -> dict:
    """As Roboflow: ids from 0, a group as category 0, no counts of keypoints."""
    images = [
        {
            'id': i, 'license': 1, 'file_name': one['file_name'], 'height': 120, 'width': 160,
            'date_captured': '2024-05-01T10:00:00+00:00', 'extra': {'name': 'kite (1).png'},
        }
        for i, one in enumerate(content['images'])
    ]  # fmt: skip
    annotations = [
        {
            'id': i, 'image_id': i, 'category_id': 1, 'bbox': one['bbox'], 'area': 4200, 'segmentation': [],
            'iscrowd': 0, 'keypoints': one['keypoints'],
        }
        for i, one in enumerate(content['annotations'])
    ]  # fmt: skip
    group = {'id': 0, 'name': 'kites', 'supercategory': 'none'}
    kite = {'id': 1, 'name': 'kite', 'supercategory': 'kites', 'keypoints': NAMES, 'skeleton': [[1, 2], [1, 3]]}
    info = {'year': '2024', 'version': '1', 'description': 'Exported from roboflow.com', 'url': ''}
    licenses = [{'id': 1, 'url': 'https://creativecommons.org/licenses/by/4.0/', 'name': 'CC BY 4.0'}]
    return dict(info=info, licenses=licenses, categories=[group, kite], images=images, annotations=annotations)


def cvat(content: dict) -> dict:
    """As CVAT's COCO Keypoints 1.0: points outside keep coordinates with flag 0, a rectangle beside the skeletons."""
    for one in content['images']:
        one.update(license=0, flickr_url='', coco_url='', date_captured=0)
    for one in content['annotations']:
        one.update(segmentation=[], attributes={'occluded': False, 'track_id': 3, 'keyframe': True})
    first = content['annotations'][0]
    first['keypoints'][5], first['keypoints'][8], first['num_keypoints'] = 0, 1, 4
    content['categories'][0].update(supercategory='', keypoints=['1', '2', '3', '4', '5'], skeleton=[[1, 4], [4, 5]])
    content['categories'].append({'id': 2, 'name': 'bird', 'supercategory': '', 'keypoints': [], 'skeleton': []})
    rectangle = {
        'id': 9999, 'image_id': first['image_id'], 'category_id': 2, 'bbox': [5, 5, 20, 20], 'area': 400.0,
        'segmentation': [], 'iscrowd': 0, 'attributes': {'occluded': False},
    }  # fmt: skip
    content['annotations'].append(rectangle)
    return dict(licenses=[{'name': '', 'id': 0, 'url': ''}], info={'contributor': '', 'year': ''}, **content)


def label_studio(content: dict) -> dict:
    """As Label Studio: category ids from 0 without keypoints, file names with the folder, no areas."""
    for one in content['images']:
        one['file_name'] = f'images/{one["file_name"]}'
    for one in content['annotations']:
        one.update(category_id=0, ignore=0, segmentation=[])
        del one['area'], one['num_keypoints']
    info = {'year': 2024, 'version': '1.0', 'contributor': 'Label Studio'}
    return dict(content, categories=[{'id': 0, 'name': 'kite'}], info=info)


def label_studio_windows(content: dict) -> dict:
    """As Label Studio on Windows."""
    found = label_studio(content)
    for one in found['images']:
        one['file_name'] = one['file_name'].replace('/', '\\')
    return found


def coco_annotator(content: dict) -> dict:
    """As COCO Annotator: areas and boxes of objects without an outline are 0, flags are true and false."""
    for one in content['images']:
        one.update(dataset_id=1, category_ids=[1], path=f'/datasets/kites/{one["file_name"]}', deleted=False, events=[])
    for one in content['annotations']:
        one.update(area=0, iscrowd=False, isbbox=True, segmentation=[], color='#1c5bf4', metadata={}, events=[])
    content['annotations'][-1]['bbox'] = [0.0, 0.0, 0.0, 0.0]
    content['categories'][0].update(supercategory='', color='#d80d2c', metadata={}, keypoint_colors=['#bf5c4d'] * 5)
    return content


EXPORTS: list[tuple[Callable[[dict], dict], str, int]] = [
    (roboflow, '', 6),
    (cvat, '1 of 7 annotations is left out: 1 with no keypoints (annotation 9999)', 6),
    (label_studio, "'area' is missing, zero or not a positive number", 6),
    (label_studio_windows, 'has backslashes, which are read as slashes', 6),
    (coco_annotator, '1 with a box without width or height', 5),
]


@pytest.fixture
def cfg(tmp_path: Path) -> Config:
    """A config whose images are in a folder ``images`` of the image folder too, as Label Studio has them."""
    folder = write_images(tmp_path / 'data')
    shutil.copytree(folder, folder / 'images')
    return make_config(tmp_path, folder)


@pytest.mark.parametrize(('export', 'said', 'left'), EXPORTS, ids=lambda one: getattr(one, '__name__', ''))
def test_exports_train_and_score(export: Any, said: str, left: int, cfg: Config, tmp_path: Path) -> None:
    for part in ('train', 'val'):
        (tmp_path / f'{part}.json').write_text(json.dumps(export(labels(part))))
    notes = '\n'.join(check_config(cfg))
    assert said in notes and (bool(said) or not notes)
    found = samples(cfg.val_dataloader.dataset)
    values = score_perfect_predictions(cfg.val_evaluator, cfg.val_dataloader.dataset, found)
    assert (len(samples(cfg.train_dataloader.dataset)), len(found)) == (left, left)
    assert values['coco/AP'] == pytest.approx(1)
    assert values['coco/AR'] == pytest.approx(1)


def test_keypoints_alone_of_coco_annotator_are_named(cfg: Config, tmp_path: Path) -> None:
    content = coco_annotator(labels('train'))
    for one in content['annotations']:
        one['bbox'] = [0, 0, 0, 0]
    (tmp_path / 'train.json').write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r'no usable person .* 6 with a box without width or height'):
        check_config(cfg)
