"""Small image files that ask for much memory or time."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.helpers.image_bytes import (
    bmp,
    chunk,
    encode,
    gif,
    grey_tiff,
    jp2,
    jpeg,
    many_scans,
    pixels,
    png,
    solid_png,
    tiled_tiff,
    webp,
)
from tests.helpers.image_case import NO_IMAGE, TOO_LARGE, Case, one


def bombs() -> Iterator[tuple[str, Case]]:
    """Small files that ask for much memory or time."""
    yield 'PNG of 40,000', one('a.png', png(40_000, 40_000), TOO_LARGE)
    yield 'PNG of 2^31', one('a.png', png(2**31 - 1, 2**31 - 1), TOO_LARGE)
    yield 'PNG of no width', one('a.png', png(0, 9), 'cannot be read|' + NO_IMAGE)
    yield 'PNG with two headers', Case({'a.png': png(30_000, 30_000, png(9, 9)[8:])}, None)
    yield 'PNG with a text of 50 MB', Case({'a.png': later(lambda: png(9, 9, zeros_of_text(50), zeros(900)))}, None)
    yield 'PNG with 100 MB after its pixels', Case({'a.png': later(lambda: png(9, 9, zeros(100_000_000)))}, None)
    for kind in (b'VP8L', b'VP8X', b'VP8 '):
        yield f'WebP of 16,383 ({kind.decode()})', one('a.webp', webp(16_383, 16_383, kind), TOO_LARGE)
    inner = webp(10, 10, b'VP8X') + webp(16_383, 16_383)[12:]
    yield 'WebP of 10 with 16,383 inside', one('a.webp', inner, 'cannot be read|' + NO_IMAGE)
    yield 'JPEG of 65,535', one('a.jpg', jpeg(65_535, 65_535), TOO_LARGE)
    yield 'JPEG of 3,000 with the pixels of 64', one('a.jpg', jpeg(3_000, 3_000))
    yield 'JPEG of 400 scans', one('a.jpg', later(lambda: many_scans(400, (2048, 2048))), '400? scans|41. scans')
    yield 'JPEG of 20 scans', one('a.jpg', many_scans(20, (64, 48)))
    yield 'GIF of 65,535', one('a.gif', gif(65_535, 65_535), TOO_LARGE)
    yield 'GIF with a frame of 65,535', one('a.gif', gif(10, 10, (65_535, 65_535)), TOO_LARGE)
    yield 'TIFF of 2^31', one('a.tif', grey_tiff([2**31], [2**31]), TOO_LARGE + '|' + NO_IMAGE)
    yield 'TIFF of two sizes', Case({'a.tif': grey_tiff([30_000, 10], [30_000, 10])}, None)
    yield 'TIFF of a size and a larger one', one('a.tif', grey_tiff([10, 30_000], [10, 30_000]), TOO_LARGE)
    yield 'TIFF of 8,000 without its pixels', one('a.tif', grey_tiff([8_000], [8_000]), 'a.tif cannot be read')
    yield 'TIFF with pixels at 4 GB', Case({'a.tif': grey_tiff([10], [10], offset=2**32 - 1)}, 0, 'a.tif')
    yield 'TIFF of 65,535 channels', Case({'a.tif': grey_tiff([10], [10], channels=65_535)}, 0, 'a.tif')
    yield 'BMP of 2^31', one('a.bmp', bmp(2**31 - 1, 2**31 - 1), TOO_LARGE)
    yield 'BMP upside down', one('a.bmp', bmp(30_000, -30_000), TOO_LARGE)
    yield 'BMP with runs', Case({'a.bmp': bmp(8_000, 8_000, bits=8, compression=1)}, None)
    step = bmp(60_000_000, 1, bits=8, compression=1, data=b'\0\2\0\xff\0\1')
    yield 'BMP with a step of 255 rows', one('a.bmp', step, 'a.bmp is a BMP .* are the limit')
    yield 'TIFF with a tile of 46,000', one('a.tif', tiled_tiff(46_000), 'tiles of 2,116,000,000 pixels')
    yield 'TIFF with two sizes of tiles', one('a.tif', tiled_tiff(46_000, 16), 'tiles of 2,116,000,000 pixels')
    yield 'PPM of 254 shades', one('a.ppm', b'P6 2000 2000 254\n' + bytes(12_000_000), 'are the limit')
    yield 'PPM of digits', one('a.ppm', b'P1 2000 2000 ' + b'1' * 4_000_000, 'are the limit')
    yield 'PPM of 10^9', one('a.ppm', b'P6 1000000000 1000000000 255\n', TOO_LARGE)
    yield 'PPM of a long number', Case({'a.ppm': b'P6 ' + b'9' * 5000 + b' 1 255\n'}, 0, 'a.ppm')
    yield 'JPEG 2000 with a larger codestream', Case({'a.jp2': jp2(30_000, 30_000)}, 0, 'a.jp2')
    yield 'JPEG 2000 with a codestream of 2^31', Case({'a.jp2': jp2(2**31, 2**31)}, 0, 'a.jp2')
    yield 'the largest PNG', one('a.png', later(lambda: solid_png(8192, 8192)))
    yield 'a PNG one pixel larger', one('a.png', later(lambda: solid_png(8193, 8192, bits=1)), TOO_LARGE)
    yield 'a file of 100 GB', one('a.jpg', _grow(encode(pixels(), 'JPEG'), 10**11), 'bytes and .* are the limit')


def later(make: Callable[[], bytes]) -> Callable[[Path], object]:
    """Return what writes bytes that take long to make, so that listing the cases does not."""
    return lambda path: path.write_bytes(make())


def zeros(number: int) -> bytes:
    """Pixels of a PNG."""
    return chunk(b'IDAT', zlib.compress(bytes(number)))


def zeros_of_text(megabytes: int) -> bytes:
    """A compressed comment of a PNG."""
    return chunk(b'zTXt', b'Comment\0\0' + zlib.compress(bytes(megabytes * 1_000_000)))


def _grow(content: bytes, size: int) -> Callable[[Path], None]:
    """Return a function that writes content with a hole after it, which takes no space on the disk."""

    def write(path: Path) -> None:
        path.write_bytes(content)
        os.truncate(path, size)

    return write
