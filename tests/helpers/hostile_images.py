"""More than a hundred hostile images: how each is written, and what is to come of it in the demo and in training."""

from __future__ import annotations

import os
import pickle
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tests.helpers.image_bytes import (
    bmp,
    chunk,
    encode,
    gif,
    grey_tiff,
    jp2,
    jpeg,
    many_scans,
    oriented,
    pixels,
    png,
    solid_png,
    tiled_tiff,
    webp,
)

TOO_LARGE = 'million are the limit'
NO_IMAGE = 'not an image that can be read'
Files = Mapping[str | bytes, 'bytes | Callable[[Path], object]']


class Case(NamedTuple):
    """Files of a folder.

    Attributes:
        files: name to content, or to what makes the file at its path.
        pictures: that the demo makes of them; None: one, or it says why not.
        says: what the demo says, as a pattern.
        meanwhile: done to the folder after it was listed.
    """

    files: Files
    pictures: int | None = 1
    says: str = ''
    meanwhile: Callable[[Path], object] | None = None


def one(name: str | bytes, content: bytes | Callable[[Path], object], says: str = '') -> Case:
    """A file that is read, or refused with a sentence."""
    return Case({name: content}, 0 if says else 1, says)


def all_cases() -> dict[str, Case]:
    """Return every case by name."""
    found: dict[str, Case] = {}
    for name, case in (*kinds(), *cut(), *bombs(), *others(), *special(), *names(), *several(), *changing()):
        assert name not in found, name
        found[name] = case
    return found


def kinds() -> Iterator[tuple[str, Case]]:
    """Images that are good: every depth and number of channels, orientations, animations, shapes."""
    modes = {
        'JPEG': ('L', 'RGB', 'CMYK', 'YCbCr'),
        'PNG': ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'I;16', 'I'),
        'TIFF': ('1', 'L', 'LA', 'P', 'RGB', 'RGBA', 'CMYK', 'I;16', 'I', 'F', 'LAB'),
        'BMP': ('1', 'L', 'P', 'RGB', 'RGBA'),
        'WEBP': ('RGB', 'RGBA'),
        'GIF': ('1', 'L', 'P'),
        'PPM': ('1', 'L', 'RGB', 'I;16'),
        'JPEG2000': ('L', 'LA', 'RGB', 'RGBA', 'I;16'),
        'AVIF': ('RGB', 'RGBA'),
    }
    suffix = {'JPEG': 'jpg', 'TIFF': 'tif', 'JPEG2000': 'jp2'}
    for kind, some in modes.items():
        for mode in some:
            yield f'{kind} {mode}', one(f'a.{suffix.get(kind, kind.lower())}', encode(pixels(mode), kind))
    for orientation in (*range(10), 65535):
        yield f'orientation {orientation}', one('a.jpg', oriented(orientation))
    yield 'damaged EXIF', one('a.jpg', encode(pixels(), 'JPEG', exif=b'Exif\0\0II*\0' + b'\xff' * 50))
    yield 'float of NaN', one('a.tif', encode(Image.new('F', (9, 9), float('nan')), 'TIFF'))
    yield 'float of infinity', one('a.tif', encode(Image.new('F', (9, 9), float('inf')), 'TIFF'))
    for kind in ('GIF', 'WEBP', 'PNG', 'TIFF'):
        frames = [pixels(size=(64, 48)), Image.new('RGB', (64, 48), 'red')]
        content = encode(frames[0], kind, save_all=True, append_images=frames[1:])
        yield f'animated {kind}', one(f'a.{kind.lower()}', content)
    for width, height in ((1, 1), (2, 2), (1, 100), (100, 1)):
        yield f'{width} x {height}', one('a.png', encode(pixels(size=(width, height)), 'PNG'))
    for width, height in ((1, 500), (500, 1), (33_000, 400), (65_000, 1)):
        yield f'{width} x {height}', one('a.png', encode(Image.new('L', (width, height)), 'PNG'), 'are the limit')


def cut() -> Iterator[tuple[str, Case]]:
    """Images that end early; some formats can be read without their end."""
    for kind in ('JPEG', 'PNG', 'TIFF', 'BMP', 'WEBP', 'GIF', 'PPM', 'JPEG2000', 'AVIF'):
        content = encode(pixels(), kind)
        for share in (0.05, 0.5, 0.95):
            yield f'{kind} cut off at {share}', Case({'a.png': content[: int(share * len(content))]}, None)


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


