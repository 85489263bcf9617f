"""Label Studio's ML backend calls: results in percent, images of the named Label Studio alone."""

from __future__ import annotations

import base64
import gc
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.file_server import serve
from tests.serve.conftest import Client, Start, spots

CONFIG = """<View>
  <RectangleLabels name="box" toName="photo"><Label value="Person"/></RectangleLabels>
  <KeyPointLabels name="point" toName="photo"><Label value="bright"/><Label value="other"/></KeyPointLabels>
  <Image name="photo" value="$picture"/>
</View>"""
IMAGE = 'data:image/png;base64,' + base64.b64encode(spots()).decode()
PREFIX = '/label-studio'


def ask(client: Client, address: str = IMAGE, config: str = CONFIG, **more: object) -> tuple[int, dict]:
    tasks = [{'id': 1, 'data': {'picture': address}}]
    answer = client.post(f'{PREFIX}/predict', json={'tasks': tasks, 'label_config': config, **more})
    return answer.status_code, answer.json()


def test_health_and_setup(client: Client) -> None:
    assert client.get(f'{PREFIX}/health').json()['status'] == 'UP'
    answer = client.post(f'{PREFIX}/setup', json={'project': '1.2', 'schema': CONFIG, 'access_token': 'x'})
    assert answer.json() == {'model_version': 'first'}


def test_a_box_and_the_keypoints_that_the_project_has(client: Client) -> None:
    status, answer = ask(client)
    assert status == 200 and answer['model_version'] == 'first'
    (prediction,) = answer['results']
    box, point = prediction['result']
    shared = {'to_name': 'photo', 'original_width': 40, 'original_height': 30, 'image_rotation': 0}
    assert prediction['score'] == 0.5 and shared.items() <= box.items() and shared.items() <= point.items()
    assert (box['from_name'], box['type'], box['score']) == ('box', 'rectanglelabels', 0.5)
    whole = {'x': 0, 'y': 0, 'width': 100, 'height': 100, 'rotation': 0, 'rectanglelabels': ['Person']}
    assert box['value'] == pytest.approx(whole)
    assert (point['from_name'], point['type'], point['score']) == ('point', 'keypointlabels', 0.75)
    assert point['value']['keypointlabels'] == ['bright']
    assert (point['value']['x'], point['value']['y']) == pytest.approx((700 / 40, 1100 / 30))
    assert point['parentID'] == box['id'] != point['id']


def test_without_boxes_or_names_of_its_own(client: Client) -> None:
    config = '<View><Image name="i" value="$picture"/><KeyPointLabels name="k" toName="i"/></View>'
    regions = ask(client, config=config)[1]['results'][0]['result']
    assert [region['value']['keypointlabels'] for region in regions] == [['bright'], ['dark']]
    assert not any('parentID' in region for region in regions)


def test_the_version_chooses_the_model(client: Client) -> None:
    assert ask(client, model_version='second')[1]['model_version'] == 'second'
    assert ask(client, model_version='2026-01')[1]['model_version'] == 'first'


@pytest.mark.parametrize(
    ('config', 'sentence'),
    [
        ('<View', 'The labelling configuration is not XML'),
        ('<View/>', 'The labelling configuration has no <KeyPointLabels>'),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><View>&b;</View>', 'The labelling configuration has a'),
    ],
)
def test_configurations_that_cannot_be_used(client: Client, config: str, sentence: str) -> None:
    status, answer = ask(client, config=config)
    assert status == 400 and answer['error'].startswith(sentence)


def test_bodies_that_are_none_of_its_own(client: Client) -> None:
    for body in (b'x', b'[' * 50_000, b'[]', b'{}', b'{"tasks": 1, "label_config": ""}', b'\xff'):
        answer = client.post(f'{PREFIX}/predict', data=body)
        assert answer.status_code == 400 and answer.json()['error'], body[:9]
    for task in (1, {}, {'data': 1}, {'data': {'picture': 1}}):
        answer = client.post(f'{PREFIX}/predict', json={'tasks': [task], 'label_config': CONFIG})
        assert answer.status_code == 400 and 'has no image' in answer.json()['error']


@pytest.mark.parametrize(
    'address',
    [
        '/etc/passwd',
        'file:///etc/passwd',
        '/data/local-files/?d=/etc/passwd',
        'http://127.0.0.1:1/x',
        '//127.0.0.1:1/x',
    ],
)
def test_nothing_is_fetched_without_a_label_studio(client: Client, address: str) -> None:
    status, answer = ask(client, address)
    assert status == 400 and 'is not fetched' in answer['error']


def test_images_of_the_named_label_studio(start: Start, tmp_path: Path) -> None:
    (tmp_path / 'a.png').write_bytes(spots())
    with serve(tmp_path) as studio, serve(tmp_path) as other:
        client = start(label_studio=studio.address, timeout=5)
        assert ask(client, '/a.png')[0] == 200
        assert ask(client, f'{studio.address}/a.png')[0] == 200
        assert studio.requests == ['/a.png'] * 2
        elsewhere = f'{other.address}/a.png', f'//{other.address[7:]}/a.png', 'file:///etc/passwd', 'http://[', '//[x]'
        for address in elsewhere:
            assert ask(client, address)[0] == 400
        assert other.requests == []
        status, answer = ask(client, '/missing.png')
        assert status == 422 and 'LABEL_STUDIO_API_KEY' in answer['error']


def test_data_addresses_that_are_not_images(client: Client) -> None:
    for address in ('data:image/png,x', 'data:image/png;base64,???', 'data:'):
        assert ask(client, address)[0] == 400
    assert ask(client, 'data:image/png;base64,AAAA')[0] == 422


def test_large_configurations_are_not_parsed(start: Start) -> None:
    client = start()
    begin = time.monotonic()
    status, content = ask(client, config='<a>' * 1_000_000)
    assert status == 400 and '200,000 are the limit' in content['error']
    assert time.monotonic() - begin < 5
    status, content = ask(client, config='\ud800')
    assert status == 400 and 'not XML' in content['error']


def test_a_waiting_request_keeps_no_more_of_its_body_than_addresses(start: Start, monkeypatch: Any) -> None:
    client = start(max_bytes=50_000_000)
    kept: list[int] = []

    async def count(self: object, address: str) -> bytes:
        gc.collect()
        kept.append(sum(type(one) is dict and type(one.get('filler')) is list for one in gc.get_objects()))
        return base64.b64decode(address.partition(',')[2])

    monkeypatch.setattr('vitpose_mm.serve.task_images.TaskImages.read', count)
    body = {'tasks': [{'data': {'picture': IMAGE}}], 'label_config': CONFIG, 'more': [{'filler': []}] * 100}
    text = json.dumps(body)
    del body
    assert client.post(f'{PREFIX}/predict', data=text).status_code == 200 and kept == [0]
