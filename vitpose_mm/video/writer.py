"""Write pictures and their times as a video file that browsers play."""

from __future__ import annotations

import importlib.util
import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from .quiet import quiet_opencv, standard_error_closed

CODECS = {'vp8': '.webm', 'vp9': '.webm', 'h264': '.mp4'}
FOURCC = {'vp8': 'VP80', 'vp9': 'VP90'}
LONGEST_STILL = 10.0  # seconds that a picture stays when the next one is late; longer waits are cut


def check_codec(codec: str) -> None:
    """Raise a ValueError where the codec is not known, or needs a package that is not installed."""
    if codec not in CODECS:
        raise ValueError(f'The codec {codec!r} is not known: choose one of {", ".join(CODECS)}.')
    if codec == 'h264' and importlib.util.find_spec('av') is None:
        raise ValueError("H.264 needs the package av (PyAV): pip install 'vitpose_mm[h264]', or take vp8.")


class Encoder(Protocol):
    """Takes pictures of one size; slots are counted in frames of the constant rate and grow."""

    def write(self, picture: np.ndarray, slot: int) -> None:
        """Show the picture from a slot on."""

    def close(self) -> None:
        """Finish the file."""


class VideoWriter:
    """Write (H, W, 3) uint8 BGR pictures, each shown from its time until that of the next.

    The file has a constant rate; where times vary, pictures stay for several frames or are left out. Until it is closed
    its name ends in '.partial' and the suffix, and what is written by then can be played.

    Args:
        path: file to write, whose suffix is that of the codec.
        fps: frames per second.
        codec: 'vp8' (fast), 'vp9' (five times as slow, smaller), or 'h264' (fastest, with PyAV).

    Raises:
        ValueError: the codec is not known or not there.
    """

    def __init__(self, path: Path, *, fps: float, codec: str = 'vp8') -> None:
        check_codec(codec)
        self.path, self.fps, self.codec = path, fps, codec
        self.partial = path.with_name(f'{path.stem}.partial{path.suffix}')
        self.size: tuple[int, int] | None = None  # (width, height) of the first picture, made even
        self._encoder: Encoder | None = None
        self._slot = -1  # of the last picture
        self._cut = 0.0  # seconds that were left out

    def write(self, picture: np.ndarray, time: float) -> None:
        """Add a picture at a time in seconds; one of another size is resized.

        Raises:
            OSError: the file cannot be written.
        """
        if self._encoder is None or self.size is None:
            self.size = picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2
            self._encoder = self._open(self.size)
            self._cut = time
        late = time - self._cut - (self._slot + 1) / self.fps
        self._cut += max(late - LONGEST_STILL, 0)
        slot = round((time - self._cut) * self.fps)
        if slot > self._slot:
            self._encoder.write(self._fit(picture), slot)
            self._slot = slot

    def _fit(self, picture: np.ndarray) -> np.ndarray:
        """Fit a picture of any size to the video's size."""
        assert self.size is not None
        width, height = self.size
        if (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2) != self.size:
            picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(picture[:height, :width])

    def _open(self, size: tuple[int, int]) -> Encoder:
        if self.codec == 'h264':
            return PyAVEncoder(self.partial, size, self.fps)
        return OpenCVEncoder(self.partial, size, self.fps, fourcc=FOURCC[self.codec])

    def close(self) -> None:
        """Finish the file and give it its name; nothing where there was no picture."""
        if self._encoder is not None:
            self._encoder.close()
            os.replace(self.partial, self.path)
            self._encoder = None


class OpenCVEncoder:
    """VP8 or VP9 in WebM, by the FFmpeg of OpenCV's wheel."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float, *, fourcc: str) -> None:
        self.path = path
        with quiet_opencv(), standard_error_closed():
            self._writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*fourcc), fps, size)
        if not self._writer.isOpened():
            raise OSError(f'{path} cannot be written as a video of {size[0]} x {size[1]} pixels.')
        self._last: np.ndarray | None = None
        self._next = 0

    def write(self, picture: np.ndarray, slot: int) -> None:
        """Write the last picture up to the slot, then this one."""
        last = picture if self._last is None else self._last
        for _ in range(self._next, slot):
            self._writer.write(last)
        self._writer.write(picture)
        self._last, self._next = picture, slot + 1

    def close(self) -> None:
        """Finish the file."""
        self._writer.release()


class PyAVEncoder:
    """H.264 in MP4, by PyAV; in fragments, so that a file without its end can be played."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        import av  # OpenCV first, whose libraries have the same names

        self._av = av
        rate = Fraction(fps).limit_denominator(1001)
        self._container: Any = av.open(
            str(path), 'w', options={'movflags': 'frag_keyframe+empty_moov+default_base_moof'}
        )
        self._stream: Any = self._container.add_stream(
            'libx264', rate=rate, options={'crf': '20', 'preset': 'veryfast'}
        )
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = 'yuv420p'
        self._stream.codec_context.time_base = 1 / rate

    def write(self, picture: np.ndarray, slot: int) -> None:
        """Write the picture with the time stamp of its slot."""
        frame = self._av.VideoFrame.from_ndarray(picture, format='bgr24')
        frame.pts, frame.time_base = slot, self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds back and finish the file."""
        self._container.mux(self._stream.encode())
        self._container.close()
