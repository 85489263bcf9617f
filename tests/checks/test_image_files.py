"""Image files of an annotation file: missing ones, sizes, EXIF orientations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from tests.helpers.tiny_kites import labels, make_config, save, write_images
from vitpose_mm.checks.preflight import check_config

ORIENTATION = 0x0112


@pytest.fixture
def cfg(tmp_path: Path) -> Config:
    """A config on a good set in ``tmp_path``, whose training continues with a third of its images missing."""
    cfg = make_config(tmp_path, write_images(tmp_path / 'images'))
    cfg.custom_hooks = [{'type': 'vitpose_mm.BadImageHook', 'max_ratio': 0.34}]
    return cfg


def write_jpeg(path: Path, orientation: int, size: tuple[int, int] = (160, 120)) -> None:
    """Write a JPEG of a stored size in pixels with an EXIF orientation."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).save(path, exif=exif.tobytes())


def use_jpeg(cfg: Config, tmp_path: Path, orientation: int, *, listed: tuple[int, int], number: int = 6) -> None:
    """Let the training set have JPEGs of 160 x 120 stored pixels, listed with another size."""
    content = labels('train')
    for one in content['images'][:number]:
        one.update(file_name=f'{one["id"]}.jpg', width=listed[0], height=listed[1])
        write_jpeg(tmp_path / 'images' / one['file_name'], orientation)
    save(content, tmp_path / 'train.json')


def test_missing_training_images_are_counted_up_to_what_training_bears(cfg: Config, tmp_path: Path) -> None:
    (tmp_path / 'images/train_1.png').unlink()
    (tmp_path / 'images/train_4.png').write_bytes(b'')
    (note,) = check_config(cfg)
    assert '2 of its 6 images in use cannot be read' in note and 'train_1.png' in note and 'replace them' in note
    cfg.custom_hooks[0].max_ratio = 0.2
    with pytest.raises(ValueError, match='2 of its 6 images in use cannot be read'):
        check_config(cfg)
    cfg.custom_hooks = []
    with pytest.raises(ValueError, match='2 of its 6'):
        check_config(cfg)


def test_a_file_that_is_not_an_image(cfg: Config, tmp_path: Path) -> None:
    (tmp_path / 'images/val_1.png').write_text('<html>')
    with pytest.raises(ValueError, match=r'1 of 6 opened images: .*val_1\.png is not an image'):
        check_config(cfg)


@pytest.mark.parametrize('orientation', [5, 6, 7, 8])
def test_labels_on_stored_pixels_are_named(orientation: int, cfg: Config, tmp_path: Path) -> None:
    use_jpeg(cfg, tmp_path, orientation, listed=(160, 120))
    with pytest.raises(
        ValueError, match=r'has an EXIF orientation, training reads it as 120 x 160 pixels, .* 160 x 120'
    ):
        check_config(cfg)


@pytest.mark.parametrize('orientation', [1, 5, 6, 7, 8])
def test_labels_on_upright_pixels_are_good(orientation: int, cfg: Config, tmp_path: Path) -> None:
    use_jpeg(cfg, tmp_path, orientation, listed=(160, 120) if orientation == 1 else (120, 160))
    assert check_config(cfg) == []


@pytest.mark.parametrize('orientation', [2, 3, 4])
def test_an_orientation_that_keeps_the_size_is_said(orientation: int, cfg: Config, tmp_path: Path) -> None:
    use_jpeg(cfg, tmp_path, orientation, listed=(160, 120), number=2)
    (note,) = check_config(cfg)
    assert '2 of 6 opened images have an EXIF orientation' in note and '1.jpg' in note


def test_few_sizes_that_differ_are_said(cfg: Config, tmp_path: Path) -> None:
    content = labels('train')
    for i in range(30):
        name = f'more_{i}.png'
        (tmp_path / 'images' / name).symlink_to('train_0.png')
        content['images'].append({'id': 50 + i, 'file_name': name, 'width': 160, 'height': 120})
        content['annotations'].append({**content['annotations'][0], 'id': 500 + i, 'image_id': 50 + i})
    content['images'][7]['width'] = 170
    save(content, tmp_path / 'train.json')
    (note,) = check_config(cfg)
    assert '1 of 36 opened images has another size' in note and 'is 160 x 120 pixels and listed as 170' in note
