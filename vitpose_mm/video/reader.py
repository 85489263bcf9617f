"""Read upright frames with their times of a video file, webcam or network stream, by OpenCV's FFmpeg."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from ..inference.images import VIDEO_SUFFIXES
from ..utils.counted import counted, part_of
from ..utils.image_size import MAX_PIXELS
from .quiet import quiet_opencv

STREAMS = ('rtsp', 'rtsps', 'rtmp', 'rtmps', 'http', 'https', 'udp', 'rtp', 'srt', 'tcp')
WEBCAM = re.compile(r'webcam:(\d{1,3})')
DEFAULT_FPS = 30.0  # of sources that do not say
FPS_RANGE = (0.1, 1000.0)  # what a source may say; some say 90,000
# beginnings of files that list other files, which FFmpeg would read, by whatever name: HLS, concat, DASH, SDP;
# FFmpeg looks for them behind the tag of a sound file (ID3) too
PLAYLISTS = (b'#EXTM3U', b'ffconcat', b'<?xml', b'<MPD', b'v=0', b'ID3')
SESSION = re.compile(rb'^c=IN IP', re.MULTILINE)  # SDP, by which FFmpeg takes a file for it wherever the line is
PROBED = 1 << 20  # bytes that FFmpeg looks at
LONGEST_GAP = 86_400.0  # seconds between two frames of a file
TIMEOUT = 10_000  # milliseconds without data from a stream


@dataclass(frozen=True)
class VideoFrame:
    """One frame.

    Attributes:
        index: in the video, from 0.
        time: seconds since the first frame.
        image: (H, W, 3) uint8 BGR, upright.
    """

    index: int
    time: float
    image: np.ndarray = field(repr=False)


def is_video(source: str) -> bool:
    """Whether a source is a video file by its suffix, a webcam ('webcam:0') or the address of a stream."""
    if WEBCAM.fullmatch(source) or urlsplit(source).scheme in STREAMS:
        return True
    return Path(source).suffix.lower() in VIDEO_SUFFIXES and not Path(source).is_dir()


class VideoReader:
    """Iterate over the frames of a video, from the first.

    Args:
        source: a file, 'webcam:0', or the address of a stream such as 'rtsp://camera/1'.

    Attributes:
        name: of the source, without suffix or password, fit for the name of a file.
        fps: frames per second, on average where the rate varies.
        size: (width, height) of the frames, pixels, as the source says.
        max_pixels: of a frame; a larger one ends the video.
        num_frames: what the file says, or None (a stream).
        num_read: after iterating, the number of frames that were there.
        ended_early: after iterating, why the video ended before its end, in one sentence; None where it did not.

    Raises:
        ValueError: there is no such source, it is not a video that OpenCV reads, or its frames are too large.

    Example:
        >>> for frame in VideoReader('walk.mp4'):
        ...     print(frame.index, frame.time, frame.image.shape)
    """

    def __init__(self, source: str | Path) -> None:
        self.source = str(source)
        self.webcam = WEBCAM.fullmatch(self.source)
        self.is_stream = self.webcam is None and urlsplit(self.source).scheme in STREAMS
        self.is_file = not (self.webcam or self.is_stream)
        self.label, self.name = describe(self.source, is_stream=self.is_stream)
        self.num_read = 0
        self.ended_early: str | None = None
        self.max_pixels = MAX_PIXELS
        self._capture: Any = self._open()
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = rate if FPS_RANGE[0] <= rate <= FPS_RANGE[1] else DEFAULT_FPS
        self.size = get_size(self._capture)
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.num_frames = count if self.is_file and count > 0 else None

    def _open(self) -> Any:
        """Open OpenCV's capture of a source.

        Raises:
            ValueError: it cannot be opened, or its frames are too large.
        """
        if self.is_file:
            check_file(Path(self.source))
        with quiet_opencv():
            if self.webcam:
                capture = cv2.VideoCapture(int(self.webcam[1]))
            else:  # FFmpeg only: others would take a name for a pattern of images or start a pipeline
                limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT]
                capture = cv2.VideoCapture(self.source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            if self.is_file:
                fix = 'it is not a video that OpenCV reads, or is cut off; copy it again, or convert it to .mp4 (H.264)'
            else:
                fix = 'check that it is connected and that no other program uses it'
            raise ValueError(f'{self.label} cannot be opened: {fix}.')
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)  # OpenCV 4.11 does not rotate videos of phones by default
        width, height = get_size(capture)
        if width * height > MAX_PIXELS:
            raise ValueError(
                f'{self.label} has {width} x {height} pixels, the limit is {MAX_PIXELS:,}: make it smaller.'
            )
        return capture

    def __iter__(self) -> Iterator[VideoFrame]:
        return self.read()

    def read(self, *, first: int = 0, every: int = 1) -> Iterator[VideoFrame]:
        """Iterate over the frames of indices ``first``, ``first + every``, ..; those between them are not converted."""
        capture, self._capture = self._capture or self._open(), None
        clock = Clock(self.fps, live=not self.is_file)
        index = 0
        try:
            while capture.grab():
                moment = clock.tick(capture.get(cv2.CAP_PROP_POS_MSEC))
                if index >= first and (index - first) % every == 0:
                    found, image = capture.retrieve()
                    if not found or self._is_too_large(image, index):
                        break
                    yield VideoFrame(index, moment, image)
                index += 1
        except cv2.error as error:
            self.ended_early = f'{self.label} ended at frame {index}, which cannot be decoded ({error.err}).'
        finally:
            capture.release()
        self.num_read = index
        self.ended_early = self.ended_early or self._missing(index)

    def _is_too_large(self, image: np.ndarray, index: int) -> bool:
        """Whether a frame is larger than allowed; one may be larger than the first."""
        height, width = image.shape[:2]
        if width * height <= self.max_pixels:
            return False
        self.ended_early = f'{self.label} ended at frame {index}: {width} x {height} pixels are too many.'
        return True

    def _missing(self, count: int) -> str | None:
        """Say in one sentence what is missing of the frames that the source promised."""
        if not count and self.num_frames is None:
            return f'{self.label}: no frame came: it sent nothing, or nothing that OpenCV decodes; check the source.'
        if not self.is_file:
            return f'{self.label} ended after {counted(count, "frame")}.'
        if self.num_frames is None or count >= min(self.num_frames - 3, 0.98 * self.num_frames):
            return None  # the count of some files is an estimate
        return f'{self.label} ended after {part_of(count, self.num_frames, "frame")}: it is damaged, or cut off.'


class Clock:
    """Turns what a source says of the times of its frames into seconds that grow from 0 with every frame."""

    def __init__(self, fps: float, *, live: bool = False) -> None:
        self.fps, self.live = fps, live
        self.first: float | None = None
        self.last = -1 / fps

    def tick(self, milliseconds: float) -> float:
        """Return the seconds of a frame's time stamp; those of live frames are when they came."""
        now = time.monotonic() if self.live else milliseconds / 1000
        if self.first is None:
            self.first = now
        moment = now - self.first
        # there are no stamps, they go back, or a file's are so far ahead that adding a frame would not change them
        if moment <= self.last or (not self.live and moment > self.last + LONGEST_GAP):
            moment = self.last + 1 / self.fps
        self.last = moment
        return moment


