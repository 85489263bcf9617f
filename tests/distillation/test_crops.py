"""People to validate a distillation on: several datasets, and boxes from the labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from tests.helpers.tiny_distillation import distillation_cfg
from vitpose_mm.distillation.crops import labelled_validation_set


@pytest.fixture
def cfg(tmp_path: Path, coco: Path) -> Config:
    return distillation_cfg(coco, tmp_path / 'work', 'teacher.pth')


def test_people_of_several_datasets_are_held_out_too(cfg: Config) -> None:
    plain = cfg.val_dataloader.dataset.to_dict()
    pipeline = plain.pop('pipeline')
    cfg.val_dataloader.dataset = {
        'type': 'vitpose_mm.MultiDataset',
        'datasets': {'one': plain, 'two': {**plain, 'bbox_file': 'gone.json'}},
        'pipeline': pipeline,
    }
    people = labelled_validation_set(cfg)
    assert len(people) == 32
    assert people[20]['data_samples'].gt_fields.heatmaps.shape[0] == 17


def test_mpiis_people_are_held_out_without_their_head_boxes(cfg: Config, shared_data: Path) -> None:
    samples = shared_data / 'samples/mpii'
    cfg.val_dataloader.dataset.update(
        type='MpiiDataset', data_root=str(samples), ann_file='test_mpii.json', data_prefix={'img': ''},
        headbox_file='gone.mat',
    )  # fmt: skip
    assert labelled_validation_set(cfg)[0]['data_samples'].gt_fields.heatmaps.shape[0] == 16
