"""Any image file -> (H, W, 3) uint8 BGR pixels, upright; and which files of a folder are images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.gif', '.ppm', '.pgm', '.pnm', '.jp2')
)
VIDEO_SUFFIXES = frozenset(('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv', '.flv'))
MAX_SIDE = 32_000  # OpenCV's warpAffine takes less than 2 ** 15
MAX_ASPECT = 100  # beyond it a detector's resized image has sides of no pixel


class ImageError(ValueError):
    """One image that cannot be used; the message names it."""


def list_images(source: Path) -> list[Path]:
    """An image file or a folder -> the image files in it, sorted by name; subfolders are not searched.

    Raises:
        ValueError: nothing is there, it is a video, or the folder has no image.
    """
    if source.is_dir():
        files = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith('.'))
        images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
        if not images:
            raise ValueError(
                f'{source} has no image: {len(files)} files were looked at (subfolders are not searched), '
                f'none ends in {", ".join(sorted(IMAGE_SUFFIXES))}.'
            )
        return images
    if not source.exists():
        raise ValueError(f'{source} does not exist: --input takes an image or a folder of images.')
    if source.suffix.lower() in VIDEO_SUFFIXES:
        raise ValueError(
            f'{source} is a video, which this demo does not read yet: take it apart first '
            f'(ffmpeg -i {source.name} frames/%05d.jpg) and give the folder.'
        )
    return [source]


def read_image(path: Path) -> np.ndarray:
    """Image file of any depth and number of channels -> (H, W, 3) uint8 BGR, upright by its EXIF note.

    An alpha channel is dropped, 16 bits are scaled to 8, of an animation the first frame is taken.

    Raises:
        ImageError: the file is missing, damaged, truncated, no image, or of an impossible shape.
    """
    try:
        with Image.open(path) as file:
            file.load()
            rgb = _to_rgb(ImageOps.exif_transpose(file))
    except UnidentifiedImageError as error:
        raise ImageError(f'{path} is no image that can be read (empty, damaged or another format).') from error
    except Exception as error:  # decoders raise SyntaxError, struct.error, ... for damaged files
        raise ImageError(f'{path} cannot be read: {str(error) or type(error).__name__}.') from error
    height, width = rgb.shape[:2]
    if max(height, width) > min(MAX_SIDE, MAX_ASPECT * min(height, width)):
        raise ImageError(
            f'{path} is {width} x {height} pixels: cut it, {MAX_SIDE} and a ratio of {MAX_ASPECT} are the limit.'
        )
    return np.ascontiguousarray(rgb[..., ::-1])


def _to_rgb(image: Image.Image) -> np.ndarray:
    """PIL image of any mode -> (H, W, 3) uint8 RGB."""
    if image.mode.startswith('I;16'):
        return _grey_to_rgb(np.asarray(image, dtype=np.float32) * (255 / 65535))
    if image.mode in ('I', 'F'):  # 32 bits say nothing of their range: 0..1, 0..255 or 0..65535
        grey = np.nan_to_num(np.asarray(image, dtype=np.float32))
        top = next((top for top in (1, 255, 65535) if grey.max() <= top), grey.max())
        return _grey_to_rgb(grey * (255 / top))
    return np.asarray(image.convert('RGB'))


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    """(H, W) float in 0..255 -> (H, W, 3) uint8."""
    return np.repeat(grey.round().clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