def get_size(capture: Any) -> tuple[int, int]:
    """Return the width and height of a capture's frames, pixels."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def check_file(path: Path) -> None:
    """Raise a ValueError where there is no regular file to read, or one that names other files."""
    if not path.exists():
        raise ValueError(f"{path} does not exist: give a video file, 'webcam:0' or the address of a stream.")
    if not path.is_file():
        raise ValueError(f'{path} is not a regular file: give the video itself.')
    try:
        with path.open('rb') as file:
            beginning = file.read(PROBED).lstrip(b'\xef\xbb\xbf \t\r\n')
    except OSError as error:
        raise ValueError(f'{path} cannot be read ({error.strerror}): allow this user to read it.') from None
    if beginning.startswith(PLAYLISTS) or SESSION.search(beginning):
        raise ValueError(f'{path} is a list of other files, or of sound, and not a video: give the video itself.')


def describe(source: str, *, is_stream: bool) -> tuple[str, str]:
    """Return what messages call a source and a name for files of results, both without a password."""
    if not is_stream:
        name = Path(source).resolve().stem if not WEBCAM.fullmatch(source) else source.replace(':', '_')
        return source, name
    url = urlsplit(source)
    place = url.hostname or 'stream'
    label = f'{url.scheme}://{place}{f":{url.port}" if url.port else ""}{url.path}'
    name = re.sub(r'[^\w.-]+', '_', f'{place}{Path(url.path).with_suffix("")}').strip('_')
    return label, name[:100]
