"""Which samples are drawn, and that they are the ones that a training run of that seed and epoch sees."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from tests.helpers.tiny_config import write_config, write_data
from vitpose_mm.datasets import SeededIndex, browse
from vitpose_mm.datasets.browse import choose, pack_transformed, spread
from vitpose_mm.registry import DATASETS


@pytest.mark.parametrize(
    ('length', 'number', 'indices'),
    [(10, 5, [0, 2, 4, 6, 8]), (3, 20, [0, 1, 2]), (7, 3, [0, 2, 4]), (5, 1, [0]), (0, 4, [])],
)
def test_spread(length: int, number: int, indices: list[int]) -> None:
    assert spread(length, number) == indices


def test_pack_transformed_reaches_below_wrappers() -> None:
    packs = [dict(type='PackPoseInputs'), dict(type='mmpose.PackPoseInputs'), dict(type='PackPoseInputs')]
    crop = dict(type='TopdownAffine')
    inner = dict(type='A', pipeline=[crop, packs[0]])
    wrapped = dict(type='B', dataset=dict(type='C', pipeline=[packs[1]]), pipeline=[])
    pack_transformed(dict(type='D', datasets=[inner, wrapped], pipeline=[packs[2]]))
    assert all(pack['pack_transformed'] for pack in packs)
    assert crop == dict(type='TopdownAffine')


@pytest.fixture
def two_datasets(tmp_path: Path) -> Config:
    """The tiny config with two datasets of four and two people."""
    write_data(tmp_path / 'a')
    write_data(tmp_path / 'b', num_images=2)
    cfg = Config.fromfile(write_config(tmp_path, tmp_path / 'a'))
    parts = cfg.train_dataloader.dataset.datasets
    parts.append(dict(parts[0], data_root=str(tmp_path / 'b')))
    return cfg


def test_samples_of_each_dataset(two_datasets: Config) -> None:
    dataset = DATASETS.build(two_datasets.train_dataloader.dataset)
    chosen = choose(dataset, 2)
    assert [(folder, index) for folder, _, index in chosen] == [
        ('0_coco', 0),
        ('0_coco', 2),
        ('1_coco', 4),
        ('1_coco', 5),
    ]
    assert all(metainfo['dataset_name'] == 'coco' for _, metainfo, _ in chosen)


def test_the_picture_is_the_sample_of_that_epoch(two_datasets: Config, tmp_path: Path) -> None:
    drawn, unreadable = browse.browse(two_datasets, str(tmp_path / 'out'), number=1, epoch=3, seed=7)
    assert [path.name for path in drawn] == ['000000_0.jpg', '000004_0.jpg'] and unreadable == []
    dataset = DATASETS.build(two_datasets.train_dataloader.dataset)
    for path, index in zip(drawn, (0, 4), strict=True):
        picture = cv2.imread(str(path)).astype(int)
        distances = []
        for epoch in (3, 4):
            crop = dataset[SeededIndex(index, epoch, 7)]['inputs'].permute(1, 2, 0).numpy()
            distances.append(np.abs(picture[:256] - crop).mean())
        assert distances[0] < 12 < distances[1]  # the same but for JPEG and the drawn skeleton


def test_keypoints_are_drawn_where_the_heatmaps_peak(two_datasets: Config, tmp_path: Path) -> None:
    pack_transformed(two_datasets.train_dataloader.dataset)
    sample = DATASETS.build(two_datasets.train_dataloader.dataset)[0]['data_samples']
    keypoints = sample.gt_instances.transformed_keypoints[0]
    heatmaps = sample.gt_fields.heatmaps.numpy()
    inside = (keypoints >= 0).all(1) & (keypoints < [192, 256]).all(1)
    assert inside.sum() > 3
    for keypoint, heatmap in zip(keypoints[inside], heatmaps[inside], strict=True):
        row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
        np.testing.assert_allclose(keypoint, [column * 191 / 47, row * 255 / 63], atol=2.1)


@pytest.mark.parametrize(('change', 'sentence'), [(dict(number=0), 'at least 1'), ({}, 'no train_dataloader')])
def test_mistakes(tmp_path: Path, change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        browse.browse(Config(dict(model={})), str(tmp_path), **change)


def test_named_subsets_have_folders_of_their_names(two_datasets: Config) -> None:
    first, second = two_datasets.train_dataloader.dataset.datasets
    whole = two_datasets.train_dataloader.dataset
    second['pipeline'] = copy.deepcopy(whole.pipeline)
    whole.update(datasets=dict(mine=first, other=second))
    pack_transformed(whole)
    assert all(one[-1]['pack_transformed'] for one in (whole.pipeline, second['pipeline']))
    chosen = choose(DATASETS.build(whole), 1)
    assert [(folder, index) for folder, _, index in chosen] == [('mine', 0), ('other', 4)]


def test_images_that_others_stand_in_for_are_named(two_datasets: Config, tmp_path: Path) -> None:
    part = two_datasets.train_dataloader.dataset.datasets[1]
    copied = Path(shutil.copytree(part['data_root'], tmp_path / 'data'))
    first = sorted((copied / part['data_prefix']['img']).iterdir())[0]
    first.write_bytes(b'no image')
    part['data_root'] = str(copied)
    _, unreadable = browse.browse(two_datasets, str(tmp_path / 'out'), number=9)
    assert [Path(file.path).name for file in unreadable] == [first.name]
