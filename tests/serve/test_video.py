"""POST /predict/video: frames with people and track ids, limits in one sentence, and nothing that stays behind."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
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
from PIL import Image

from tests.helpers.documents import ROOT
from tests.serve.conftest import Client, Start, is_on_block, make_video, spots
from tests.video.test_demo import check
from vitpose_mm.serve.video_files import is_container
from vitpose_mm.serve.video_route import VideoResponse


def send(client: Client, content: bytes, **fields: str) -> requests.Response:
    return client.post('/predict/video', files={'file': ('../walk.mp4', content)}, data=fields)


def error_of(answer: requests.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.json()['error']


@pytest.mark.parametrize('suffix', ['.mp4', '.webm', '.avi', '.gif'])
def test_a_video_is_answered_frame_by_frame(client: Client, suffix: str) -> None:
    answer = send(client, make_video(12, suffix))
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


def test_lines_with_pictures(client: Client) -> None:
    head, *frames, end = map(json.loads, send(client, make_video(5), format='lines', pictures='true').text.splitlines())
    assert head['video_info']['num_frames'] == 5 and head['meta_info']['num_keypoints'] == 2
    assert end == {'error': None}
    for i, frame in enumerate(frames):
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(frame.pop('picture')))))
        assert picture.shape == (64, 96, 3)
        y, x = np.unravel_index(picture.sum(2).argmax(), picture.shape[:2])
        assert is_on_block((x, y), i)
    assert frames == send(client, make_video(5)).json()['instance_info']


@pytest.mark.parametrize('smooth', ['', 'savgol'])
def test_a_csv_has_a_line_for_each_person_of_a_frame(client: Client, smooth: str) -> None:
    answer = send(client, make_video(12), format='csv', smooth=smooth)
    assert answer.headers['Content-Type'] == 'text/csv; charset=utf-8'
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    frames = send(client, make_video(12), smooth=smooth).json()['instance_info']
    assert len(lines) == len(frames) == 12
    for line, frame in zip(lines, frames, strict=True):
        (person,) = frame['instances']
        assert line.pop('frame_id') == str(frame['frame_id']) and line.pop('person') == '0'
        assert line.pop('track_id') == str(person['track_id']) and float(line.pop('time')) == frame['time']
        (bright, dark), scores = person['keypoints'], person['keypoint_scores']
        numbers = [*person['bbox'], person['bbox_score'], *bright, scores[0], *dark, scores[1]]
        assert list(map(float, line.values())) == numbers
    assert list(lines[0]) == [
        *('x1', 'y1', 'x2', 'y2', 'box_score', 'bright_x', 'bright_y', 'bright_score', 'dark_x', 'dark_y', 'dark_score')
    ]


def test_coco_and_openpose(client: Client) -> None:
    frames = send(client, make_video(3)).json()['instance_info']
    entries = send(client, make_video(3), format='coco').json()
    assert [(entry['image_id'], entry['track_id']) for entry in entries] == [(0, 1), (1, 1), (2, 1)]
    assert entries[2]['bbox'] == [0, 0, 96, 64]
    assert entries[2]['keypoints'][:2] == frames[2]['instances'][0]['keypoints'][0]
    records = send(client, make_video(3), format='openpose').json()
    assert [(record['frame_id'], record['time']) for record in records] == [(0, 0), (1, 0.04), (2, 0.08)]
    (person,) = records[2]['people']
    assert person == {'person_id': [1], 'pose_keypoints_2d': entries[2]['keypoints']}


@pytest.mark.parametrize(('kind', 'text'), [('coco', '[]'), ('csv', 'frame_id,time,person,track_id,x1,y1,x2,y2,')])
def test_nobody_in_a_video(start: Start, monkeypatch: pytest.MonkeyPatch, kind: str, text: str) -> None:
    client = start()
    model = client.models['first']
    monkeypatch.setattr(model.detector, 'detect', lambda images: [np.zeros((0, 5), np.float32)] * len(images))
    monkeypatch.setattr(model._topdown, 'estimate_all', lambda images, *_, **__: [model.nobody() for _ in images])
    answer = send(client, make_video(3), format=kind)
    assert answer.text.startswith(text) and answer.text.count('\n') == 1


@pytest.mark.parametrize('kind', ['csv', 'coco', 'openpose'])
def test_a_format_without_a_place_for_errors_is_cut_off(
    start: Start, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """So that nobody takes a part for the whole."""
    client = start(seconds=0.2, video_timeout=0.3)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(client, make_video(40), format=kind)
    assert 'the answer to a video is cut off: The video took longer than 0.3 s: cut it.' in caplog.text
    dark = [np.zeros((64, 96, 3), np.uint8)] * 2
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send(start(), make_video(3, pictures=dark), format=kind)
    assert 'the answer to a video is cut off: image 3: too dark' in caplog.text
    assert send(client, make_video(1), format=kind).status_code == 200  # its turn is over


def test_model_and_smoothing_are_chosen(client: Client) -> None:
    first, second = (send(client, make_video(3), model=name).json() for name in ('first', 'second'))
    assert second['video_info']['model'] == 'second'
    for a, b in zip(first['instance_info'], second['instance_info'], strict=True):
        assert b['instances'][0]['keypoints'][0][0] == a['instances'][0]['keypoints'][0][0] + 1
    smooth = send(client, make_video(3), smooth='oneeuro').json()['instance_info']
    assert len(smooth) == 3 and smooth[2] != first['instance_info'][2]


def test_faults_of_the_form(client: Client) -> None:
    video = make_video(2)
    assert error_of(send(client, video, format='x'), 400) == (
        "format='x' is not known: json, coco, openpose, csv, lines are."
    )
    assert error_of(send(client, video, smooth='x'), 400) == "smooth='x' is not known: oneeuro, savgol are."
    assert error_of(send(client, video, model='x'), 400).startswith("model='x' is not served")
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
    said = error_of(send(client, content), 422)
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
    assert error_of(send(client, make_video(3)), 422) == sentence
    client = start(max_frames=10)
    sentence = 'The video has 11 frames and 10 are the limit: cut it (--max-frames of the server).'
    assert error_of(send(client, make_video(11)), 422) == sentence
    assert len(send(client, make_video(10)).json()['instance_info']) == 10
    client = start(max_bytes=1000)
    assert error_of(send(client, make_video(3)), 413).endswith('make the image or video smaller.')


def test_a_video_that_does_not_say_how_long_it_is_ends_at_the_limit(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('vitpose_mm.serve.video_files.check_limits', lambda *_: None)
    content = send(start(max_frames=10), make_video(30)).json()
    assert len(content['instance_info']) == 10
    assert (
        content['error']
        == 'The video has more than 10 frames and 10 are the limit: cut it (--max-frames of the server).'
    )


def test_a_video_that_takes_too_long_keeps_what_is_there(start: Start) -> None:
    content = send(start(seconds=0.2, video_timeout=0.3), make_video(40)).json()
    assert 1 <= len(content['instance_info']) < 40
    assert content['error'] == 'The video took longer than 0.3 s: cut it.'


def test_a_second_video_waits_and_is_refused_when_that_takes_too_long(start: Start) -> None:
    client = start(timeout=0.5)
    gate = client.models['first'].gate
    gate.clear()
    answers: list[requests.Response] = []
    thread = threading.Thread(target=lambda: answers.append(send(client, make_video(3))))
    thread.start()
    time.sleep(0.3)
    refused = send(client, make_video(3))
    assert error_of(refused, 429) == 'Another video is being worked on: try again in a minute.'
    gate.set()
    thread.join()
    assert len(answers[0].json()['instance_info']) == 3
    assert len(send(client, make_video(2)).json()['instance_info']) == 2


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
    assert len(send(client, make_video(2)).json()['instance_info']) == 2
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
    frames = send(client, make_video(3, pictures=dark)).json()['instance_info']
    assert [frame.get('error') for frame in frames] == [None] * 3 + ['image 3: too dark', 'image 4: too dark']
