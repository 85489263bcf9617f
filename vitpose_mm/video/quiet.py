"""Keep OpenCV's and FFmpeg's own lines out of the terminal; what went wrong is said in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Nothing is said while a video is opened, and FFmpeg says nothing from its first use on."""
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # OpenCV looks once, when FFmpeg is used first
    level = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)


@contextmanager
def standard_error_closed() -> Iterator[None]:
    """Discard the standard error of this process in a block: OpenCV logs there that it does not know WebM's tags."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
