"""The faster steps give what MMPose's give from the same random numbers, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.transforms import PackPoseInputs, RandomBBoxTransform, RandomFlip
from scipy.stats import truncnorm

from tests.helpers.real_annotations import ROOT
from vitpose_mm.benchmarks.pipeline import as_mmpose, make_seeded, same
from vitpose_mm.datasets import MultiDataset, SeededIndex
from vitpose_mm.datasets.transforms import FastPackPoseInputs, FastRandomBBoxTransform, FastRandomFlip
from vitpose_mm.datasets.transforms.fast_steps import use_fast_steps
from vitpose_mm.registry import DATASETS


def some_results(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    keypoints = rng.uniform(0, 40, (1, 4, 2)).astype(np.float32)
    return {
        'img': rng.integers(0, 256, (30, 40, 3), dtype=np.uint8),
        'img_shape': (30, 40),
        'bbox': np.array([[1, 2, 20, 25]], np.float32),
        'bbox_center': np.array([[10.5, 13.5]], np.float32),
        'bbox_scale': np.array([[24, 29]], np.float32),
        'keypoints': keypoints,
        'keypoints_visible': np.ones((1, 4), np.float32),
        'flip_indices': [0, 2, 1, 3],
    }


def assert_equal(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for key, value in theirs.items():
        np.testing.assert_array_equal(ours[key], value, err_msg=key)


@pytest.mark.parametrize(
    'options',
    [{}, {'prob': 1.0, 'direction': 'vertical'}, {'prob': [0.3, 0.6], 'direction': ['horizontal', 'diagonal']}],
)
def test_flips(options: dict[str, Any]) -> None:
    flipped = 0
    for seed in range(20):
        np.random.seed(seed)
        ours = FastRandomFlip(**options)(some_results(seed))
        following = np.random.random_sample()
        np.random.seed(seed)
        assert_equal(ours, RandomFlip(**options)(some_results(seed)))
        assert np.random.random_sample() == following
        assert ours['img'].flags.c_contiguous
        flipped += ours['flip']
    assert flipped >= 5


def test_boxes_move_by_the_same_numbers() -> None:
    np.random.seed(0)
    ours = FastRandomBBoxTransform._truncnorm(size=(20_000, 4))
    following = np.random.random_sample()
    np.random.seed(0)
    theirs = truncnorm.rvs(-1, 1, size=(20_000, 4)).astype(np.float32)
    assert np.array_equal(ours, theirs) and ours.dtype == theirs.dtype
    assert np.random.random_sample() == following
    np.random.seed(1)
    moved = FastRandomBBoxTransform()(some_results(0))
    np.random.seed(1)
    assert_equal(moved, RandomBBoxTransform()(some_results(0)))


@pytest.mark.parametrize('shape', [(30, 40, 3), (30, 40, 1), (30, 40)])
@pytest.mark.parametrize('kind', [np.uint8, np.float32])
def test_packed_images(shape: tuple[int, ...], kind: type) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape).astype(kind)
    results = {**some_results(0), 'img': image, 'id': 3}
    ours, theirs = FastPackPoseInputs()(dict(results)), PackPoseInputs()(dict(results))
    assert torch.equal(ours['inputs'], theirs['inputs']) and ours['inputs'].is_contiguous()
    assert ours['data_samples'].metainfo == theirs['data_samples'].metainfo
    assert ours['data_samples'].gt_instances.keys() == theirs['data_samples'].gt_instances.keys()


def test_only_mmposes_own_steps_are_replaced() -> None:
    steps: list[Any] = [{'type': 'RandomFlip', 'prob': 0.3}, {'type': 'mmpose.PackPoseInputs'}, {'type': RandomFlip}]
    steps += [{'type': 'mmcv.RandomFlip', 'prob': 0.5}, {'type': 'LoadImage'}, 'a step that is built already']
    found = use_fast_steps(steps)
    assert found[0] == {'type': FastRandomFlip, 'prob': 0.3}
    assert [step['type'] for step in found[1:3]] == [FastPackPoseInputs, FastRandomFlip]
    assert found[3:] == steps[3:]
    assert steps[0]['type'] == 'RandomFlip'


@pytest.mark.parametrize('base', ['coco_256x192', 'coco_small_128x96'])
def test_samples_of_real_images_are_mmposes(base: str, shared_data: Path) -> None:
    pipeline = Config.fromfile(ROOT / f'configs/_base_/data/{base}.py').train_pipeline
    coco = {
        'type': 'CocoDataset', 'data_root': str(shared_data / 'coco'), 'indices': 60,
        'ann_file': 'annotations/person_keypoints_val2017.json', 'data_prefix': {'img': 'val2017/'},
    }  # fmt: skip
    ours = MultiDataset([{**coco, 'pipeline': pipeline}])
    theirs = DATASETS.build({**coco, 'pipeline': as_mmpose(pipeline)})
    flips = 0
    for i in range(len(ours)):
        index = SeededIndex(i, epoch=1, seed=2)
        sample = ours[index]
        assert same(sample, make_seeded(theirs, index)), i
        flips += sample['data_samples'].flip
    assert len(ours) == 60 and 15 < flips < 45
    other = make_seeded(theirs, SeededIndex(0, epoch=2, seed=2))
    assert not same(ours[SeededIndex(0, epoch=1, seed=2)], other)
