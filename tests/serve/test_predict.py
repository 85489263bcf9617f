"""POST /predict, GET /info and /health: answers, forms, and every fault of a request in one sentence."""

from __future__ import annotations

import base64
import csv
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.serve.conftest import Client, spots


def test_an_image_is_answered_with_its_people(client: Client) -> None:
    answer = client.predict(spots())
    assert answer.status_code == 200
    assert answer.json() == {
        'model': 'first',
        'width': 40,
        'height': 30,
        'instances': [
            {
                'keypoints': [[7.0, 11.0], [20.0, 3.0]],
                'keypoint_scores': [0.75, 0.25],
                'bbox': [0.0, 0.0, 40.0, 30.0],
                'bbox_score': 0.5,
            }
        ],
    }


def test_the_model_is_chosen(client: Client) -> None:
    answer = client.predict(spots(), model='second').json()
    assert (answer['model'], answer['instances'][0]['keypoints'][0]) == ('second', [8.0, 11.0])


def test_other_forms(client: Client) -> None:
    (entry,) = client.predict(spots(), format='coco').json()
    assert entry['keypoints'] == [7, 11, 0.75, 20, 3, 0.25] and entry['bbox'] == [0, 0, 40, 30]
    people = client.predict(spots(), format='openpose').json()['people']
    assert people[0]['pose_keypoints_2d'] == [7, 11, 0.75, 20, 3, 0.25]
    (line,) = csv.DictReader(io.StringIO(client.predict(spots(), format='csv').text))
    assert (float(line['bright_x']), float(line['dark_score'])) == (7, 0.25)


def test_a_heatmap_where_it_is_asked_for(client: Client) -> None:
    address = client.predict(spots(), heatmap='true').json()['heatmap']
    heat = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.removeprefix('data:image/png;base64,')))))
    assert heat.shape == (30, 40)
    assert np.unravel_index(heat.argmax(), heat.shape) == (11, 7)
    assert 'heatmap' not in client.predict(spots()).json()


def test_pixels_are_read_as_everywhere(client: Client) -> None:
    """An EXIF orientation is followed."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.new('RGB', (40, 30), 'red').save(file, 'jpeg', exif=exif)
    answer = client.predict(file.getvalue()).json()
    assert (answer['width'], answer['height']) == (30, 40)


def bomb() -> bytes:
    """A PNG whose header says 20,000 x 20,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = chunk(b'IHDR', struct.pack('>IIBBBBB', 20_000, 20_000, 8, 2, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT', zlib.compress(bytes(100))) + chunk(b'IEND', b'')


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        (b'', 'The file is not an image that can be read (empty, damaged or another format).'),
        (b'%!PS-Adobe-3.0 EPSF-3.0', 'The file is not an image that can be read (empty, damaged or another format).'),
        (spots()[:60], 'The file cannot be read: '),
        (bomb(), 'The file has '),
        (spots((1001, 1000)), 'The file has 1001 x 1000 pixels and 1 million are the limit: make the image smaller.'),
    ],
    ids=['empty', 'other format', 'cut off', 'bomb', 'too many pixels'],
)
def test_what_is_not_an_image_is_one_sentence(client: Client, content: bytes, sentence: str) -> None:
    answer = client.predict(content, name='/etc/passwd')
    assert answer.status_code == 422
    assert answer.json()['error'].startswith(sentence)
    assert 'passwd' not in answer.text and 'tmp' not in answer.text


def test_faults_of_the_form(client: Client) -> None:
    def error(status: int, **options: object) -> str:
        answer = client.post('/predict', **options)
        assert answer.status_code == status, answer.text
        return answer.json()['error']

    assert error(400) == "There is no image: send it as the file 'file' of a form."
    assert error(400, data={'file': '/etc/passwd'}) == "There is no image: send it as the file 'file' of a form."
    file = {'file': spots()}
    assert error(400, files=file, data={'model': 'x'}) == "model='x' is not served: choose one of first, second."
    assert error(400, files=file, data={'format': 'xml'}).startswith("format='xml' is not known: json, coco")
    assert 'files' in error(400, files=[('file', spots()), ('file', spots())]).lower()
    assert 'fields' in error(400, files=file, data={str(i): 'x' for i in range(9)}).lower()
    error(400, data=b'--x\r\nnonsense', headers={'Content-Type': 'multipart/form-data; boundary=x'})


def test_what_fails_in_the_model_is_a_sentence_and_the_next_one_is_answered(client: Client) -> None:
    file = io.BytesIO()
    Image.new('RGB', (20, 20)).save(file, 'png')
    answer = client.predict(file.getvalue())
    assert answer.status_code == 500
    assert answer.json() == {'error': 'The server failed at this request; its log says why.'}
    assert client.predict(spots()).status_code == 200


def test_info_and_health(client: Client) -> None:
    assert client.get('/health').json() == {'status': 'UP'}
    info = client.get('/info').json()
    assert info['limits']['max_pixels'] == 1_000_000
    assert info['video_formats'] == [*info['formats'], 'lines']
    assert [model['name'] for model in info['models']] == ['first', 'second']
    assert info['models'][0] | {'name': ''} == {
        'name': '',
        'dataset': 'two_points',
        'keypoints': ['bright', 'dark'],
        'keypoint_colors': [[255, 0, 0], [0, 0, 255]],
        'skeleton': [[0, 1]],
        'skeleton_colors': [[0, 255, 0]],
    }


def test_the_page_and_nothing_else_is_served(client: Client) -> None:
    for path, kind in {'/': 'text/html', '/page.css': 'text/css', '/page.js': 'text/javascript'}.items():
        answer = client.get(path)
        assert answer.status_code == 200 and answer.headers['Content-Type'].startswith(kind)
    assert 'http' not in client.get('/').text  # nothing comes from elsewhere
    for path in ('/..%2fapp.py', '/page/index.html', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd', '/docs', '/static/x'):
        answer = client.get(path)
        assert answer.status_code == 404 and 'error' in answer.json(), path
    assert client.get('/?content=x&kind=y').headers['Content-Type'].startswith('text/html')
    assert 'multipart/form-data' in json.dumps(client.get('/openapi.json').json()['paths']['/predict'])
