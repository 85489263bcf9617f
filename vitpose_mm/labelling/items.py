"""List the image and video files of folders and lists to label, in the same order in every process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..inference.images import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from ..utils.counted import counted
from ..utils.image_size import read_image_size


class Items(NamedTuple):
    """What is labelled.

    Attributes:
        paths: paths of images, then of videos, each sorted and once.
        num_videos: number of videos.
        left_out: number of videos of folders that are not labelled.
    """

    paths: list[str]
    num_videos: int = 0
    left_out: int = 0


def list_items(sources: Sequence[str], *, with_videos: bool = False) -> Items:
    """List folders with their subfolders, .txt files with one path per line, images, and videos if these are wanted.

    Raises:
        ValueError: a source does not exist, cannot be read, or is a video and none is wanted; there is no image, or no
            video though some are wanted.
    """
    found = sorted({path for source in sources for path in _expand(Path(source), with_videos=with_videos)})
    videos = [path for path in found if is_video(path)]
    images = [path for path in found if not is_video(path)]
    named = ', '.join(sources)
    if with_videos and not videos:
        raise ValueError(f'{named}: no videos found ({", ".join(sorted(VIDEO_SUFFIXES))}): leave --every out.')
    if not with_videos and not images:
        hint = f'; to label the {counted(len(videos), "video")}, give --every N' if videos else ''
        raise ValueError(f'{named}: no images found ({", ".join(sorted(IMAGE_SUFFIXES))}){hint}.')
    if bad := next((path for path in found if '\n' in path or not _is_text(path)), None):
        raise ValueError(f'{bad!r} has a name that is not text in one line: rename the file.')
    return Items(images + videos, len(videos)) if with_videos else Items(images, 0, len(videos))


def is_video(path: str) -> bool:
    """Return whether a path is that of a video, by its suffix."""
    return os.path.splitext(path)[1].lower() in VIDEO_SUFFIXES


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _expand(source: Path, *, with_videos: bool) -> Iterator[str]:
    if source.is_dir():
        yield from _walk(source)
        return
    if not source.is_file():
        raise ValueError(f'{source} does not exist: give folders, images, videos, or .txt files of one path per line.')
    suffix = source.suffix.lower()
    if suffix not in IMAGE_SUFFIXES | VIDEO_SUFFIXES | {'.txt'}:
        read_image_size(source)  # it is an image, whatever it is called, or says that it is not
    for path in _read_list(source) if suffix == '.txt' else [str(source)]:
        if is_video(path) and not with_videos:
            raise ValueError(f'{path} is a video: give --every N to label every Nth of its frames.')
        yield path


def _walk(folder: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise ValueError(f'{error.filename} cannot be read ({error.strerror}): allow this user to read it.') from None

    for root, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith('.')]
        for name in files:
            if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES and not name.startswith('.'):
                yield os.path.join(root, name)


def _read_list(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{file} cannot be read ({error}): it has to be UTF-8 text with one path per line.') from None
    paths = [line.strip() for line in lines if line.strip()]
    if paths and not any(os.path.isfile(path) for path in paths):
        raise ValueError(
            f'{file} lists no file that exists, the first line is {paths[0][:200]!r}: give one path per line, as seen '
            'from the folder that this is run in.'
        )
    return paths
