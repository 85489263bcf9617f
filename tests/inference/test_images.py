"""Images of every kind are read to the same upright 8-bit BGR pixels; what cannot be read says so."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.helpers.image_bytes import bmp, encode, pixels, tiled_tiff
from vitpose_mm.inference.images import ImageError, decode_image, list_images, read_image


@pytest.fixture
def rgb() -> np.ndarray:
    """(40, 60, 3) smooth colours: red grows to the right, green downwards, blue is constant."""
    y, x = np.mgrid[:40, :60]
    return np.stack((x * 4, y * 6, np.full_like(x, 77)), axis=-1).astype(np.uint8)


def test_rgb_png_equals_opencv(rgb: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    image = read_image(tmp_path / 'a.png')
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, rgb[..., ::-1])
    np.testing.assert_array_equal(image, cv2.imread(str(tmp_path / 'a.png')))


def test_jpeg_equals_what_training_reads(rgb: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(rgb).save(tmp_path / 'a.jpg', quality=90)
    difference = np.abs(read_image(tmp_path / 'a.jpg').astype(int) - cv2.imread(str(tmp_path / 'a.jpg')))
    assert difference.max() <= 1


def test_grey(rgb: np.ndarray, tmp_path: Path) -> None:
    grey = rgb[..., 0]
    Image.fromarray(grey).save(tmp_path / 'grey.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'grey.png'), np.stack([grey] * 3, axis=-1))


def test_alpha_and_palette_are_dropped(rgb: np.ndarray, tmp_path: Path) -> None:
    rgba = np.dstack((rgb, np.full((40, 60), 128, np.uint8)))
    Image.fromarray(rgba).save(tmp_path / 'rgba.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'rgba.png'), rgb[..., ::-1])
    Image.fromarray((rgb // 128) * 128).convert('P', palette=Image.Palette.ADAPTIVE).save(tmp_path / 'p.png')
    np.testing.assert_array_equal(read_image(tmp_path / 'p.png'), (rgb // 128 * 128)[..., ::-1])


@pytest.mark.parametrize('channels', [1, 3, 4])
def test_16_bit_is_scaled(rgb: np.ndarray, tmp_path: Path, channels: int) -> None:
    eight = np.dstack((rgb, rgb[..., 0]))[..., :channels].squeeze()
    cv2.imwrite(str(tmp_path / 'deep.png'), eight.astype(np.uint16) * 257)  # 255 -> 65535
    expected = np.stack([eight] * 3, axis=-1) if channels == 1 else eight[..., :3]
    image = read_image(tmp_path / 'deep.png')
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - expected).max() <= 1


@pytest.mark.parametrize(('top', 'values'), [(1, 1.0), (255, 255.0), (65535, 65535.0)])
def test_float_tiff_of_any_range(tmp_path: Path, top: int, values: float) -> None:
    ramp = np.linspace(0, values, 24, dtype=np.float32).reshape(4, 6)
    Image.fromarray(ramp).save(tmp_path / 'f.tif')
    expected = np.linspace(0, 255, 24).reshape(4, 6).round()
    assert np.abs(read_image(tmp_path / 'f.tif')[..., 0] - expected).max() <= 1, top


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_rotated_comes_upright(rgb: np.ndarray, tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(rgb).save(tmp_path / 'r.png', exif=exif)
    # what a viewer does with the stored pixels, written by hand for each value of the tag
    upright = {
        1: rgb,
        2: rgb[:, ::-1],
        3: rgb[::-1, ::-1],
        4: rgb[::-1],
        5: rgb.transpose(1, 0, 2),
        6: np.rot90(rgb, -1),
        7: np.rot90(rgb, 2).transpose(1, 0, 2),
        8: np.rot90(rgb, 1),
    }[orientation]
    np.testing.assert_array_equal(read_image(tmp_path / 'r.png'), upright[..., ::-1])


@pytest.mark.parametrize(
    'content', [b'', b'no image at all', b'\xff\xd8\xff\xe0broken', b'\x89PNG\r\n\x1a\n' + b'x' * 40]
)
def test_unreadable_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'bad.jpg').write_bytes(content)
    with pytest.raises(ImageError, match=r'bad\.jpg'):
        read_image(tmp_path / 'bad.jpg')


def test_truncated_is_not_half_grey(rgb: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(rgb).resize((600, 400)).save(tmp_path / 'whole.jpg')
    data = (tmp_path / 'whole.jpg').read_bytes()
    (tmp_path / 'half.jpg').write_bytes(data[: len(data) // 2])
    assert cv2.imread(str(tmp_path / 'half.jpg')) is not None  # OpenCV fills the rest with grey
    with pytest.raises(ImageError, match='truncated'):
        read_image(tmp_path / 'half.jpg')


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r'gone\.png'):
        read_image(tmp_path / 'gone.png')


def test_impossible_shape(tmp_path: Path) -> None:
    Image.new('RGB', (500, 1)).save(tmp_path / 'line.png')
    with pytest.raises(ImageError, match='500 x 1 pixels'):
        read_image(tmp_path / 'line.png')
    Image.new('RGB', (1, 1)).save(tmp_path / 'dot.png')
    assert read_image(tmp_path / 'dot.png').shape == (1, 1, 3)


def test_list_images_counts_what_it_leaves_out(tmp_path: Path) -> None:
    for name in ('b.JPG', 'a.png', 'notes.txt', '.hidden.png', 'c.webp', 'd.heic', 'e.HEIC', 'f.svg', 'bare'):
        (tmp_path / name).touch()
    (tmp_path / 'sub.png').mkdir()
    (tmp_path / 'gone.jpg').symlink_to(tmp_path / 'nowhere.jpg')
    os.mkfifo(tmp_path / 'pipe.jpg')
    files = list_images(tmp_path)
    assert [path.name for path in files.images] == ['a.png', 'b.JPG', 'c.webp']
    assert files.left_out == {
        '.heic': 2,
        '.svg': 1,
        '.txt': 1,
        'without a suffix': 1,
        'hidden': 1,
        'subfolder': 1,
        'broken link': 1,
        'special file': 1,
    }
    assert files.describe_left_out().startswith('2 .heic, ')
    assert list_images(tmp_path / 'notes.txt').images == [tmp_path / 'notes.txt']  # a file that is named is tried


def test_list_images_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='gone does not exist: give an image or a folder'):
        list_images(tmp_path / 'gone')
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(ValueError, match=r'has no image that can be read, but 1 \.txt'):
        list_images(tmp_path)
    (tmp_path / 'walk.MP4').touch()
    with pytest.raises(ValueError, match='is a video'):
        list_images(tmp_path / 'walk.MP4')
    (tmp_path / 'link.jpg').symlink_to(tmp_path / 'nowhere.jpg')
    with pytest.raises(ValueError, match='a broken link'):
        list_images(tmp_path / 'link.jpg')


def test_special_files_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe.jpg')
    with pytest.raises(ImageError, match='not a regular file'):
        read_image(tmp_path / 'pipe.jpg')
    with pytest.raises(ImageError, match='not a regular file'):
        read_image(Path('/dev/zero'))


def test_no_program_is_started_for_postscript(tmp_path: Path) -> None:
    (tmp_path / 'p.jpg').write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n')
    with pytest.raises(ImageError, match='not an image that can be read'):
        read_image(tmp_path / 'p.jpg')


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (bmp(3_000_000, 1, bits=8, compression=1, data=b'\0\2\0\xff\0\1'), '2 million are the limit'),
        (b'P6 1500 1500 254\n' + bytes(6_750_000), '2 million are the limit'),
        (b'P1 1500 1500 ' + b'1' * 2_250_000, '2 million are the limit'),
        (tiled_tiff(9_000), 'tiles of 81,000,000 pixels'),
        (tiled_tiff(9_000, 16), 'tiles of 81,000,000 pixels'),
        (tiled_tiff(16, 9_000), 'tiles of 81,000,000 pixels'),
        (tiled_tiff(9_000, big=True), 'tiles of 81,000,000 pixels'),
    ],
    ids=['step in a BMP', 'shades', 'digits', 'tile', 'tile, then small', 'tile, small first', 'BigTIFF'],
)
def test_what_takes_far_more_than_its_pixels_is_not_decoded(content: bytes, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        decode_image(content, 'a')


def test_small_ones_of_these_kinds_are_decoded() -> None:
    runs = bmp(4, 2, bits=8, compression=1, data=b'\4\0\0\0\4\1\0\1')
    for content in (runs, b'P6 2 2 254\n' + bytes(12), b'P1 2 2 1 0 1 0', encode(pixels(), 'TIFF')):
        assert decode_image(content, 'a').dtype == 'uint8'
