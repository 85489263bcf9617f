"""Results of a video on disk: a log that survives a kill, and the json file that is made meanwhile.

The log has a line for each frame, written as soon as it is known: what the models said, with nothing smoothed or
rounded, so that an interrupted run goes on from it with the same tracks and the same figures.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..inference.results import to_plain
from ..utils.files import complete
from ..utils.json_files import parse_line
from .result import VideoResult

MAX_LINE = 1 << 26  # bytes of a frame


class FrameLog:
    """The lines of an earlier run with the same settings, if there is one, and room for those that follow.

    Args:
        path: of the log, ``.jsonl``; one of other settings is replaced.
        settings: all that the models' answers depend on, as JSON holds it.
        resume: False deletes the entries of an earlier run.

    Attributes:
        replaced: whether there was a log of other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, resume: bool = True) -> None:
        self.path = path
        self._header = json.dumps({'settings': settings}, sort_keys=True).encode() + b'\n'
        existed = path.is_file()
        same = resume and existed and self._starts_alike()
        self.replaced = existed and not same
        if not same:
            with complete(path) as part:
                part.write_bytes(self._header)
        self._file: BinaryIO = path.open('r+b')
        self._file.seek(len(self._header))

    def _starts_alike(self) -> bool:
        with self.path.open('rb') as file:
            return file.read(len(self._header)) == self._header

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the entries of the earlier run, up to the first damaged one; new ones are written from there."""
        for frame_id in range(1 << 62):
            begin = self._file.tell()
            entry = _parse(self._file.readline(MAX_LINE))
            if entry is None or entry.get('frame_id') != frame_id:
                self._file.seek(begin)
                self._file.truncate()
                return
            yield entry

    def write(self, result: VideoResult, detections: np.ndarray | None) -> None:
        """Append a frame: its people, and the detector's boxes (N, 5), or None where it was not asked."""
        entry = to_plain(result.to_dict(exact=True))
        entry['detections'] = None if detections is None else detections.tolist()
        self._file.write(json.dumps(entry).encode() + b'\n')
        self._file.flush()  # from here on a kill does not lose it

    def close(self) -> None:
        """Close the file, which stays."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and remove it: all is in the results."""
        self.close()
        self.path.unlink(missing_ok=True)


def _parse(line: bytes) -> dict[str, Any] | None:
    """Parse a line of a log; return None where the line is not whole."""
    if not line.endswith(b'\n'):
        return None
    try:
        entry = parse_line(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


class ResultsFile:
    """A json file of results (docs/video_results.schema.json) that takes one frame after the other."""

    def __init__(self, file: Any) -> None:
        self._file, self._separator = file, '\n'

    def add(self, result: VideoResult) -> None:
        """Write a frame's people."""
        self._file.write(self._separator + json.dumps(to_plain(result.to_dict()), allow_nan=False))
        self._separator = ',\n'


@contextmanager
def open_results(path: Path, metainfo: Mapping[str, Any], video_info: Mapping[str, Any]) -> Iterator[ResultsFile]:
    """Open a file to add frames to, with the keypoint set and what is known of the video; whole when the block ends."""
    for left in path.parent.glob(f'.{glob.escape(path.name)}.*.part'):  # by a run that was killed
        left.unlink(missing_ok=True)
    with complete(path) as part, part.open('w', encoding='utf-8') as file:
        meta = json.dumps(to_plain(metainfo), allow_nan=False)
        file.write(f'{{"meta_info": {meta},\n"video_info": {json.dumps(video_info, allow_nan=False)},\n')
        file.write('"instance_info": [')
        yield ResultsFile(file)
        file.write('\n]}\n')
