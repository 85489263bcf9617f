"""Names of the server, pages of other sites, sizes and times."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import pytest
import requests

from tests.serve.conftest import Client, Start, spots


@pytest.mark.parametrize(
    ('host', 'status'),
    [
        ('evil.example', 400),
        ('127.0.0.1.evil.example', 400),
        ('localhost.evil.example:8000', 400),
        ('evil.example@127.0.0.1x', 400),
        ('[::1', 400),
        ('', 400),
        ('localhost', 200),
        ('LOCALHOST:1', 200),
        ('127.0.0.1:8000', 200),
        ('[::1]:8000', 200),
        ('192.168.1.7', 200),
        ('pose.example:80', 200),
    ],
)
def test_a_name_that_is_not_ours_is_refused(client: Client, host: str, status: int) -> None:
    """By DNS rebinding, evil.example may lead here."""
    for path in ('/info', '/'):
        assert client.get(path, headers={'Host': host}).status_code == status
    if status == 400:
        assert client.predict(spots(), headers={'Host': host, 'Origin': f'http://{host}'}).status_code == 400


@pytest.mark.parametrize(
    ('headers', 'status'),
    [
        ({'Origin': 'http://evil.example'}, 403),
        ({'Origin': 'null'}, 403),
        ({'Origin': 'http://localhost:1'}, 403),
        ({'Origin': 'http://[::1'}, 403),
        ({'Origin': 'http://[x]'}, 403),
        ({'Sec-Fetch-Site': 'cross-site'}, 403),
        ({'Sec-Fetch-Site': 'same-site'}, 403),
        ({'Sec-Fetch-Site': 'same-origin'}, 200),
        ({}, 200),
    ],
)
def test_a_page_of_another_site_cannot_send(client: Client, headers: dict, status: int) -> None:
    answer = client.predict(spots(), headers=headers)
    assert answer.status_code == status, answer.text
    assert client.post('/label-studio/setup', json={}, headers=headers).status_code == (403 if status == 403 else 400)


def test_our_own_page_can(client: Client) -> None:
    assert client.predict(spots(), headers={'Origin': client.address}).status_code == 200


def test_answers_let_browsers_load_nothing_from_elsewhere(client: Client) -> None:
    for answer in (client.get('/'), client.get('/missing'), client.get('/', headers={'Host': 'evil.example'})):
        assert "default-src 'none'" in answer.headers['Content-Security-Policy']
        assert answer.headers['X-Content-Type-Options'] == 'nosniff'
        assert 'Access-Control-Allow-Origin' not in answer.headers


def test_large_requests_are_cut_off(client: Client) -> None:
    sentence = 'The request has more than 0.1 MB: make the image or video smaller.'
    answer = client.predict(bytes(200_000))
    assert (answer.status_code, answer.json()['error']) == (413, sentence)
    parts = [b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n', *[bytes(10_000)] * 20]
    headers = {'Content-Type': 'multipart/form-data; boundary=x'}  # chunks: no length is told
    answer = client.post('/predict', data=iter(parts), headers=headers)
    assert (answer.status_code, answer.json()['error']) == (413, sentence)


def test_slow_requests_are_cut_off(start: Start) -> None:
    client = start(timeout=0.3)
    with socket.create_connection(('127.0.0.1', urlsplit(client.address).port), timeout=10) as slow:
        kind = 'multipart/form-data; boundary=x'
        slow.sendall(b'POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\n')
        slow.sendall(f'Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\n--x'.encode())
        answer = b''.join(iter(lambda: slow.recv(4096), b'')).decode()  # until the server closes
    assert answer.startswith('HTTP/1.1 408') and 'did not arrive within 0.3 s' in answer


def test_an_answer_that_takes_too_long_is_429(start: Start) -> None:
    client = start(timeout=0.3)
    client.models['first'].gate.clear()
    begin = time.monotonic()
    answer = client.predict(spots())
    client.models['first'].gate.set()
    assert answer.status_code == 429 and answer.headers['Retry-After'] == '1'
    assert time.monotonic() - begin < 10
    time.sleep(0.1)
    assert requests.get(f'{client.address}/health', timeout=5).status_code == 200


@pytest.mark.parametrize(
    'sent', [b'', b'GET /health HTTP/1.1\r\nHost: 127', b'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET']
)
def test_connections_without_a_request_are_closed(start: Start, sent: bytes) -> None:
    client = start(timeout=0.3)
    with socket.create_connection(('127.0.0.1', urlsplit(client.address).port), timeout=10) as slow:
        slow.sendall(sent)
        answer = b''.join(iter(lambda: slow.recv(4096), b'')).decode()  # until the server closes
    assert answer.count('UP') == sent.count(b'\r\n\r\n')


def test_an_answer_may_take_longer_than_a_request(start: Start) -> None:
    client = start(timeout=0.5, seconds=0.4, max_wait=0)
    with requests.Session() as session:
        for _ in range(3):
            assert session.post(f'{client.address}/predict', files={'file': spots()}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    'part',
    [b'a:b\r\n' * 5000, b'a:b\r\n\r\n\r\n--x\r\n' * 5000, b'Content-Disposition: form-data; name="' + b'n' * 90_000],
    ids=['headers', 'parts', 'name'],
)
def test_floods_within_a_form_are_refused(client: Client, part: bytes) -> None:
    begin = time.monotonic()
    answer = client.post(
        '/predict', data=b'--x\r\n' + part, headers={'Content-Type': 'multipart/form-data; boundary=x'}
    )
    assert answer.status_code == 400 and answer.json()['error'] and time.monotonic() - begin < 5


def test_a_flood_of_fields_is_refused(client: Client) -> None:
    answer = client.post('/predict', data=b'a&' * 40_000, headers={'Content-Type': 'application/x-www-form-urlencoded'})
    assert answer.status_code == 400 and 'Too many fields' in answer.json()['error']
