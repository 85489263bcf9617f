"""The formats of POST /predict/video: lines, CSV, COCO and OpenPose, and what each does where frames are missing."""

from __future__ import annotations

import base64
import csv
import io
import json

import numpy as np
import pytest
import requests
from PIL import Image

from tests.serve.conftest import Client, Start, is_on_block, make_video, send_video


def test_lines_with_pictures(client: Client) -> None:
    head, *frames, end = map(
        json.loads, send_video(client, make_video(5), format='lines', pictures='true').text.splitlines()
    )
    assert head['video_info']['num_frames'] == 5 and head['meta_info']['num_keypoints'] == 2
    assert end == {'error': None}
    for i, frame in enumerate(frames):
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(frame.pop('picture')))))
        assert picture.shape == (64, 96, 3)
        y, x = np.unravel_index(picture.sum(2).argmax(), picture.shape[:2])
        assert is_on_block((x, y), i)
    assert frames == send_video(client, make_video(5)).json()['instance_info']


@pytest.mark.parametrize('smooth', ['', 'savgol'])
def test_a_csv_has_a_line_for_each_person_of_a_frame(client: Client, smooth: str) -> None:
    answer = send_video(client, make_video(12), format='csv', smooth=smooth)
    assert answer.headers['Content-Type'] == 'text/csv; charset=utf-8'
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    frames = send_video(client, make_video(12), smooth=smooth).json()['instance_info']
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
    frames = send_video(client, make_video(3)).json()['instance_info']
    entries = send_video(client, make_video(3), format='coco').json()
    assert [(entry['image_id'], entry['track_id']) for entry in entries] == [(0, 1), (1, 1), (2, 1)]
    assert entries[2]['bbox'] == [0, 0, 96, 64]
    assert entries[2]['keypoints'][:2] == frames[2]['instances'][0]['keypoints'][0]
    records = send_video(client, make_video(3), format='openpose').json()
    assert [(record['frame_id'], record['time']) for record in records] == [(0, 0), (1, 0.04), (2, 0.08)]
    (person,) = records[2]['people']
    assert person == {'person_id': [1], 'pose_keypoints_2d': entries[2]['keypoints']}


@pytest.mark.parametrize(('kind', 'text'), [('coco', '[]'), ('csv', 'frame_id,time,person,track_id,x1,y1,x2,y2,')])
def test_nobody_in_a_video(start: Start, monkeypatch: pytest.MonkeyPatch, kind: str, text: str) -> None:
    client = start()
    model = client.models['first']
    monkeypatch.setattr(model.detector, 'detect', lambda images: [np.zeros((0, 5), np.float32)] * len(images))
    monkeypatch.setattr(model._topdown, 'estimate_all', lambda images, *_, **__: [model.nobody() for _ in images])
    answer = send_video(client, make_video(3), format=kind)
    assert answer.text.startswith(text) and answer.text.count('\n') == 1


@pytest.mark.parametrize('kind', ['csv', 'coco', 'openpose'])
def test_a_format_without_a_place_for_errors_is_cut_off(
    start: Start, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """So that nobody takes a part for the whole."""
    client = start(seconds=0.2, video_timeout=0.3)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send_video(client, make_video(40), format=kind)
    assert 'the answer to a video is cut off: The video took longer than 0.3 s: cut it.' in caplog.text
    dark = [np.zeros((64, 96, 3), np.uint8)] * 2
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        send_video(start(), make_video(3, pictures=dark), format=kind)
    assert 'the answer to a video is cut off: image 3: too dark' in caplog.text
    assert send_video(client, make_video(1), format=kind).status_code == 200  # its turn is over
