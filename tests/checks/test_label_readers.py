"""Datasets that read files in their own ways: whole bodies, boxes for pre-training, MMDetection's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from tests.helpers.label_faults.fault import INF, MISSING, NAN, show
from tests.helpers.tiny_kites import labels, make_config, samples, save, score_perfect_predictions, write_images
from vitpose_mm.checks.metrics import WHOLE_BODY
from vitpose_mm.checks.preflight import check_config


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files; not to be changed."""
    return write_images(tmp_path_factory.mktemp('kites'))


@pytest.fixture
def cfg(tmp_path: Path, images: Path) -> Config:
    """A config on a good set in ``tmp_path``."""
    return make_config(tmp_path, images)


def whole_bodies(part: str) -> dict[str, Any]:
    """Labels of COCO-WholeBody: 17 keypoints, and those of feet, face and hands."""
    content = labels(part)
    content['categories'] = [{'id': 1, 'name': 'person'}]
    for one in content['annotations']:
        left, top, width, height = one['bbox']
        place = [left + width / 2, top + height / 2, 2]
        one.update(keypoints=place * 17, num_keypoints=17, segmentation=[])
        one.update({key: place * (length // 3) for key, length in WHOLE_BODY.items()})
        one.update({f'{key}_valid': True for key in ('foot', 'face', 'lefthand', 'righthand')})
    return content


@pytest.fixture
def whole_body(cfg: Config, tmp_path: Path) -> Config:
    """The config with whole bodies."""
    for part, dataset in (('train', cfg.train_dataloader.dataset.datasets[0]), ('val', cfg.val_dataloader.dataset)):
        save(whole_bodies(part), tmp_path / f'{part}.json')
        dataset.type = 'CocoWholeBodyDataset'
        del dataset['metainfo']
    cfg.val_evaluator.type = 'CocoWholeBodyMetric'
    cfg.model.head.out_channels = 133
    return cfg


def test_whole_bodies_are_good(whole_body: Config) -> None:
    assert check_config(whole_body) == []
    found = samples(whole_body.val_dataloader.dataset)
    assert found[0]['keypoints'].shape == (1, 133, 2)
    values = score_perfect_predictions(whole_body.val_evaluator, whole_body.val_dataloader.dataset, found)
    assert values['coco-wholebody/AP'] == pytest.approx(1)


@pytest.mark.parametrize('key', WHOLE_BODY)
@pytest.mark.parametrize('value', [MISSING, None, [], [1] * 6, 'x', ['1'] * 18], ids=show)
def test_malformed_parts_of_whole_bodies(key: str, value: Any, whole_body: Config, tmp_path: Path) -> None:
    content = whole_bodies('val')
    content['annotations'][2][key] = value
    if value is MISSING:
        del content['annotations'][2][key]
    save(content, tmp_path / 'val.json')
    with pytest.raises(ValueError, match=rf'annotation 1002: its {key} are'):
        check_config(whole_body)


@pytest.mark.parametrize('key', WHOLE_BODY)
@pytest.mark.parametrize('value', [NAN, INF, None, 1e300], ids=show)
def test_parts_of_whole_bodies_that_are_not_finite(key: str, value: Any, whole_body: Config, tmp_path: Path) -> None:
    content = whole_bodies('val')
    content['annotations'][2][key][4] = value
    save(content, tmp_path / 'val.json')
    (note,) = check_config(whole_body)
    assert f'1 with {key} that are not finite numbers (annotation 1002)' in note
    assert len(samples(whole_body.val_dataloader.dataset)) == 5


def test_what_the_whole_body_dataset_reads_without_asking_is_there(whole_body: Config, tmp_path: Path) -> None:
    content = whole_bodies('train')
    for one in content['annotations']:
        del one['segmentation'], one['iscrowd'], one['num_keypoints']
    save(content, tmp_path / 'train.json')
    (note,) = check_config(whole_body)
    assert "'num_keypoints' is missing" in note
    assert len(samples(whole_body.train_dataloader.dataset)) == 6


def test_plain_labels_are_not_whole_bodies(whole_body: Config, tmp_path: Path) -> None:
    save(labels('train'), tmp_path / 'train.json')
    with pytest.raises(ValueError, match='its foot_kpts are None: whole bodies have 6 keypoints there'):
        check_config(whole_body)


def test_crops_for_pretraining_need_boxes_alone(cfg: Config, tmp_path: Path) -> None:
    content = labels('train')
    for one in content['annotations']:
        del one['keypoints'], one['num_keypoints'], one['area']
    content['annotations'][3]['bbox'][0] = NAN
    save(content, tmp_path / 'train.json')
    part = cfg.train_dataloader.dataset.datasets[0]
    part.update(type='vitpose_mm.PersonCrops', ann_file=str(tmp_path / 'train.json'))
    del part['metainfo']
    cfg.val_dataloader = cfg.val_evaluator = None
    (note,) = check_config(cfg)
    assert '1 with a box of numbers that are not finite (annotation 13)' in note
    assert len(json.loads(Path(part.ann_file).read_text())['annotations']) == 5


def test_mmdetections_dataset_reads_areas(cfg: Config, tmp_path: Path) -> None:
    content = labels('train')
    for one in content['annotations']:
        del one['keypoints'], one['area']
    save(content, tmp_path / 'train.json')
    cfg.default_scope = 'mmdet'
    cfg.model = {'bbox_head': {}}
    cfg.train_dataloader.dataset = dict(cfg.train_dataloader.dataset.datasets[0], metainfo={'classes': ('kite',)})
    cfg.val_dataloader = cfg.val_evaluator = None
    (note,) = check_config(cfg)
    assert "'area' is missing, zero" in note
    cfg.train_dataloader.dataset.ann_file = str(tmp_path / 'train.json')
    for one in content['annotations']:
        one['bbox'] = [1, 2, 0, 0]
    save(content, tmp_path / 'train.json')
    with pytest.raises(ValueError, match='6 with a box without width or height'):
        check_config(cfg)


def test_classes_of_unknown_kinds_are_left_to_themselves(cfg: Config, tmp_path: Path) -> None:
    cfg.train_dataloader.dataset.datasets[0].type = 'NobodysDataset'
    (tmp_path / 'train.json').write_text('not JSON')
    assert check_config(cfg) == []
