"""Do data, labels and metrics of a config belong together?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from tests.helpers.tiny_kites import METAINFO, boxes, kite, labels, make_config, samples, save, write_images
from vitpose_mm.checks.preflight import check_config


@pytest.fixture(scope='module')
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Image files; not to be changed."""
    return write_images(tmp_path_factory.mktemp('kites'))


@pytest.fixture
def cfg(tmp_path: Path, images: Path) -> Config:
    """A config on a good set in ``tmp_path``."""
    return make_config(tmp_path, images)


def refuse(cfg: Config, said: str, *, for_training: bool = True) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        check_config(cfg, for_training=for_training)
    assert '\n' not in str(caught.value)


def test_labels_of_other_images(cfg: Config, tmp_path: Path) -> None:
    cfg.val_evaluator.ann_file = str(tmp_path / 'train.json')
    refuse(cfg, r'train\.json.* does not list 6 of 6 images of val_dataloader\.dataset: .*val\.json.* \(images 100')


def test_labels_of_other_images_under_the_same_ids(cfg: Config, tmp_path: Path) -> None:
    content = labels('train')
    for one in content['images']:
        one['id'] += 99
    for one in content['annotations']:
        one['image_id'] += 99
    save(content, tmp_path / 'other.json')
    cfg.val_evaluator.ann_file = str(tmp_path / 'other.json')
    refuse(cfg, r"other\.json' has 'train_0\.png' as image 100, and .*val\.json' has 'val_0\.png'")


