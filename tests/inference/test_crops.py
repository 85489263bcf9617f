"""Crops of a batch against MMPose's transforms, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine

from tests.helpers.shipped_configs import CONFIGS
from vitpose_mm.inference import crops as crops_module
from vitpose_mm.inference.crops import CropMaker, sample_on_device
from vitpose_mm.inference.images import read_image

SIZE = (96, 128)


def some_people(images: list[np.ndarray], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 4) boxes in and around the images, in no order, and the image of each."""
    rng = np.random.default_rng(seed)
    boxes, owners = [], rng.permutation(np.repeat(np.arange(len(images)), 5))
    for owner in owners:
        height, width = images[owner].shape[:2]
        x, y = rng.uniform(-30, width * 0.8), rng.uniform(-30, height * 0.8)
        boxes.append([x, y, x + rng.uniform(3, width), y + rng.uniform(3, height)])
    return np.array(boxes, np.float32), owners


def by_mmpose(images: list[np.ndarray], boxes: np.ndarray, owners: np.ndarray, *, udp: bool) -> list[dict]:
    steps = (GetBBoxCenterScale(padding=1.1), TopdownAffine(SIZE, use_udp=udp))
    results = []
    for box, owner in zip(boxes, owners, strict=True):
        result = {'img': images[owner], 'bbox': box[None]}
        for step in steps:
            result = step(result)
        results.append(result)
    return results


@pytest.fixture
def noise() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((60, 80), (150, 40), (33, 200))]


def check(images: list[np.ndarray], *, udp: bool) -> None:
    boxes, owners = some_people(images)
    made = CropMaker(SIZE, padding=1.1, use_udp=udp)(images, boxes, owners)
    theirs = by_mmpose(images, boxes, owners, udp=udp)
    assert made.pixels.shape == (len(boxes), 3, SIZE[1], SIZE[0])
    for i, result in enumerate(theirs):
        difference = np.abs(made.pixels[i].numpy().astype(int) - result['img'].transpose(2, 0, 1))
        assert difference.mean() < 0.5 and difference.max() <= 2, f'crop {i}'
        np.testing.assert_array_equal(made.centres[i], result['input_center'])
        np.testing.assert_array_equal(made.scales[i], result['input_scale'])


@pytest.mark.parametrize('udp', [True, False])
@pytest.mark.parametrize('sampler', ['sample_with_opencv', 'sample_on_device'])
def test_crops_are_mmposes(noise: list[np.ndarray], udp: bool, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops_module, 'sample_with_opencv', getattr(crops_module, sampler))
    check(noise, udp=udp)


def test_on_photos(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crops_module, 'sample_with_opencv', sample_on_device)
    files = sorted((shared_data / 'coco' / 'val2017').glob('*.jpg'))[:3]
    check([read_image(file) for file in files], udp=True)


def test_keypoints_go_back_to_image_pixels(noise: list[np.ndarray]) -> None:
    boxes = np.array([[10, 20, 50, 60], [0, 0, 30, 90]], np.float32)
    made = CropMaker(SIZE)(noise, boxes, np.array([0, 1]))
    keypoints = np.tile([[0.0, 0.0], [48.0, 64.0]], (2, 1, 1))
    image = made.to_image(keypoints)
    np.testing.assert_allclose(image[:, 1], (boxes[:, :2] + boxes[:, 2:]) / 2)
    np.testing.assert_allclose(image[:, 0], made.centres - made.scales / 2)


def test_pipelines_of_shipped_configs_are_plain() -> None:
    for file in sorted((CONFIGS / '_base_/data').glob('crop_*.py')):
        cfg = Config.fromfile(file)
        made = CropMaker.of(cfg.val_pipeline)
        assert made is not None, file.name
        assert made.input_size == cfg.codec.input_size


def test_only_plain_pipelines() -> None:
    load, box = {'type': 'LoadImage'}, {'type': 'mmpose.GetBBoxCenterScale', 'padding': 1.5}
    affine = {'type': 'TopdownAffine', 'input_size': SIZE, 'use_udp': True}
    pack = {'type': 'PackPoseInputs'}
    made = CropMaker.of([load, box, affine, pack])
    assert made is not None and (made.input_size, made.padding) == (SIZE, 1.5)
    for other in (
        [load, box, affine, {'type': 'GenerateTarget'}, pack],
        [{**load, 'color_type': 'grayscale'}, box, affine, pack],
        [load, affine, pack],
    ):
        assert CropMaker.of(other) is None
