"""The size of an image file, read from its header alone, and the limit that keeps a small file from filling memory."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, UnidentifiedImageError

# Formats that pose data comes in. Pillow's others are not tried: EPS, for example, starts Ghostscript.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'BMP', 'DIB', 'TIFF', 'GIF', 'PPM', 'JPEG2000', 'AVIF')
MAX_PIXELS = 100_000_000  # 300 MB of RGB; the largest phone photos in common use have 50 million
_WEBP_HEADER = 30  # bytes
_ORIENTATION = 0x0112
_TURNED = ('JPEG', 'MPO', 'PNG')  # formats whose EXIF orientation OpenCV follows


class ImageError(ValueError):
    """One image that cannot be used; the message names the file and the reason."""


def read_image_size(path: Path) -> tuple[int, int]:
    """Return (width, height) in stored pixels (before any EXIF rotation) without decoding the image.

    Raises:
        ImageError: the file is missing, not a regular file, not an image, or larger than ``MAX_PIXELS``.
    """
    with open_image(path) as image:
        return image.size


class ImageSize(NamedTuple):
    """Size of an image in pixels as OpenCV, and with it training, reads it, and the EXIF orientation of its file.

    Attributes:
        width: Upright.
        height: Upright.
        orientation: 1 to 8 (EXIF 2.3, tag 0x0112); 1 where there is none, or OpenCV does not follow it.
    """

    width: int
    height: int
    orientation: int


def read_upright_size(path: Path) -> ImageSize:
    """Return the size that an image file has in training, without decoding it.

    Raises:
        ImageError: as :func:`read_image_size`.
    """
    with open_image(path) as image:
        try:
            orientation = image.getexif().get(_ORIENTATION, 1) if image.format in _TURNED else 1
        except Exception:  # of damaged EXIF data, Pillow raises SyntaxError, struct.error, ...
            orientation = 1
        width, height = image.size
    if orientation not in range(1, 9):
        orientation = 1
    return ImageSize(height, width, orientation) if orientation > 4 else ImageSize(width, height, orientation)


def open_image(path: Path) -> Image.Image:
    """Open an image file for Pillow, not decoded yet, after checking its number of pixels.

    Raises:
        ImageError: as :func:`read_image_size`.
    """
    if not path.is_file():
        kind = 'is not a regular file' if path.exists() else 'does not exist'
        raise ImageError(f'{path} {kind}.')
    try:
        with path.open('rb') as file:
            size = _read_webp_size(file)
        if size is not None:  # Pillow's WebP reader takes the memory of the whole canvas as soon as it opens a file
            _check_pixels(path, size)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            Image.init()  # registers all formats, once
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageError(_too_large(path, 'far more')) from None
    except UnidentifiedImageError:
        raise ImageError(f'{path} is not an image that can be read (empty, damaged or another format).') from None
    except ImageError:
        raise
    except Exception as error:  # readers raise SyntaxError, struct.error, ... for damaged headers
        raise ImageError(f'{path} cannot be read: {str(error) or type(error).__name__}.') from error
    try:
        _check_pixels(path, image.size)
    except ImageError:
        image.close()
        raise
    return image


def _check_pixels(path: Path, size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageError(_too_large(path, f'{size[0]} x {size[1]}'))


def _too_large(path: Path, found: str) -> str:
    return f'{path} has {found} pixels and {MAX_PIXELS / 1e6:.0f} million are the limit: make the image smaller.'


def _read_webp_size(file: BinaryIO) -> tuple[int, int] | None:
    """Return (width, height) of a WebP file from its first chunk, or None for any other format (RFC 9649)."""
    head = file.read(_WEBP_HEADER)
    if len(head) < _WEBP_HEADER or head[:4] != b'RIFF' or head[8:12] != b'WEBP':
        return None
    kind, body = head[12:16], head[20:]
    if kind == b'VP8X':  # 24 bits each, minus one
        return int.from_bytes(body[4:7], 'little') + 1, int.from_bytes(body[7:10], 'little') + 1
    if kind == b'VP8L':  # 14 bits each, minus one, after a signature byte
        bits = int.from_bytes(body[1:5], 'little')
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b'VP8 ':  # 14 bits each, after a frame tag and a start code of three bytes each
        width, height = struct.unpack('<HH', body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None