def others() -> Iterator[tuple[str, Case]]:
    """Files of other kinds, or of another kind than their name says."""
    contents = {
        'empty': b'',
        'zeros': bytes(1000),
        'text': b'no image\n' * 9,
        'SVG': b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        'PDF': b'%PDF-1.4\n%%EOF\n',
        'PostScript': b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch marker) (w) file\n%%EOF\n',
        'ZIP': b'PK\x03\x04' + bytes(100),
        'MP4': b'\0\0\0\x18ftypmp42' + bytes(100),
        'HEIC': b'\0\0\0\x18ftypheic' + bytes(100),
        'AVIF without an image': b'\0\0\0\x18ftypavif' + bytes(100),
        'pickle': pickle.dumps({'a': 1}),
        'ICO': encode(pixels(), 'ICO'),
        'half a PNG header': b'\x89PNG\r\n\x1a\n\0\0\0\rIH',
        'JPEG of markers alone': b'\xff\xd8' + b'\xff\xe0\0\x02' * 1000,
    }
    for name, content in contents.items():
        yield f'{name} named .jpg', one('a.jpg', content, 'a.jpg')
    for suffix in ('svg', 'heic', 'txt', 'psd', 'mp4', 'pkl'):
        yield f'.{suffix} by name', one(f'a.{suffix}', b'something', f'1 .{suffix}')
    for kind, suffix in (('PNG', 'jpg'), ('JPEG', 'png'), ('GIF', 'jpg'), ('WEBP', 'png'), ('TIFF', 'bmp')):
        yield f'{kind} named .{suffix}', one(f'a.{suffix}', encode(pixels(), kind))
    yield 'upper case', one('A.JPG', encode(pixels(), 'JPEG'))
    yield 'no suffix', one('photo', encode(pixels(), 'JPEG'), 'without a suffix')


def special() -> Iterator[tuple[str, Case]]:
    """What is not a regular file."""
    yield 'pipe', one('a.jpg', os.mkfifo, 'special file')
    yield 'socket', one('a.jpg', _socket, 'special file')
    yield 'folder', one('a.jpg', os.mkdir, 'subfolder')
    for target, kind in (
        ('/dev/zero', 'special file'),
        ('/dev/null', 'special file'),
        ('/', 'subfolder'),
        ('gone', 'broken'),
    ):
        yield f'link to {target}', one('a.jpg', lambda path, target=target: path.symlink_to(target), kind)
    yield 'link to itself', one('a.jpg', lambda path: path.symlink_to(path), 'broken link')
    yield (
        'link to an image',
        Case({'a.png': encode(pixels(), 'PNG'), 'b.png': lambda path: path.symlink_to('a.png')}, 2),
    )
    yield 'hidden', one('.a.png', encode(pixels(), 'PNG'), 'hidden')


def names() -> Iterator[tuple[str, Case]]:
    """Names that file systems allow."""
    content = encode(pixels(), 'PNG')
    plain = ('-a.png', "a'b.png", 'a b.png', '%s%n{0}.png', 'é.png', '\u202egnp.png', '😀.png', '$(touch marker).png')
    for name in plain:
        yield f'name {name!a}', one(name, content)
    yield 'name of 255 bytes', one('n' * 251 + '.png', content)
    yield 'GIF with a name of 255 bytes', one('n' * 251 + '.gif', encode(pixels(), 'GIF'), 'File name too long')
    yield 'name with a line break', one('a\nb.png', content)
    yield 'name that is not UTF-8', one(b'\xff\xfe.png', content)
    yield 'no image, with a name that is not UTF-8', one(b'\xff\xfe.png', b'x', r'udcff\\udcfe\.png is not an image')
    yield 'no image, with a name that colours', one('\x1b[31ma.png', b'x', r'x1b\[31ma\.png is not an image')
    yield 'a suffix that is not UTF-8', one(b'a.\xff', content, r'1 \.\\udcff')


def several() -> Iterator[tuple[str, Case]]:
    """Images whose pictures would have the same name."""
    image = encode(pixels(), 'GIF')
    yield 'a.gif and a.gif.png', Case({'a.gif': image, 'a.gif.png': encode(pixels(), 'PNG')}, 2)
    yield 'and a.gif.1.png', Case(dict.fromkeys(('a.gif', 'a.gif.png', 'a.gif.1.png'), encode(pixels(), 'PNG')), 3)
    yield 'a.jpg and a.JPG', Case(dict.fromkeys(('a.jpg', 'a.JPG', 'a.jpeg'), encode(pixels(), 'JPEG')), 3)
    yield 'é in two ways', Case(dict.fromkeys(('\u00e9.png', 'e\u0301.png'), encode(pixels(), 'PNG')), 2)
    yield 'a good one and a bad one', Case({'a.png': b'x', 'b.png': encode(pixels(), 'PNG')}, 1, NO_IMAGE)


def changing() -> Iterator[tuple[str, Case]]:
    """Files that change after the folder was listed."""
    files = {'a.png': encode(pixels(), 'PNG')}

    def replace(make: Callable[[Path], object]) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            (folder / 'a.png').unlink()
            make(folder / 'a.png')

        return change

    yield 'deleted', Case(files, 0, 'does not exist', lambda folder: (folder / 'a.png').unlink())
    yield 'replaced by a pipe', Case(files, 0, 'not a regular file', replace(os.mkfifo))
    yield 'replaced by a folder', Case(files, 0, 'not a regular file', replace(os.mkdir))
    yield (
        'replaced by a link to /dev/zero',
        Case(files, 0, 'not a reg', replace(lambda path: path.symlink_to('/dev/zero'))),
    )
    yield (
        'replaced by a bomb',
        Case(files, 0, TOO_LARGE, lambda folder: (folder / 'a.png').write_bytes(png(40_000, 40_000))),
    )
    yield 'cut off', Case(files, 0, 'a.png', lambda folder: os.truncate(folder / 'a.png', 60))


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have about a hundred bytes
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


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
