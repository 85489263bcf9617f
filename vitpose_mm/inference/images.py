"""Reading image files of any kind as upright (H, W, 3) uint8 BGR pixels, and listing those of a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, ImageOps, features

from ..utils.files import printable
from ..utils.image_size import MAX_PIXELS, ImageError, check_for_pillow, open_image, open_image_bytes

IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.gif', '.ppm', '.pgm', '.pnm', '.jp2')
    + (('.avif',) if features.check('avif') else ())
)
VIDEO_SUFFIXES = frozenset(('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv', '.flv'))
MAX_SIDE = 32_000  # OpenCV's warpAffine takes less than 2 ** 15
STRIP = 1 << 20  # pixels
MAX_ASPECT = 100  # beyond it a detector's resized image has a side of 0 pixels


class ImageFiles(NamedTuple):
    """The image files of a folder, sorted by name, and the number of its other files by kind, such as '.heic'."""

    images: list[Path]
    left_out: Counter[str]

    def describe_left_out(self) -> str:
        """Return '3 .heic, 1 broken link', or '' where every file of the folder is an image."""
        return ', '.join(f'{count} {printable(kind)}' for kind, count in self.left_out.most_common())


def list_images(source: Path) -> ImageFiles:
    """List an image file, or the image files of a folder; subfolders are not searched.

    Raises:
        ValueError: the path does not exist, it is a video, or the folder cannot be read or has no image.
    """
    if source.is_dir():
        return _list_folder(source)
    if not source.exists():
        broken = ' (a broken link)' if source.is_symlink() else ''
        raise ValueError(
            f'{printable(source)} does not exist{broken}: give an image or a folder of images (the demo takes videos, '
            'webcam:0 and addresses of streams too).'
        )
    if source.suffix.lower() in VIDEO_SUFFIXES:
        raise ValueError(
            f'{printable(source)} is a video and an image is wanted: use tools/topdown_demo_with_mmdet.py, or '
            f'vitpose_mm.video.predict_video.'
        )
    return ImageFiles([source], Counter())


def _list_folder(folder: Path) -> ImageFiles:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise ValueError(
            f'{printable(folder)} cannot be read ({error.strerror}): allow this user to read it.'
        ) from None
    images: list[Path] = []
    left_out: Counter[str] = Counter()
    for path in entries:
        kind = _kind_of_other_file(path)
        if kind is None:
            images.append(path)
        else:
            left_out[kind] += 1
    files = ImageFiles(images, left_out)
    if not images:
        found = files.describe_left_out() or 'nothing'
        raise ValueError(
            f'{printable(folder)} has no image that can be read, but {found} (subfolders are not searched): '
            f'convert the images to one of {", ".join(sorted(IMAGE_SUFFIXES))}.'
        )
    return files


def _kind_of_other_file(path: Path) -> str | None:
    """Return why a file of a folder is not taken for an image, or None where it is."""
    if path.name.startswith('.'):
        return 'hidden'
    if path.is_dir():
        return 'subfolder'
    if not path.is_file():
        return 'special file' if path.exists() else 'broken link'
    suffix = path.suffix.lower()
    return None if suffix in IMAGE_SUFFIXES else suffix or 'without a suffix'


def read_image(path: Path) -> np.ndarray:
    """Read an image file of any depth and number of channels as (H, W, 3) uint8 BGR, rotated as its EXIF tag says.

    An alpha channel is dropped, 16 bits are scaled to 8, of an animation the first frame is taken.

    Raises:
        ImageError: the file is missing, damaged, truncated, not an image, too large, or of an impossible shape.
    """
    return _decode(open_image(path), path)


def decode_image(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Read the content of an image file as :func:`read_image` reads a file.

    Args:
        data: the content.
        name: what the messages call it.
        max_pixels: largest number of pixels.

    Raises:
        ImageError: as :func:`read_image`.
    """
    return _decode(open_image_bytes(data, name, max_pixels=max_pixels), name)


def _decode(opened: AbstractContextManager[ImageFile.ImageFile], path: Path | str) -> np.ndarray:
    try:
        with opened as file:
            check_for_pillow(path, file)
            file.load()
            ImageOps.exif_transpose(file, in_place=True)
            bgr = _to_bgr(file)
    except ImageError:
        raise
    except Exception as error:  # decoders raise SyntaxError, struct.error, ... for damaged files
        reason = printable(error) or type(error).__name__
        raise ImageError(f'{printable(path)} cannot be read: {reason}.') from error
    height, width = bgr.shape[:2]
    if max(height, width) > min(MAX_SIDE, MAX_ASPECT * min(height, width)):
        raise ImageError(
            f'{printable(path)} is {width} x {height} pixels: cut it, {MAX_SIDE} and a ratio of {MAX_ASPECT} are the '
            f'limit.'
        )
    return bgr


def _to_bgr(image: Image.Image) -> np.ndarray:
    """Convert a PIL image of any mode to (H, W, 3) uint8 BGR."""
    bgr = np.empty((image.height, image.width, 3), np.uint8)
    white = _find_white(image) if image.mode in ('I', 'F') else 65535
    for rows, strip in _strips(image):
        if image.mode.startswith(('I', 'F')):
            grey = _finite(strip) * np.float32(255 / white)
            bgr[rows] = grey.round().clip(0, 255).astype(np.uint8)[..., None]
        else:
            bgr[rows] = np.asarray(strip.convert('RGB'))[..., ::-1]
    return bgr


def _strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """Yield the parts of about STRIP pixels of an image, so that the copies that a conversion makes stay small."""
    height = max(1, STRIP // image.width)
    for top in range(0, image.height, height):
        bottom = min(top + height, image.height)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _find_white(image: Image.Image) -> float:
    """Return the value of white: 32 bits a pixel say nothing of their range, 0..1, 0..255 or 0..65535."""
    highest = max(float(_finite(strip).max()) for _, strip in _strips(image))
    return next((white for white in (1, 255, 65535) if highest <= white), highest)


def _finite(image: Image.Image) -> np.ndarray:
    """Return a grey PIL image as (H, W) float32, NaN as 0."""
    return np.nan_to_num(np.asarray(image, dtype=np.float32))
