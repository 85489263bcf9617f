"""More than a hundred hostile images: how each is written, and what is to come of it in the demo and in training."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from tests.helpers.image_bombs import bombs
from tests.helpers.image_bytes import encode, oriented, pixels, png
from tests.helpers.image_case import NO_IMAGE, TOO_LARGE, Case, one


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
