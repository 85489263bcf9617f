"""Open the video of an upload, which is on the disk without a name while it is read.

FFmpeg finds out a file's format itself, and some formats name other files, or addresses, that it then reads. So only
files that FFmpeg cannot take for one of these are given to it: their beginnings decide for a container with the
highest certainty that it has.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from starlette.exceptions import HTTPException

from ..video import VideoReader
from .errors import NOT_USABLE
from .settings import ServeSettings

NAME = 'The video'  # what messages call it
BEGINNING = 64  # bytes that are looked at
IMAGES = (b'jp2 ', b'jpx ', b'jxl ')  # kinds of 'ftyp' that FFmpeg is not certain of


def open_upload(file: BinaryIO, settings: ServeSettings) -> VideoReader:
    """Copy an upload, open the copy and remove its name.

    Raises:
        HTTPException: it is not a video, or has too many frames or pixels.
    """
    file.seek(0)
    if not is_container(file.read(BEGINNING)):
        sentence = f'{NAME} is not one that can be read (mp4, mov, webm, mkv, avi or gif): convert it.'
        raise HTTPException(NOT_USABLE, sentence)
    file.seek(0)
    with tempfile.TemporaryDirectory(prefix='video', ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / 'upload'
        with copy.open('wb') as target:
            shutil.copyfileobj(file, target)
        try:
            reader = VideoReader(copy)
        except ValueError as error:
            raise HTTPException(NOT_USABLE, str(error).replace(str(copy), NAME)) from None
    reader.label, reader.max_pixels = NAME, settings.max_pixels
    check_limits(reader, settings)
    return reader


def check_limits(reader: VideoReader, settings: ServeSettings) -> None:
    """Check what a video says of itself.

    Raises:
        HTTPException: it has too many frames or pixels.
    """
    width, height = reader.size
    if width * height > settings.max_pixels:
        limit = f'{settings.max_pixels / 1e6:g} million are the limit'
        raise HTTPException(NOT_USABLE, f'{NAME} has {width} x {height} pixels and {limit}: make it smaller.')
    if reader.num_frames and reader.num_frames > settings.max_frames:
        raise HTTPException(NOT_USABLE, too_many_frames(settings, f'{reader.num_frames}'))


def too_many_frames(settings: ServeSettings, number: str) -> str:
    """Return the sentence about a video with too many frames."""
    return f'{NAME} has {number} frames and {settings.max_frames} are the limit: cut it (--max-frames of the server).'


def is_container(beginning: bytes) -> bool:
    """Whether FFmpeg is certain that a file with this beginning is MP4, QuickTime, Matroska, WebM, AVI or GIF."""
    size = int.from_bytes(beginning[:4], 'big')
    if beginning[4:8] == b'ftyp':
        return 8 <= size < 1 << 16 and beginning[8:12] not in IMAGES
    if beginning[4:8] in (b'moov', b'mdat'):  # QuickTime of before 2001
        return size >= 8
    if beginning.startswith(b'\x1aE\xdf\xa3'):
        return is_matroska(beginning)
    if beginning.startswith((b'GIF87a', b'GIF89a')):
        return b'\0\0' not in (beginning[6:8], beginning[8:10])
    return beginning[:4] == b'RIFF' and beginning[8:12] == b'AVI '


def is_matroska(beginning: bytes) -> bool:
    """Whether the EBML header says so within the length that it has."""
    if beginning[4] & 0x80:
        header = beginning[5 : 5 + (beginning[4] & 0x7F)]
    elif beginning[4] == 1:
        header = beginning[12 : 12 + int.from_bytes(beginning[5:12], 'big')]
    else:
        return False
    return b'webm' in header or b'matroska' in header
