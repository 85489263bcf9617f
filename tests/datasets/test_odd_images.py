"""What the training pipeline makes of images and boxes that are not three bytes a pixel of a large person."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmpose.datasets.transforms import LoadImage
from PIL import Image

from tests.helpers.tiny_coco import dataset_cfg, write_coco
from vitpose_mm.datasets import MultiDataset, SeededIndex
from vitpose_mm.datasets.transforms import SafeLoadImage
from vitpose_mm.inference.images import read_image
from vitpose_mm.utils.image_size import ImageError

UPRIGHT = np.zeros((60, 80, 3), np.uint8)
UPRIGHT[:30, :40] = 200  # top left quarter is bright
ROTATE_90 = 6  # EXIF: stored rows are turned a quarter to the right for viewing


def _load(path: Path, **settings: str) -> np.ndarray:
    return LoadImage(**settings).transform({'img_path': str(path)})['img']


def _write(path: Path, kind: str) -> None:
    gray = UPRIGHT[..., 0]
    if kind == 'gray':
        cv2.imwrite(str(path), gray)
    elif kind == 'rgba':
        alpha = np.full((60, 80, 1), 7, np.uint8)
        cv2.imwrite(str(path), np.concatenate([UPRIGHT, alpha], axis=2))
    elif kind == '16-bit gray':
        cv2.imwrite(str(path), gray.astype(np.uint16) * 256)
    elif kind == '16-bit color':
        cv2.imwrite(str(path), UPRIGHT.astype(np.uint16) * 256)
    elif kind == 'palette':
        Image.fromarray(UPRIGHT).quantize(8).save(path)


@pytest.mark.parametrize('kind', ['gray', 'rgba', '16-bit gray', '16-bit color', 'palette'])
def test_any_png_becomes_three_bytes_a_pixel_and_a_training_sample(tmp_path: Path, kind: str) -> None:
    folder = write_coco(tmp_path, num_images=1)
    _write(folder / 'images/000.png', kind)
    image = _load(folder / 'images/000.png')
    assert (image.dtype, image.shape) == (np.uint8, (60, 80, 3))
    assert np.abs(image.astype(int) - UPRIGHT).max() <= 1
    sample = MultiDataset([dataset_cfg(folder)])[SeededIndex(0)]
    assert sample['inputs'].shape == (3, 64, 48)
    assert sample['inputs'].float().std() > 1
    assert 'unreadable_images' not in sample['data_samples'].metainfo


def test_exif_rotation_is_applied_so_labels_are_on_the_upright_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = ROTATE_90
    stored = np.ascontiguousarray(np.rot90(UPRIGHT))  # a quarter to the left
    path = tmp_path / 'camera.jpg'
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    seen = _load(path)
    assert seen.shape == (60, 80, 3)
    assert np.abs(seen.astype(int) - UPRIGHT).mean() < 3
    as_stored = _load(path, color_type='color_ignore_orientation')
    assert as_stored.shape == (80, 60, 3)
    assert np.abs(as_stored.astype(int) - stored).mean() < 3


@pytest.mark.parametrize('kept', [0.02, 0.5, 0.999])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_truncated_image_is_unreadable_and_replaced(tmp_path: Path, suffix: str, kept: float) -> None:
    folder = write_coco(tmp_path, num_images=2)
    _, data = cv2.imencode(suffix, UPRIGHT)
    path = folder / 'images/000.png'
    path.write_bytes(data.tobytes()[: int(len(data) * kept)])
    metainfo = MultiDataset([dataset_cfg(folder)])[SeededIndex(0)]['data_samples'].metainfo
    assert metainfo['unreadable_images'][0][0] == str(path)
    assert metainfo['img_id'] == 1


def test_a_jpeg_with_wrong_bytes_inside_is_trained_on(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=1)
    rng = np.random.default_rng(0)
    _, data = cv2.imencode('.jpg', rng.integers(0, 256, (60, 80, 3), dtype=np.uint8))
    whole = cv2.imdecode(data, cv2.IMREAD_COLOR)
    data[len(data) // 2 :][:20] = 0
    path = folder / 'images/000.png'
    path.write_bytes(data.tobytes())
    image = _load(path)
    assert np.array_equal(image[:8], whole[:8])
    assert not np.array_equal(image, whole)
    sample = MultiDataset([dataset_cfg(folder)])[SeededIndex(0)]
    assert 'unreadable_images' not in sample['data_samples'].metainfo


@pytest.mark.parametrize('box', [[20.0, 20.0, 1.0, 1.0], [20.0, 20.0, 40.0, 1.0], [78.0, 58.0, 1.0, 1.0]])
def test_boxes_of_one_pixel_go_through(tmp_path: Path, box: list[float]) -> None:
    folder = write_coco(tmp_path, num_images=1)
    content = json.loads((folder / 'ann.json').read_text())
    content['annotations'][0].update(bbox=box, area=1.0)
    (folder / 'ann.json').write_text(json.dumps(content))
    dataset = MultiDataset([dataset_cfg(folder)])
    for epoch in range(10):
        sample = dataset[SeededIndex(0, epoch=epoch)]
        assert sample['inputs'].shape == (3, 64, 48)
        fields, labels = sample['data_samples'].gt_fields, sample['data_samples'].gt_instance_labels
        assert torch.isfinite(fields.heatmaps).all()
        assert torch.isfinite(labels.keypoint_weights).all()


def test_an_image_without_people_gives_no_sample(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, num_images=3)
    content = json.loads((folder / 'ann.json').read_text())
    content['annotations'] = [person for person in content['annotations'] if person['image_id'] != 1]
    (folder / 'ann.json').write_text(json.dumps(content))
    dataset = MultiDataset([dataset_cfg(folder)])
    assert [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))] == [0, 2]


@pytest.mark.parametrize('name', ['a.jp2', 'a.png'])
def test_kinds_that_can_crash_opencv_are_left_out_of_training(tmp_path: Path, name: str) -> None:
    frames = [Image.fromarray(UPRIGHT), Image.fromarray(UPRIGHT[::-1])]
    options = {'save_all': True, 'append_images': frames[1:]} if name == 'a.png' else {}
    frames[0].save(tmp_path / name, **options)
    with pytest.raises(ImageError, match='which training does not read: save'):
        SafeLoadImage().transform({'img_path': str(tmp_path / name)})
    assert read_image(tmp_path / name).shape == UPRIGHT.shape
