from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.helpers.file_server import serve
from vitpose_mm.video import VideoReader, reader
from vitpose_mm.video.reader import Clock, is_video

from .conftest import QUARTER, SIZE, UNTURNED, picture


@pytest.mark.parametrize('name', ['walk.mp4', 'walk.webm'])
def test_frames_and_times(write_video: Callable[..., Path], name: str) -> None:
    video = VideoReader(write_video(name=name, fps=30000 / 1001))
    assert (video.name, video.num_frames) == ('walk', 20)
    assert video.fps == pytest.approx(29.97, abs=0.01)
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(20) / video.fps, atol=2e-3)
    assert np.abs(frames[7].image.astype(int) - picture(7)).mean() < 6
    assert video.ended_early is None
    assert len(list(video)) == 20  # again from the first


def test_every_third_frame_from_the_seventh(write_video: Callable[..., Path]) -> None:
    video = VideoReader(write_video())
    frames = list(video)
    some = list(video.read(first=7, every=3))
    assert [frame.index for frame in some] == [7, 10, 13, 16, 19] and video.num_read == 20
    for frame in some:
        assert frame.time == frames[frame.index].time
        np.testing.assert_array_equal(frame.image, frames[frame.index].image)


def test_a_phones_video_is_upright(write_video: Callable[..., Path]) -> None:
    path = write_video()
    data = path.read_bytes()
    assert data.count(UNTURNED) == 2  # of the film and of its track
    at = data.rindex(UNTURNED)
    path.write_bytes(data[:at] + QUARTER + data[at + len(QUARTER) :])
    image = next(iter(VideoReader(path))).image
    assert image.shape == (SIZE[0], SIZE[1], 3)
    red = [image[y, x, 2] > 150 for y, x in ((5, 5), (5, -5), (-5, 5), (-5, -5))]
    assert red == [False, True, False, False]  # what was at the left above is at the right above, clockwise


@pytest.mark.parametrize('jump', [1e18, 9e15, 2e8])
def test_times_grow_after_a_stamp_of_the_far_future(jump: float) -> None:
    """A file can hold one of 300 million years, to which a frame's 33 milliseconds add nothing."""
    clock = Clock(30.0)
    times = [clock.tick(stamp) for stamp in (0, 33, jump, jump, 100, jump * 2, 200, 300)]
    assert all(after > before for before, after in pairwise(times)) and times[-1] < 1


def test_times_of_a_stream_go_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.time, 'monotonic', iter([5.0, 5.5, 500_000.0]).__next__)
    clock = Clock(30.0, live=True)
    assert [clock.tick(0) for _ in range(3)] == [0, 0.5, 499_995]


