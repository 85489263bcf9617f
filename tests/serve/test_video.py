"""POST /predict/video: frames with people and track ids, limits in one sentence, and nothing that stays behind."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from tests.helpers.documents import ROOT
from tests.serve.conftest import Client, Start, is_on_block, make_video, send_video, spots
from tests.video.test_demo import check
from vitpose_mm.serve.video_files import is_container
from vitpose_mm.serve.video_route import VideoResponse


def error_of(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.json()['error']


@pytest.mark.parametrize('suffix', ['.mp4', '.webm', '.avi', '.gif'])
def test_a_video_is_answered_frame_by_frame(client: Client, suffix: str) -> None:
    answer = send_video(client, make_video(12, suffix))
    assert answer.status_code == 200 and answer.headers['Content-Type'] == 'application/json'
    content = answer.json()
    check(content, json.loads((ROOT / 'docs' / 'video_results.schema.json').read_text()))
    assert content['video_info'] == {
        'source': 'upload',
        'fps': pytest.approx(25, abs=0.1),
        'num_frames': 12,
        'model': 'first',
        'width': 96,
        'height': 64,
    }
    frames = content['instance_info']
    assert [frame['frame_id'] for frame in frames] == list(range(12))
    assert [frame['time'] for frame in frames] == pytest.approx([i / 25 for i in range(12)], abs=0.011)
    assert [[person['track_id'] for person in frame['instances']] for frame in frames] == [[1]] * 12
    for i, frame in enumerate(frames):
        assert is_on_block(frame['instances'][0]['keypoints'][0], i)
    assert 'error' not in content


def test_model_and_smoothing_are_chosen(client: Client) -> None:
    first, second = (send_video(client, make_video(3), model=name).json() for name in ('first', 'second'))
    assert second['video_info']['model'] == 'second'
    for a, b in zip(first['instance_info'], second['instance_info'], strict=True):
        assert b['instances'][0]['keypoints'][0][0] == a['instances'][0]['keypoints'][0][0] + 1
    smooth = send_video(client, make_video(3), smooth='oneeuro').json()['instance_info']
    assert len(smooth) == 3 and smooth[2] != first['instance_info'][2]


def test_faults_of_the_form(client: Client) -> None:
    video = make_video(2)
    assert error_of(send_video(client, video, format='x'), 400) == (
        "format='x' is not known: json, coco, openpose, csv, lines are."
    )
    assert error_of(send_video(client, video, smooth='x'), 400) == "smooth='x' is not known: oneeuro, savgol are."
    assert error_of(send_video(client, video, model='x'), 400).startswith("model='x' is not served")
    assert error_of(client.post('/predict/video'), 400) == "There is no video: send it as the file 'file' of a form."


def test_a_video_among_images_is_told_where_to_go(client: Client) -> None:
    assert error_of(client.predict(make_video(2)), 422) == 'The file is a video: send it to /predict/video.'
    assert client.predict(make_video(2, '.gif')).status_code == 200  # the first frame


PLAYLIST = b'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname.ts\n#EXT-X-ENDLIST\n'
NOT_ONE = 'The video is not one that can be read (mp4, mov, webm, mkv, avi or gif): convert it.'


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        (b'', NOT_ONE),
        (spots(), NOT_ONE),
        (PLAYLIST, NOT_ONE),
        (b'ID3\x03\0\0\0\0\0\0' + PLAYLIST + b'#' * 3000, NOT_ONE),  # FFmpeg looks behind this tag
        (b'v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n', NOT_ONE),
        (make_video(9)[:300], 'The video cannot be opened: '),
    ],
    ids=['empty', 'image', 'playlist', 'playlist behind a tag', 'stream', 'cut off'],
)
def test_what_is_not_a_video_is_one_sentence(client: Client, content: bytes, sentence: str) -> None:
    said = error_of(send_video(client, content), 422)
    assert said.startswith(sentence) and '/' not in said.replace('.mp4 (H.264)', '')


@pytest.mark.parametrize(
    ('beginning', 'is_one'),
    [
        (b'\0\0\0\x20ftypisom', True),
        (b'\0\0\0\x14ftypqt  ', True),
        (b'\0\0\0\0ftypisom\nc=IN IP4 ', False),  # not an atom: FFmpeg would look for other formats
        (b'\0\0\0\x0cftypjp2 \nc=IN IP4 ', False),
        (b'\0\0\0\x08moov', True),
        (b'\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm', True),
        (b'\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01B\xf7\x81\x01B\x82\x88matroska', True),
        (b'\x1aE\xdf\xa3\x84<MPD dash:profile:webm', False),  # the type is behind the header
        (b'GIF89a\x60\0\x40\0', True),
        (b'GIF89a\0\0\x40\0\nc=IN IP4 ', False),
        (b'RIFF\0\0\0\0AVI LIST', True),
        (b'RIFF\0\0\0\0WAVEfmt ', False),
    ],
)
def test_only_containers_that_ffmpeg_is_certain_of(beginning: bytes, is_one: bool) -> None:
    assert is_container(beginning.ljust(64, b'\0')) == is_one


def test_limits_are_sentences(start: Start) -> None:
    client = start(max_frames=10, max_pixels=90 * 64)
    sentence = 'The video has 96 x 64 pixels and 0.00576 million are the limit: make it smaller.'
    assert error_of(send_video(client, make_video(3)), 422) == sentence
    client = start(max_frames=10)
    sentence = 'The video has 11 frames and 10 are the limit: cut it (--max-frames of the server).'
    assert error_of(send_video(client, make_video(11)), 422) == sentence
    assert len(send_video(client, make_video(10)).json()['instance_info']) == 10
    client = start(max_bytes=1000)
    assert error_of(send_video(client, make_video(3)), 413).endswith('make the image or video smaller.')


def test_a_video_that_does_not_say_how_long_it_is_ends_at_the_limit(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('vitpose_mm.serve.video_files.check_limits', lambda *_: None)
    content = send_video(start(max_frames=10), make_video(30)).json()
    assert len(content['instance_info']) == 10
    assert (
        content['error']
        == 'The video has more than 10 frames and 10 are the limit: cut it (--max-frames of the server).'
    )


def test_a_video_that_takes_too_long_keeps_what_is_there(start: Start) -> None:
    content = send_video(start(seconds=0.2, video_timeout=0.3), make_video(40)).json()
    assert 1 <= len(content['instance_info']) < 40
    assert content['error'] == 'The video took longer than 0.3 s: cut it.'


def test_a_second_video_waits_and_is_refused_when_that_takes_too_long(start: Start) -> None:
    client = start(timeout=0.5)
    gate = client.models['first'].gate
    gate.clear()
    answers: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answers.append(send_video(client, make_video(3))))
    thread.start()
    time.sleep(0.3)
    refused = send_video(client, make_video(3))
    assert error_of(refused, 429) == 'Another video is being worked on: try again in a minute.'
    gate.set()
    thread.join()
    assert len(answers[0].json()['instance_info']) == 3
    assert len(send_video(client, make_video(2)).json()['instance_info']) == 2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    yield tmp_path


def test_nothing_is_on_the_disk_while_frames_are_predicted_and_afterwards(start: Start, folder: Path) -> None:
    client = start(seconds=0.05)
    address = f'{client.address}/predict/video'
    with requests.post(address, files={'file': make_video(200)}, stream=True, timeout=30) as answer:
        assert next(answer.iter_content(10))
        assert list(folder.iterdir()) == []
    assert list(folder.iterdir()) == []


def test_a_client_that_goes_away_ends_its_video(start: Start) -> None:
    client = start(seconds=0.05, max_queue=1, timeout=5)
    with requests.post(
        f'{client.address}/predict/video', files={'file': make_video(500)}, stream=True, timeout=30
    ) as one:
        next(one.iter_content(10))
    deadline = time.monotonic() + 10
    while (answer := client.predict(spots())).status_code == 429:  # its slot is free soon
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answer.status_code == 200
    assert len(send_video(client, make_video(2)).json()['instance_info']) == 2
    assert sum(client.models['first'].batches) < 300


def test_a_client_that_does_not_read_is_not_waited_for() -> None:
    closed: list[str] = []

    async def parts() -> AsyncIterator[str]:
        yield 'a frame'

    async def wait(*_: object) -> Any:
        await asyncio.sleep(60)

    async def answer() -> None:
        stack = ExitStack()
        stack.callback(closed.append, 'closed')
        response = VideoResponse(parts(), stack, seconds=0.1, media_type='application/json')
        await response({'type': 'http', 'asgi': {'spec_version': '2.3'}}, wait, wait)

    begin = time.monotonic()
    asyncio.run(answer())
    assert closed == ['closed'] and time.monotonic() - begin < 30


def test_images_are_answered_while_a_video_is_worked_on(start: Start) -> None:
    client = start(seconds=0.05)
    with requests.post(
        f'{client.address}/predict/video', files={'file': make_video(300)}, stream=True, timeout=30
    ) as one:
        next(one.iter_content(10))
        assert client.predict(spots(), model='second').status_code == 200
        assert sum(client.models['first'].batches) < 300  # it is not at its end


def test_what_fails_in_the_models_is_in_its_frame(client: Client) -> None:
    dark = [np.zeros((64, 96, 3), np.uint8)] * 2
    frames = send_video(client, make_video(3, pictures=dark)).json()['instance_info']
    assert [frame.get('error') for frame in frames] == [None] * 3 + ['image 3: too dark', 'image 4: too dark']
