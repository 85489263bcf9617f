from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vitpose_mm.video import VideoReader, VideoWriter, writer
from vitpose_mm.video.writer import CODECS

from .conftest import picture


@pytest.mark.parametrize('codec', CODECS)
def test_what_is_written_can_be_read(tmp_path: Path, codec: str, capfd: pytest.CaptureFixture[str]) -> None:
    if codec == 'h264':
        pytest.importorskip('av')
    path = tmp_path / f'walk{CODECS[codec]}'
    drawn = VideoWriter(path, fps=29.97, codec=codec)
    for index in range(12):
        drawn.write(picture(index), index / 29.97)
    assert not path.exists()
    drawn.close()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    video = VideoReader(path)
    assert video.fps == pytest.approx(29.97, abs=0.01)
    frames = list(video)
    assert len(frames) == 12
    assert max(np.abs(frame.image.astype(int) - picture(frame.index)).mean() for frame in frames) < 6
    assert capfd.readouterr() == ('', '')


@pytest.mark.parametrize('codec', ['vp8', 'h264'])
def test_times_are_kept_at_a_constant_rate(tmp_path: Path, codec: str) -> None:
    if codec == 'h264':
        pytest.importorskip('av')
    path = tmp_path / f'a{CODECS[codec]}'
    drawn = VideoWriter(path, fps=10, codec=codec)
    for index, time in enumerate((5.0, 5.1, 5.11, 5.4, 5.5)):  # the third comes too early for a frame of its own
        drawn.write(picture(4 * index), time)
    drawn.close()
    shown = {}
    for frame in VideoReader(path):
        shown[round(frame.time, 3)] = int(np.flatnonzero(frame.image[38, 16:, 1] > 125)[0]) // 8
    assert [shown[time] for time in (0.0, 0.1, 0.4, 0.5)] == [0, 1, 3, 4]
    assert len(shown) == (6 if codec == 'vp8' else 4)  # H.264 has time stamps, the others a picture for each slot


def test_a_wait_of_hours_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, 'LONGEST_STILL', 0.5)
    drawn = VideoWriter(tmp_path / 'a.webm', fps=10)
    for index, time in enumerate((0.0, 0.1, 7200.1, 7200.2)):
        drawn.write(picture(index), time)
    drawn.close()
    assert len(list(VideoReader(tmp_path / 'a.webm'))) == 2 + 5 + 2


def test_odd_and_changing_sizes(tmp_path: Path) -> None:
    drawn = VideoWriter(tmp_path / 'a.webm', fps=10)
    for index, size in enumerate(((65, 97), (65, 97), (130, 194))):
        drawn.write(np.full((*size, 3), 90, np.uint8), index / 10)
    drawn.close()
    assert [frame.image.shape for frame in VideoReader(tmp_path / 'a.webm')] == [(64, 96, 3)] * 3


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="'xvid' is not known: choose one of vp8, vp9, h264"):
        VideoWriter(tmp_path / 'a.avi', fps=10, codec='xvid')
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'vitpose_mm\[h264\]'"):
        VideoWriter(tmp_path / 'a.mp4', fps=10, codec='h264')
    with pytest.raises(OSError, match='cannot be written'):
        VideoWriter(tmp_path / 'gone' / 'a.webm', fps=10).write(picture(0), 0)
