"""The size of an image file, read from its header alone, and the limit that keeps a small file from filling memory."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageFile, UnidentifiedImageError

from .._opencv_limit import MAX_PIXELS
from .files import open_regular, printable
from .image_headers import count_scans, read_baseline_size, read_tile_pixels, read_webp_size

# Formats that pose data comes in. Pillow's others are not tried: EPS, for example, starts Ghostscript.
FORMATS = ('JPEG', 'PNG', 'WEBP', 'BMP', 'DIB', 'TIFF', 'GIF', 'PPM', 'JPEG2000', 'AVIF')
MAX_BYTES = 500_000_000  # of a file; a float TIFF of 60 million pixels and two channels
MAX_SCANNED = 1_500_000_000  # pixels times scans of a progressive JPEG, which usually has 10
ANIMATION = b'acTL'  # name of a PNG's chunk
# Pillow's decoders in Python: a second for a million pixels, and a step in a BMP makes up to 255 times the picture
SLOW_DECODERS = ('bmp_rle', 'ppm', 'ppm_plain')
MAX_SLOW_PIXELS = 2_000_000
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


def read_for_opencv(path: Path) -> bytes:
    """Return the content of an image file that OpenCV may decode.

    Raises:
        ImageError: as :func:`read_image_size`; or OpenCV 4.11 ends the process on damaged files of the kind, without
            an exception: JPEG 2000 and animated PNG.
    """
    with _open_file(path) as file:
        _check_bytes(path, os.fstat(file.fileno()).st_size)
        content = file.read()
    size = read_baseline_size(io.BytesIO(content))
    if size is not None:  # Pillow takes ten times as long
        _check_pixels(path, size, MAX_PIXELS)
        return content
    with _open_checked(path, io.BytesIO(content)) as image:
        if image.format == 'JPEG2000':
            raise ImageError(f'{printable(path)} is a JPEG 2000, which training does not read: save it as PNG.')
        if image.format == 'PNG' and ANIMATION in content:
            raise ImageError(f'{printable(path)} is an animated PNG, which training does not read: save one frame.')
    return content


def check_for_pillow(path: Path | str, image: ImageFile.ImageFile) -> None:
    """Check an image that was opened before Pillow decodes it.

    Raises:
        ImageError: decoding would take minutes or memory for far more than its pixels.
    """
    if image.width * image.height > MAX_SLOW_PIXELS and any(tile[0] in SLOW_DECODERS for tile in image.tile):
        raise ImageError(
            f'{printable(path)} is a {image.format} of {image.width} x {image.height} pixels in a form that is slow to '
            f'read, where {MAX_SLOW_PIXELS / 1e6:.0f} million are the limit: save it as PNG.'
        )
    if image.format == 'TIFF' and (pixels := read_tile_pixels(image.fp)) > MAX_PIXELS:  # type: ignore[arg-type]
        raise ImageError(f'{printable(path)} has tiles of {pixels:,} pixels: save it as PNG.')


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


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open an image file for Pillow, not decoded yet, after checking what decoding it would take.

    Raises:
        ImageError: as :func:`read_image_size`.
    """
    with _open_file(path) as file, _open_checked(path, file) as image:
        yield image


def _open_file(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except FileNotFoundError:
        raise ImageError(f'{printable(path)} does not exist.') from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, 'strerror', None) or error
        raise ImageError(f'{printable(path)} cannot be read ({reason}).') from None


@contextmanager
def open_image_bytes(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> Iterator[ImageFile.ImageFile]:
    """Open the content of an image file for Pillow, as :func:`open_image` does.

    Args:
        data: the content.
        name: what the messages call it.
        max_pixels: largest number of pixels.

    Raises:
        ImageError: as :func:`read_image_size`.
    """
    with _open_checked(name, io.BytesIO(data), max_pixels) as image:
        yield image


def _open_checked(path: Path | str, file: BinaryIO, max_pixels: int = MAX_PIXELS) -> ImageFile.ImageFile:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    _check_bytes(path, size)
    try:
        canvas = read_webp_size(file)
        if canvas is not None:  # Pillow's WebP reader takes the memory of the whole canvas as soon as it opens a file
            _check_pixels(path, canvas, max_pixels)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            Image.init()  # registers all formats, once
            image = Image.open(file, formats=FORMATS)
        num_scans = count_scans(file) if image.info.get('progressive') else 1
        _check_pixels(path, image.size, max_pixels, num_scans=num_scans)
    except Image.DecompressionBombError:
        raise ImageError(_too_large(path, 'far more', max_pixels)) from None
    except UnidentifiedImageError:
        text = f'{printable(path)} is not an image that can be read (empty, damaged or another format).'
        raise ImageError(text) from None
    except ImageError:
        raise
    except Exception as error:  # readers raise SyntaxError, struct.error, ... for damaged headers
        reason = printable(error) or type(error).__name__
        raise ImageError(f'{printable(path)} cannot be read: {reason}.') from error
    return image


def _check_bytes(path: Path | str, size: int) -> None:
    if size > MAX_BYTES:
        raise ImageError(f'{printable(path)} has {size:,} bytes and {MAX_BYTES:,} are the limit: make it smaller.')


def _check_pixels(path: Path | str, size: tuple[int, int], limit: int, *, num_scans: int = 1) -> None:
    """Check a picture's (width, height), and the number of times that decoding goes over it."""
    if size[0] * size[1] > limit:
        raise ImageError(_too_large(path, f'{size[0]} x {size[1]}', limit))
    if size[0] * size[1] * num_scans > MAX_SCANNED:
        raise ImageError(
            f'{printable(path)} has {size[0]} x {size[1]} pixels in {num_scans} scans, which take minutes: '
            f'save it as a JPEG that is not progressive.'
        )


def _too_large(path: Path | str, found: str, limit: int) -> str:
    return f'{printable(path)} has {found} pixels and {limit / 1e6:.0f} million are the limit: make the image smaller.'
