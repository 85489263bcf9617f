"""Sizes are read from headers, and what would fill the memory is refused before it is decoded."""

from __future__ import annotations

import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest
from PIL import Image

from vitpose_mm.utils import image_size
from vitpose_mm.utils.image_size import FORMATS, MAX_PIXELS, ImageError, read_for_opencv, read_image_size


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'webp', 'bmp', 'tif', 'gif', 'ppm', 'jp2', 'avif'])
def test_size_of_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'a.{suffix}'
    Image.new('RGB', (70, 30)).save(path)
    assert read_image_size(path) == (70, 30)


def test_size_is_that_of_the_stored_pixels(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (70, 30)).save(tmp_path / 'a.jpg', exif=exif)
    assert read_image_size(tmp_path / 'a.jpg') == (70, 30)


def webp_bomb() -> bytes:
    """A lossless WebP of 34 bytes whose header says 16,384 x 16,384 pixels."""
    bits = (16383 | 16383 << 14).to_bytes(4, 'little')
    body = b'VP8L' + struct.pack('<I', 14) + b'/' + bits + bytes(9)
    return b'RIFF' + struct.pack('<I', 4 + len(body)) + b'WEBP' + body


def png_bomb(side: int) -> bytes:
    """A PNG of side x side pixels, all zero, compressed."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(1000))) + chunk(b'IEND', b'')
    )


@pytest.mark.parametrize('content', [webp_bomb(), png_bomb(8193), png_bomb(40_000)], ids=['webp', 'png', 'huge png'])
def test_bombs_are_refused_from_the_header(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'bomb').write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ImageError, match='67 million are the limit'):
        read_image_size(tmp_path / 'bomb')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6
    assert MAX_PIXELS == 8192**2


def test_no_format_that_runs_another_program() -> None:
    assert 'EPS' not in FORMATS


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / 'text.jpg').write_text('text')
    for path, message in (
        (tmp_path / 'gone.jpg', 'does not exist'),
        (tmp_path, 'not a regular file'),
        (tmp_path / 'text.jpg', 'not an image that can be read'),
    ):
        with pytest.raises(ImageError, match=message):
            read_image_size(path)


def test_opencv_has_the_same_limit_where_we_are_imported_first(tmp_path: Path) -> None:
    Image.new('1', (8192, 8193)).save(tmp_path / 'large.png')
    code = 'import sys, vitpose_mm, cv2; cv2.imread(sys.argv[1])'
    done = subprocess.run([sys.executable, '-c', code, tmp_path / 'large.png'], capture_output=True, text=True)
    assert done.returncode == 1 and 'CV_IO_MAX_IMAGE_PIXELS' in done.stderr


@pytest.mark.parametrize(
    'options', [{}, {'progressive': True}, {'exif': b'Exif\0\0' + bytes(40_000)}, {'comment': b'a'}]
)
def test_what_opencv_decodes_is_checked_and_read_once(
    tmp_path: Path, options: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new('RGB', (40, 30)).save(tmp_path / 'a.jpg', **options)
    opened: list[object] = []
    original = image_size._open_checked
    monkeypatch.setattr(image_size, '_open_checked', lambda *args: opened.append(args) or original(*args))
    assert read_for_opencv(tmp_path / 'a.jpg') == (tmp_path / 'a.jpg').read_bytes()
    assert bool(opened) == ('progressive' in options)


def test_large_jpegs_are_refused_from_the_header(tmp_path: Path) -> None:
    Image.new('RGB', (8, 8)).save(tmp_path / 'small.jpg')
    content = (tmp_path / 'small.jpg').read_bytes()
    frame = content.index(b'\xff\xc0')
    (tmp_path / 'large.jpg').write_bytes(content[: frame + 5] + b'\x40\x00\x40\x01' + content[frame + 9 :])
    with pytest.raises(ImageError, match='16385 x 16384 pixels and 67 million are the limit'):
        read_for_opencv(tmp_path / 'large.jpg')
    (tmp_path / 'cut.jpg').write_bytes(content[: frame + 6])
    with pytest.raises(ImageError, match=r'cannot be read|not an image'):
        read_for_opencv(tmp_path / 'cut.jpg')
