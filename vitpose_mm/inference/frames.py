"""Read images, folders and arrays lazily, one frame after the other."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..utils.files import printable
from .images import ImageError, list_images, read_image
from .topdown import to_three_channels

Image = str | Path | np.ndarray
MAX_BATCH_PIXELS = 32_000_000  # of all images of a batch, so that large photos do not fill the memory


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image on its way through the predictor.

    Attributes:
        index: of the image among the inputs, from 0.
        name: path as given, or 'image 3' for an array.
        path: of its file; None for an array.
        pixels: (H, W, 3) uint8 BGR; None where it cannot be read.
        boxes: (N, 5) boxes x1, y1, x2, y2 in pixels and score, once they are known.
        track_ids: (N,) of these, or None.
        error: why there is no result, in one sentence.
    """

    index: int
    name: str
    path: Path | None = None
    pixels: np.ndarray | None = None
    boxes: np.ndarray | None = None
    track_ids: np.ndarray | None = None
    error: str | None = None


def read_frames(inputs: Image | Iterable[Image]) -> Iterator[Frame]:
    """Read frames in order, one at a time, from an image, folder, glob pattern, array, or any iterable of these.

    An image of an iterable, a folder or a pattern that cannot be read becomes a frame with an error.

    Args:
        inputs: folders and patterns give their images sorted by name; an array is (H, W, 3) uint8 BGR, grey
            (H, W), or several of these as (B, H, W, 3).

    Raises:
        ValueError: at once, where a path, folder or pattern that is named by itself has no image.
    """
    return _read_each(list_inputs(inputs))


def list_inputs(inputs: Image | Iterable[Image]) -> Iterable[Image]:
    """Resolve what is named by itself: a folder or a pattern into its files; the items of an iterable come as they are.

    Raises:
        ValueError: an input does not exist, or has no images.
    """
    if isinstance(inputs, np.ndarray):
        return list(inputs) if inputs.ndim == 4 else [inputs]
    return expand(inputs) if isinstance(inputs, (str, Path)) else inputs


def expand(source: str | Path) -> list[Path]:
    """Return the image files of an image, folder or glob pattern (``**`` for subfolders), sorted by name.

    Raises:
        ValueError: an input does not exist, or has no images.
    """
    path = Path(source)
    if path.exists() or not glob.has_magic(str(source)):
        return list_images(path).images
    found = sorted(name for name in glob.glob(str(source), recursive=True) if Path(name).is_file())
    if not found:
        raise ValueError(f'{printable(source)} matches no file: look at the pattern and its folder.')
    return [Path(name) for name in found]


def _read_each(items: Iterable[Image]) -> Iterator[Frame]:
    index = 0
    for item in items:
        for image in _expand_item(item):
            yield read_frame(image, index)
            index += 1


def _expand_item(item: Image) -> Iterable[Image]:
    """Return the images that an item of an iterable names; what cannot be resolved stays, and fails when it is read."""
    try:
        is_folder = isinstance(item, (str, Path)) and Path(item).is_dir()
        is_pattern = isinstance(item, str) and not Path(item).exists()
        return expand(item) if is_folder or is_pattern else [item]  # type: ignore[arg-type]
    except (OSError, ValueError):
        return [item]


def read_frame(image: Image, index: int) -> Frame:
    """Read a frame from a file or array, with an error where it cannot be read or is another kind of array."""
    path = Path(image) if isinstance(image, (str, Path)) else None
    name = f'image {index}' if path is None else str(path)
    try:
        pixels = to_three_channels(image) if path is None else read_image(path)  # type: ignore[arg-type]
    except (ImageError, OSError, ValueError) as error:
        return Frame(index=index, name=name, path=path, error=str(error))
    return Frame(index=index, name=name, path=path, pixels=pixels)


def batch_frames(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    """Collect frames into lists of ``size``, fewer where they are large; an exception comes after the last list.

    Each frame whose index is a multiple of ``size`` begins a list, so that a run that continues with one has the same
    lists.
    """
    iterator = iter(frames)
    while True:
        batch: list[Frame] = []
        try:
            batch.append(next(iterator))
            while (batch[-1].index + 1) % size and sum(map(count_pixels, batch)) < MAX_BATCH_PIXELS:
                batch.append(next(iterator))
        except StopIteration:
            if batch:
                yield batch
            return
        except BaseException:
            if batch:
                yield batch
            raise
        yield batch


def count_pixels(frame: Frame) -> int:
    """Return the number of pixels of a frame, 0 where it could not be read."""
    return 0 if frame.pixels is None else frame.pixels.shape[0] * frame.pixels.shape[1]
