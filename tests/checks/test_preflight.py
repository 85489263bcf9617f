from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from tests.helpers.tiny_run import run_cfg
from vitpose_mm.checks.dataset_leaves import find_leaves
from vitpose_mm.checks.preflight import (
    check_config,
    check_optimizer,
    checkpoint_files,
    choose_resume,
)


@pytest.fixture
def cfg(coco: Path, tmp_path: Path) -> Config:
    """A config of training, validation and test with which nothing is wrong."""
    cfg = run_cfg(coco, tmp_path / 'work')
    loader = {'batch_size': 1, 'dataset': dataset_cfg(coco, test_mode=True)}
    cfg.val_dataloader = cfg.test_dataloader = loader
    cfg.val_evaluator = {'type': 'CocoMetric', 'ann_file': str(coco / 'ann.json')}
    cfg.test_evaluator = [cfg.val_evaluator]
    return cfg


def save(file: Path, **content: Any) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({'state_dict': {'a': torch.zeros(2)}, **content}, file)
    return str(file)


def test_a_good_config_passes_as_it_is(cfg: Config) -> None:
    cfg.train_dataloader.pop('persistent_workers')  # without workers
    before = cfg.to_dict()
    check_config(cfg)
    check_config(cfg, for_training=False)
    cfg.val_dataloader = cfg.val_evaluator = None
    check_config(cfg)
    cfg.val_dataloader, cfg.val_evaluator = before['val_dataloader'], before['val_evaluator']
    assert cfg.to_dict() == before


def test_checkpoints_are_checked_before_the_data_is_looked_for(cfg: Config, tmp_path: Path) -> None:
    broken = tmp_path / 'broken.pth'
    broken.write_bytes(b'no checkpoint')
    cfg.train_dataloader.dataset.datasets[0].data_root = '/nowhere'
    with pytest.raises(ValueError, match=r'broken\.pth'):
        check_config(cfg, resume=str(broken))
    assert (cfg.resume, cfg.load_from) == (True, str(broken))
    cfg.resume, cfg.load_from = False, None
    cfg.model.backbone.init_cfg = {'type': 'Pretrained', 'checkpoint': str(broken)}
    with pytest.raises(ValueError, match=r'broken\.pth'):
        check_config(cfg)
    check_config(cfg, for_training=False)
    cfg.model.backbone.init_cfg = [{'type': 'Pretrained', 'checkpoint': 'https://example.com/a.pth'}]
    with pytest.raises(ValueError, match='data_root'):
        check_config(cfg)


def test_weights_alone_are_no_state_to_resume_from(cfg: Config, tmp_path: Path) -> None:
    best = save(tmp_path / 'best_coco_AP_epoch_1.pth', meta={'iter': 2, 'epoch': 1})
    with pytest.raises(ValueError, match=r'best_coco_AP_epoch_1\.pth holds weights without the state of an optimizer'):
        check_config(cfg, resume=best)
    check_config(cfg, resume=save(tmp_path / 'epoch_1.pth', meta={'iter': 2, 'epoch': 1}, optimizer={}))
    cfg.resume, cfg.load_from = False, best
    check_config(cfg)


def test_the_best_checkpoint_is_of_a_subset_that_is_scored(cfg: Config) -> None:
    cfg.val_evaluator = {'type': 'vitpose_mm.SubsetMetric', 'subsets': {'aic': cfg.val_evaluator}}
    for best in ('aic/AP', 'auto', None):
        cfg.default_hooks = {'checkpoint': {'type': 'CheckpointHook', 'save_best': best}}
        check_config(cfg)
    cfg.default_hooks.checkpoint.save_best = 'coco/AP'
    with pytest.raises(
        ValueError, match=r"save_best='coco/AP' does not belong to a subset of val_evaluator: .* one of aic, or None"
    ):
        check_config(cfg)


def test_all_checkpoints_of_a_model_are_found(cfg: Config) -> None:
    cfg.load_from = 'first.pth'
    cfg.model.backbone.init_cfg = [{'type': 'Constant'}, {'type': 'Pretrained', 'checkpoint': 'second.pth'}]
    cfg.model.head.init_cfg = {'type': 'Pretrained', 'checkpoint': 'third.pth', 'prefix': 'head.'}
    assert list(checkpoint_files(cfg, for_training=True)) == ['first.pth', 'second.pth', 'third.pth']
    assert list(checkpoint_files(cfg, for_training=False)) == ['first.pth']


def test_resume_without_a_path_takes_the_newest_readable_and_says_so(
    cfg: Config, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work_dir = Path(cfg.work_dir)
    for start in (None, 'pretrained.pth'):
        cfg.load_from = start
        choose_resume(cfg, 'auto')
        assert (cfg.resume, cfg.load_from) == (False, start)
    good = save(work_dir / 'iter_1.pth', optimizer={}, meta={'iter': 1, 'epoch': 0})
    (work_dir / 'iter_2.pth').write_bytes(b'')
    for resume in ('auto', None):
        cfg.resume, cfg.load_from = resume is None, None
        check_config(cfg, resume=resume)
        assert (cfg.resume, cfg.load_from) == (True, good)
    cfg.resume, cfg.load_from = False, None
    check_config(cfg)
    assert (cfg.resume, cfg.load_from) == (False, None)


@pytest.mark.parametrize(
    ('number', 'backend', 'warns'), [(1, 'local', True), (1, 'vitpose_mm', False), (2, 'local', False)]
)
def test_a_single_checkpoint_is_warned_of(
    cfg: Config, monkeypatch: pytest.MonkeyPatch, number: int, backend: str, warns: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr('vitpose_mm.checks.preflight.print_log', lambda text, **kwargs: said.append(text))
    cfg.default_hooks = {'checkpoint': {'max_keep_ckpts': number, 'backend_args': {'backend': backend}}}
    check_config(cfg)
    assert any('removes the only checkpoint before' in text for text in said) == warns


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
