"""Images that cannot be read: the errors that mean this, and how the main process is told."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any, NamedTuple

from mmcv.transforms import LoadImageFromFile

# metainfo key of a sample that replaces others
META_KEY = 'unreadable_images'


class CorruptImage(NamedTuple):
    """A file that could not be read, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f'{self.path} ({self.reason})'


def find_corrupt_image(error: BaseException) -> CorruptImage | None:
    """Return the image file that a pipeline's error is about, None where it is about something else.

    Only errors raised below MMPose's LoadImage count: missing, empty, truncated or undecodable files.
    Wrong bytes inside a JPEG are not an error for cv2, which decodes what it can; such an image is trained on.
    """
    if isinstance(error, MemoryError):
        return None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if isinstance(frame.f_locals.get('self'), LoadImageFromFile):
            path = (frame.f_locals.get('results') or {}).get('img_path')
            return CorruptImage(str(path), _first_reason(error))
    return None


def _first_reason(error: BaseException) -> str:
    # LoadImage raises its own error from inside the handler of the first one, which is to the point
    first = error.__context__ or error
    line = next(iter(str(first).strip().splitlines()), '')
    return f'{type(first).__name__}: {line[:120]}'


def record_corrupt_images(sample: Any, files: Sequence[CorruptImage]) -> Any:
    """Write the files that a sample replaces into its metainfo."""
    return set_metainfo(sample, META_KEY, [tuple(file) for file in files])


def set_metainfo(sample: Any, key: str, value: Any) -> Any:
    """Write something into the metainfo of a packed sample, or into a raw dict."""
    if 'data_samples' in sample:
        sample['data_samples'].set_metainfo({key: value})
    else:
        sample[key] = value
    return sample


def read_corrupt_images(data_samples: Sequence[Any]) -> list[CorruptImage]:
    """Return the files that the samples of a batch replace."""
    return [CorruptImage(*file) for sample in data_samples for file in sample.metainfo.get(META_KEY, ())]