def test_people_of_further_images_count_as_missed(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    content['images'].append({'id': 500, 'file_name': 'more.png', 'width': 160, 'height': 120})
    content['annotations'].append(kite(5000, 500, 10, 10))
    save(content, tmp_path / 'more.json')
    cfg.val_evaluator.ann_file = str(tmp_path / 'more.json')
    (note,) = check_config(cfg)
    assert '1 of 7 people is in 1 image that the data does not have (image 500), and counted as missed.' in note


def test_labels_of_other_keypoints(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    for one in content['annotations']:
        one['keypoints'] = one['keypoints'][:9]
    del content['categories'][0]['keypoints']
    save(content, tmp_path / 'three.json')
    cfg.val_evaluator.ann_file = str(tmp_path / 'three.json')
    refuse(cfg, r'three\.json.* has 3 keypoints per person, and val_dataloader\.dataset has 5')


def test_labels_of_another_category(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    content['categories'][0]['id'] = 2
    for one in content['annotations']:
        one['category_id'] = 2
    save(content, tmp_path / 'two.json')
    cfg.val_evaluator.ann_file = str(tmp_path / 'two.json')
    refuse(cfg, 'has people of category 2, and those of val_dataloader.dataset are predicted as category 1')


@pytest.mark.parametrize('how', ['no annotations', 'none of them', 'nobody labelled'])
@pytest.mark.parametrize('name', ['val', 'test'])
def test_a_set_without_labels(how: str, name: str, cfg: Config, tmp_path: Path) -> None:
    content: dict[str, Any] = labels('val')
    if how == 'no annotations':
        del content['annotations']
    elif how == 'none of them':
        content['annotations'] = []
    else:
        for one in content['annotations']:
            one.update(keypoints=[0] * 15, num_keypoints=0)
    save(content, tmp_path / 'empty.json')
    cfg[f'{name}_dataloader'].dataset.ann_file = cfg[f'{name}_evaluator'].ann_file = str(tmp_path / 'empty.json')
    refuse(cfg, r'empty\.json.*(no usable person|has no annotations)', for_training=name == 'val')


def test_a_set_without_labels_is_good_for_predictions_on_boxes(cfg: Config, tmp_path: Path) -> None:
    content: dict[str, Any] = labels('val')
    save(boxes(content), tmp_path / 'boxes.json')
    del content['annotations']
    save(content, tmp_path / 'images.json')
    cfg.test_dataloader.dataset.update(ann_file=str(tmp_path / 'images.json'), bbox_file=str(tmp_path / 'boxes.json'))
    cfg.test_evaluator.ann_file = str(tmp_path / 'images.json')
    refuse(cfg, 'has no annotations, and test_evaluator compares .* set format_only=True', for_training=False)
    cfg.test_evaluator.format_only = True
    refuse(cfg, 'has format_only=True and no outfile_prefix', for_training=False)
    cfg.test_evaluator.outfile_prefix = 'results'
    assert check_config(cfg, for_training=False) == []
    assert len(samples(cfg.test_dataloader.dataset)) == 6


def test_pck_has_nothing_to_compare_with_on_detected_boxes(cfg: Config, tmp_path: Path) -> None:
    save(boxes(labels('val')), tmp_path / 'boxes.json')
    cfg.val_dataloader.dataset.bbox_file = str(tmp_path / 'boxes.json')
    cfg.val_evaluator = {'type': 'PCKAccuracy'}
    refuse(cfg, 'PCKAccuracy compares predictions with the keypoints of the samples')


def test_a_metric_without_a_file_takes_the_datasets(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    for one in content['annotations']:
        one['area'] = 0
    save(content, tmp_path / 'val.json')
    del cfg.val_evaluator['ann_file']
    (note,) = check_config(cfg)
    assert "'area' is missing, zero" in note
    corrected = json.loads(Path(cfg.val_dataloader.dataset.ann_file).read_text())
    assert corrected['annotations'][0]['area'] == pytest.approx(0.53 * 60 * 70)
    assert 'ann_file' not in cfg.val_evaluator


def test_areas_do_not_matter_where_they_are_not_read(cfg: Config, tmp_path: Path) -> None:
    content = labels('val')
    for one in content['annotations']:
        del one['area']
    save(content, tmp_path / 'val.json')
    cfg.val_evaluator.use_area = False
    assert check_config(cfg) == []


def test_subsets_are_compared_each_with_its_own(cfg: Config, tmp_path: Path) -> None:
    part, metric = cfg.val_dataloader.dataset.to_dict(), cfg.val_evaluator.to_dict()
    first = dict(part, ann_file=str(tmp_path / 'train.json'))
    whole = {'type': 'vitpose_mm.MultiDataset', 'datasets': {'one': first, 'two': part}}
    cfg.val_dataloader = {'dataset': whole}
    one = dict(metric, ann_file=str(tmp_path / 'train.json'))
    cfg.val_evaluator = {'type': 'vitpose_mm.SubsetMetric', 'subsets': {'one': one, 'two': metric}}
    assert check_config(cfg) == []
    cfg.val_evaluator = {'type': 'vitpose_mm.SubsetMetric', 'subsets': {'one': metric, 'two': one}}
    refuse(cfg, r'does not list 6 of 6 images of .* set val_evaluator\.subsets\.(one|two)\.ann_file')


@pytest.mark.parametrize(
    ('best', 'evaluator', 'said'),
    [
        ('coco/AP', {'type': 'PCKAccuracy'}, "gives 'PCK'"),
        ('coco/Ap', {}, "gives 'coco/AP', 'coco/AP .5'"),
        ('AP', {}, "gives 'coco/AP'"),
        ('coco/AP', {'prefix': 'kite'}, "gives 'kite/AP'"),
        (['coco/AP', 'PCK'], {}, "save_best='PCK'"),
        ('coco/AP (M)', {'type': 'CocoMetric', 'iou_type': 'keypoints_crowd'}, 'which val_evaluator does not give'),
        ('PCKh', {'type': 'PCKAccuracy', 'norm_item': ['bbox', 'torso']}, "gives 'PCK', 'tPCK'"),
        ('coco/AP', {'type': 'EPE'}, "gives 'EPE'"),
    ],
)
def test_the_best_checkpoint_is_chosen_by_a_value_that_is_given(
    best: Any, evaluator: dict, said: str, cfg: Config, tmp_path: Path
) -> None:
    cfg.val_evaluator.update(evaluator)
    cfg.default_hooks = {'checkpoint': {'type': 'CheckpointHook', 'save_best': best}}
    refuse(cfg, said)
    cfg.default_hooks.checkpoint.save_best = 'auto'
    if evaluator.get('iou_type') != 'keypoints_crowd':
        check_config(cfg)


def test_values_of_unknown_metrics_are_not_guessed(cfg: Config) -> None:
    cfg.default_hooks = {'checkpoint': {'type': 'CheckpointHook', 'save_best': 'mine/score'}}
    cfg.val_evaluator = [cfg.val_evaluator, {'type': 'NobodysMetric'}]
    check_config(cfg)


def test_crowdpose_is_scored_with_its_index(cfg: Config, tmp_path: Path) -> None:
    cfg.val_evaluator.update(iou_type='keypoints_crowd', use_area=False)
    refuse(cfg, "its images have no 'crowdIndex'")
    content = labels('val')
    for one in content['images']:
        one['crowdIndex'] = 0.3
    for one in content['annotations']:
        del one['num_keypoints']
    save(content, tmp_path / 'val.json')
    (note,) = check_config(cfg)
    assert "'num_keypoints' is missing or wrong" in note


def test_the_same_file_by_two_names_is_read_once(cfg: Config, tmp_path: Path) -> None:
    cfg.val_evaluator.ann_file = str(tmp_path / 'out' / '..' / 'val.json')
    (tmp_path / 'out').mkdir()
    assert check_config(cfg) == []


def test_corrected_copies_are_the_same_each_time(cfg: Config, tmp_path: Path, images: Path) -> None:
    content = labels('val')
    content['annotations'][0]['bbox'] = None
    copies = set()
    for _ in range(2):
        again = make_config(tmp_path, images)
        save(content, tmp_path / 'val.json')
        check_config(again)
        assert again.val_dataloader.dataset.ann_file == again.val_evaluator.ann_file
        copies.add(again.val_evaluator.ann_file)
        # the copy itself is good
        assert check_config(again) == []
    assert len(copies) == 1 and Path(copies.pop()).parent == tmp_path / 'out/labels'


def test_files_elsewhere_are_left_to_mmpose(cfg: Config) -> None:
    cfg.train_dataloader.dataset.datasets[0].ann_file = 's3://bucket/labels.json'
    assert check_config(cfg) == []
    assert METAINFO['dataset_name'] == 'kite'
