"""Data, model and optimizer of a config before a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from vitpose_mm.checks.dataset_leaves import find_leaves
from vitpose_mm.checks.preflight import check_config, check_optimizer


def test_a_good_config_passes_as_it_is(cfg: Config) -> None:
    cfg.train_dataloader.pop('persistent_workers')  # without workers
    before = cfg.to_dict()
    check_config(cfg)
    check_config(cfg, for_training=False)
    cfg.val_dataloader = cfg.val_evaluator = None
    check_config(cfg)
    cfg.val_dataloader, cfg.val_evaluator = before['val_dataloader'], before['val_evaluator']
    assert cfg.to_dict() == before


def test_missing_data_is_named_with_its_key_in_the_config(cfg: Config) -> None:
    def expect(match: str, *, for_training: bool = True) -> None:
        with pytest.raises(ValueError, match=match):
            check_config(cfg, for_training=for_training)

    cfg.test_dataloader.dataset.bbox_file = 'boxes.json'
    check_config(cfg)
    expect(
        r"^file of detected boxes 'boxes\.json' does not exist.*test_dataloader\.dataset\.bbox_file", for_training=False
    )
    cfg.test_dataloader.dataset.bbox_file = None
    cfg.test_evaluator[0].ann_file = 'gone.json'
    expect(r"annotation file 'gone\.json'.*test_evaluator\.ann_file", for_training=False)
    cfg.val_dataloader.dataset.ann_file = 'gone.json'
    expect(r"^val_dataloader\.dataset: annotation file '.*/gone\.json' does not exist")
    cfg.train_dataloader.dataset.datasets[0].data_prefix.img = 'train'
    expect(r"^train_dataloader\.dataset\.datasets\.0: image folder '.*/train' does not exist")


def test_keypoints_of_annotations_metainfo_and_head_are_compared(cfg: Config, tmp_path: Path) -> None:
    aic = write_coco(tmp_path / 'aic', num_images=1, num_keypoints=14)
    cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_dataloader.dataset.datasets = [dataset_cfg(aic)]
    with pytest.raises(
        ValueError, match=r'datasets\.0: .* has 14 keypoints per person, the metainfo of CocoDataset has 17'
    ):
        check_config(cfg)
    cfg.train_dataloader.dataset.datasets[0].type = 'mmpose.AicDataset'
    with pytest.raises(
        ValueError, match=r'AicDataset has 14 keypoints, .* out_channels=17; set model.head.out_channels=14'
    ):
        check_config(cfg)
    cfg.model.head.out_channels = 14
    check_config(cfg)
    cfg.model.head.out_channels = 17
    convert = {'type': 'KeypointConverter', 'num_keypoints': 17, 'mapping': [(0, 6)]}
    cfg.train_dataloader.dataset.datasets[0].pipeline.insert(1, convert)
    check_config(cfg)
    cfg.model.head = {'type': 'vitpose_mm.DatasetRouter', 'heads': {'coco': {'out_channels': 17}}}
    with pytest.raises(ValueError, match=r"dataset 'aic', for which .* has no head: known are \['coco'\]"):
        check_config(cfg)
    cfg.model.head.aliases = {'aic': 'coco'}
    check_config(cfg)
    cfg.model.head.heads = {'coco': {}, 'aic': {}}
    cfg.model.head.shared = {'out_channels': 16}
    with pytest.raises(ValueError, match='out_channels=16'):
        check_config(cfg)


def test_datasets_are_found_below_wrappers() -> None:
    leaf = {'type': 'CocoDataset'}
    inner = {
        'type': 'RepeatDataset',
        'dataset': {**leaf, 'pipeline': [{'type': 'KeypointConverter', 'num_keypoints': 5}]},
    }
    found = list(find_leaves({'type': 'CombinedDataset', 'datasets': [leaf, inner]}, where='top'))
    assert [(x.where, x.converted) for x in found] == [('top.datasets.0', None), ('top.datasets.1.dataset', 5)]
    outer = {'type': 'X', 'dataset': inner, 'pipeline': [{'type': 'mmpose.KeypointConverter', 'num_keypoints': 9}]}
    assert [x.converted for x in find_leaves(outer, where='top')] == [9]


def test_whole_body_and_unknown_classes_are_not_counted(cfg: Config, coco: Path) -> None:
    cfg.val_dataloader = cfg.val_evaluator = None
    cfg.train_dataloader.dataset.datasets = [dataset_cfg(coco, type='CocoWholeBodyDataset')]
    with pytest.raises(ValueError, match=r'CocoWholeBodyDataset has 133 keypoints'):
        check_config(cfg)
    cfg.model.head.out_channels = 133
    with pytest.raises(ValueError, match='its foot_kpts are None: whole bodies have 6 keypoints there'):
        check_config(cfg)
    cfg.train_dataloader.dataset.datasets = [dataset_cfg(coco, type='NobodysDataset')]
    check_config(cfg)


def test_a_detectors_config_is_looked_at_too(cfg: Config, coco: Path) -> None:
    cfg.default_scope = 'mmdet'
    cfg.model = {'type': 'RTMDet', 'bbox_head': {'type': 'RTMDetHead', 'num_classes': 1}}
    leaf = dataset_cfg(coco, metainfo={'classes': ('person',)})
    cfg.train_dataloader.dataset = cfg.val_dataloader.dataset = leaf
    check_config(cfg)
    cfg.train_dataloader.dataset.ann_file = 'gone.json'
    with pytest.raises(ValueError, match=r"annotation file '.*/gone\.json' does not exist"):
        check_config(cfg)


def test_real_annotation_files(shared_data: Path) -> None:
    from vitpose_mm.checks.dataset_files import count_keypoints

    counts = {
        'coco/annotations/person_keypoints_train2017.json': 17,
        'coco/annotations/person_keypoints_val2017.json': 17,
        'lspet/annotations/lspet_train_aic14.json': 14,
        'lspet/annotations/lspet_train_coco17.json': 17,
    }
    assert {name: count_keypoints(str(shared_data / name)) for name in counts} == counts


def test_named_datasets_are_reached_by_their_names(cfg: Config, coco: Path, tmp_path: Path) -> None:
    whole = cfg.train_dataloader.dataset
    whole.datasets = {'coco': whole.datasets[0], 'aic': {**whole.datasets[0], 'data_root': '/nowhere'}}
    assert [leaf.where for leaf in find_leaves(whole, where='d')] == ['d.datasets.coco', 'd.datasets.aic']
    with pytest.raises(ValueError, match=r"train_dataloader\.dataset\.datasets\.aic: data_root '/nowhere'"):
        check_config(cfg)
    aic = write_coco(tmp_path / 'aic', num_images=1, num_keypoints=14)
    whole.datasets['aic'] = dataset_cfg(aic, type='AicDataset')
    heads = {'coco': {'out_channels': 17}, 'aic': {'out_channels': 16}}
    cfg.model.head = {'type': 'vitpose_mm.DatasetRouter', 'heads': heads}
    with pytest.raises(ValueError, match=r'datasets\.aic: AicDataset has 14 keypoints, .*out_channels=16'):
        check_config(cfg)
    heads['aic']['out_channels'] = 14
    cfg.model.head = {'type': 'vitpose_mm.DatasetRouter', 'heads': heads}
    check_config(cfg)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            {'model.head.in_channels': 768},
            r'model\.head takes 768 channels and the backbone gives \d+: set its in_channels',
        ),
        ({'optim_wrapper.optimizer.lr': -1.0}, r'optim_wrapper\.optimizer\.lr=-1\.0 is out of range'),
        ({'optim_wrapper.optimizer.type': 'AdamWW'}, r"optim_wrapper\.optimizer\.type='AdamWW' is not known"),
    ],
)
def test_what_would_break_the_first_step_is_named(cfg: Config, change: dict, sentence: str) -> None:
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=sentence):
        check_config(cfg)


def test_a_loader_without_workers_keeps_none(cfg: Config) -> None:
    cfg.train_dataloader.update(num_workers=0, persistent_workers=True, prefetch_factor=2)
    cfg.val_dataloader.update(num_workers=1, persistent_workers=True, prefetch_factor=2)
    check_config(cfg)
    assert not {'persistent_workers', 'prefetch_factor'} & set(cfg.train_dataloader)
    assert cfg.val_dataloader.persistent_workers and cfg.val_dataloader.prefetch_factor == 2


def test_optimizers_of_other_scopes_are_known() -> None:
    import mmpretrain.engine  # noqa: F401

    check_optimizer({'optimizer': {'type': 'Lamb'}}, scope='mmpretrain')
    with pytest.raises(ValueError, match="'Lamb' is not known"):
        check_optimizer({'optimizer': {'type': 'Lamb'}})