def test_a_varying_rate_goes_by_time_stamps(tmp_path: Path) -> None:
    av = pytest.importorskip('av')
    stamps = [0, 40, 80, 500, 540, 1500]
    container = av.open(str(tmp_path / 'phone.mp4'), 'w')
    stream = container.add_stream('libx264', rate=30)
    stream.width, stream.height, stream.pix_fmt = *SIZE, 'yuv420p'
    stream.codec_context.time_base = Fraction(1, 1000)
    for index, stamp in enumerate(stamps):
        frame = av.VideoFrame.from_ndarray(picture(index), format='bgr24')
        frame.pts, frame.time_base = stamp, Fraction(1, 1000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
    container.close()
    times = [frame.time for frame in VideoReader(tmp_path / 'phone.mp4')]
    np.testing.assert_allclose(times, np.array(stamps) / 1000, atol=1e-6)


def test_a_truncated_video_gives_what_is_there(write_video: Callable[..., Path]) -> None:
    path = write_video(60, name='walk.webm')
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    video = VideoReader(path)
    count = len(list(video))
    assert 10 < count < 50
    assert video.ended_early == f'{path} ended after {count} of 60 frames: it is damaged, or cut off.'


def test_refusals(write_video: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'junk.mp4').write_bytes(b'junk' * 1000)
    os.mkfifo(tmp_path / 'pipe.mp4')
    for name, message in (
        ('gone.mp4', r'gone\.mp4 does not exist: give a video file'),
        ('junk.mp4', r'junk\.mp4 cannot be opened: it is not a video'),
        ('pipe.mp4', r'pipe\.mp4 is not a regular file'),
    ):
        with pytest.raises(ValueError, match=message):
            VideoReader(tmp_path / name)
    with pytest.raises(ValueError, match='webcam:99 cannot be opened: check that it is connected'):
        VideoReader('webcam:99')
    monkeypatch.setattr(reader, 'MAX_PIXELS', 6000)
    with pytest.raises(ValueError, match='has 96 x 64 pixels, the limit is 6,000'):
        VideoReader(write_video())


@pytest.mark.parametrize(
    'text',
    [
        '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{}\n#EXT-X-ENDLIST\n',
        'ffconcat version 1.0\nfile {}\n',
        'ID3\3\0\0\0\0\0\n' + '\0' * 10 + '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n',
        'ID3\3\0\0\0\0\0\n' + '\0' * 10 + 'ffconcat version 1.0\nfile private.mp4\n',
        's={}\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n',
    ],
    ids=['hls', 'concat', 'hls behind a tag', 'concat behind a tag', 'sdp'],
)
def test_a_list_of_other_files_is_not_followed(write_video: Callable[..., Path], tmp_path: Path, text: str) -> None:
    private = write_video(name='private.mp4')
    (tmp_path / 'walk.mp4').write_text(text.format(private))
    with pytest.raises(ValueError, match=r'walk\.mp4 is a list of other files'):
        VideoReader(tmp_path / 'walk.mp4')


def test_a_frame_that_is_too_large_ends_the_video(write_video: Callable[..., Path]) -> None:
    """Frames may grow behind the first one, by which the file was checked."""
    reader = VideoReader(write_video(4))
    assert reader.size == SIZE
    reader.max_pixels = SIZE[0] * SIZE[1] - 1
    assert list(reader) == []
    assert reader.ended_early and reader.ended_early.endswith('ended at frame 0: 96 x 64 pixels are too many.')


def test_nothing_is_printed_for_bad_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'junk.mp4').write_bytes(b'junk' * 1000)
    with pytest.raises(ValueError, match='cannot be opened'):
        VideoReader(tmp_path / 'junk.mp4')
    assert capfd.readouterr() == ('', '')


def test_a_stream_ends_when_its_server_does(write_video: Callable[..., Path], tmp_path: Path) -> None:
    path = write_video(name='walk.webm')
    with serve(tmp_path) as server:
        video = VideoReader(f'{server.address}/{path.name}')
        frames = list(video)
    assert (video.is_file, video.num_frames, video.name) == (False, None, '127.0.0.1_walk')
    assert [frame.index for frame in frames] == list(range(20))
    assert all(a.time < b.time for a, b in pairwise(frames))
    assert video.ended_early == f'{server.address}/walk.webm ended after 20 frames.'


def test_a_stream_without_a_frame(write_video: Callable[..., Path], tmp_path: Path) -> None:
    path = write_video(2, name='walk.webm')
    with serve(tmp_path) as server:
        video = VideoReader(f'{server.address}/{path.name}')
        video._capture = SimpleNamespace(grab=lambda: False, release=lambda: None)
        assert list(video) == []
    assert video.ended_early and ' no frame came: it sent nothing, or nothing that OpenCV decodes' in video.ended_early


def test_passwords_of_streams_are_not_shown() -> None:
    with pytest.raises(ValueError) as caught:
        VideoReader('rtsp://me:secret@127.0.0.1:9/hall/door?key=secret')
    assert 'rtsp://127.0.0.1:9/hall/door cannot be opened' in str(caught.value)
    assert 'secret' not in str(caught.value)
    assert (
        reader.describe('rtsp://me:secret@127.0.0.1:9/hall/door?key=secret', is_stream=True)[1] == '127.0.0.1_hall_door'
    )


def test_clock() -> None:
    clock = Clock(10)
    assert [clock.tick(stamp) for stamp in (500, 600, 600, 700, 0, 2500)] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 2.0])


def test_what_is_a_video(tmp_path: Path) -> None:
    (tmp_path / 'folder.mp4').mkdir()
    videos = ['a.MP4', 'webcam:0', 'rtsp://camera/1', 'https://example.org/a']
    assert [is_video(source) for source in videos] == [True] * 4
    assert [is_video(source) for source in ('a.jpg', 'webcam:x', str(tmp_path / 'folder.mp4'), 'frames')] == [False] * 4
