"""A download that is not whole, not the file of its name or not a checkpoint does not get the name of the file."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from tests.helpers.pickle_bytes import call, name, text, whole, write_zip
from vitpose_mm.checkpoints import CheckpointError, load_file
from vitpose_mm.checkpoints import download as module
from vitpose_mm.checkpoints.download import download

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    """A checkpoint."""
    torch.save({'state_dict': {'w': torch.arange(1000.0)}}, tmp_path / 'good.pth')
    return (tmp_path / 'good.pth').read_bytes()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    """Start a server that answers with this; return its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        handler = type('Handler', (BaseHTTPRequestHandler,), {'do_GET': answer, 'log_message': lambda *_: None})
        server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f'http://127.0.0.1:{server.server_port}'

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def send(
    content: bytes, *, length: int | None = None, status: int = 200, then: Callable[[], None] = lambda: None
) -> Answer:
    """An answer with these bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if length is not None:
            handler.send_header('Content-Length', str(length))
        handler.end_headers()
        handler.wfile.write(content)
        handler.wfile.flush()
        then()

    return answer


def chunked(content: bytes) -> Answer:
    """An answer in one chunk, without the last one that ends it."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.protocol_version = 'HTTP/1.1'
        handler.send_response(200)
        handler.send_header('Transfer-Encoding', 'chunked')
        handler.send_header('Connection', 'close')
        handler.end_headers()
        handler.wfile.write(f'{len(content):x}\r\n'.encode() + content + b'\r\n')
        handler.close_connection = True

    return answer


def test_a_whole_file_gets_its_name(good: bytes, serve: Callable[[Answer], str], tmp_path: Path) -> None:
    file = tmp_path / 'new' / f'model-{hashlib.sha256(good).hexdigest()[:8]}.pth'
    download(f'{serve(send(good, length=len(good)))}/x.pth', file)
    assert file.read_bytes() == good and list(file.parent.iterdir()) == [file]
    download('http://127.0.0.1:1/nobody', file)  # it is there


@pytest.mark.parametrize(
    ('kind', 'says'),
    [
        ('torn', r'cannot be downloaded \(it broke off after 900 of'),
        ('torn without a length', 'is truncated, damaged or not a checkpoint'),
        ('torn in chunks', 'cannot be downloaded'),
        ('page', 'is truncated, damaged or not a checkpoint'),
        ('not found', r'cannot be downloaded \(HTTP Error 404'),
        ('another file', 'another file than its name says'),
        ('code', 'was not opened: it asks for posix.system'),
        ('nothing', 'is empty'),
    ],
)
def test_what_is_not_the_file_is_not_kept(
    kind: str, says: str, good: bytes, serve: Callable[[Answer], str], tmp_path: Path
) -> None:
    write_zip(tmp_path / 'evil', whole(call(name('posix', 'system'), text(f'touch {tmp_path}/marker'))))
    answers = {
        'torn': send(good[:900], length=len(good)),
        'torn without a length': send(good[:900]),
        'torn in chunks': chunked(good[:900]),
        'page': send(b'<html>Sign in</html>' * 50),
        'not found': send(b'', status=404),
        'another file': send(good, length=len(good)),
        'code': send((tmp_path / 'evil').read_bytes()),
        'nothing': send(b'', length=0),
    }
    file = tmp_path / 'cache' / ('model-0123abcd.pth' if kind == 'another file' else 'model.pth')
    address = f'{serve(answers[kind])}/{file.name}'
    with pytest.raises(CheckpointError, match=says) as info:
        download(address, file)
    assert str(info.value).startswith(address) and '\n' not in str(info.value)
    assert list(file.parent.iterdir()) == [] and not (tmp_path / 'marker').exists()


def test_a_date_in_a_name_is_not_taken_for_a_hash(good: bytes, serve: Callable[[Answer], str], tmp_path: Path) -> None:
    download(f'{serve(send(good))}/model.pth', tmp_path / 'model-20240131.pth')
    assert load_file(tmp_path / 'model-20240131.pth')['state_dict']['w'].shape == (1000,)


def test_a_server_that_is_silent_or_slow_is_not_waited_for(
    good: bytes, serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(good)))
        handler.end_headers()
        for position in range(0, len(good), 10):
            handler.wfile.write(good[position : position + 10])
            time.sleep(0.05)

    def spell_a_header(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):  # until the other side hangs up
            for letter in 'HTTP/1.1 200 OK\r\nX-Long: ' + 'x' * 400:
                handler.wfile.write(letter.encode())
                time.sleep(0.05)

    monkeypatch.setattr(module, 'TIMEOUT', 0.5)
    monkeypatch.setattr(module, 'PATIENCE', 0.6)
    silent = send(good[:9], length=99, then=lambda: time.sleep(3))
    for answer, says in ((silent, 'timed out'), (trickle, 'bytes in'), (spell_a_header, '0 bytes in')):
        start = time.monotonic()
        with pytest.raises(CheckpointError, match=f'cannot be downloaded .*{says}'):
            download(f'{serve(answer)}/model.pth', tmp_path / 'cache' / 'model.pth')
        assert time.monotonic() - start < 10
        assert list((tmp_path / 'cache').iterdir()) == []


def test_a_download_without_an_end_does_not_fill_the_disk(
    good: bytes, serve: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5_000_000)
    monkeypatch.setattr(shutil, 'disk_usage', lambda path: usage)

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(bytes(100_000))

    for answer, says in ((pour, 'it has no end'), (send(good, length=10**12), 'more than half of what is free')):
        with pytest.raises(CheckpointError, match=says):
            download(f'{serve(answer)}/model.pth', tmp_path / 'cache' / 'model.pth')
        assert list((tmp_path / 'cache').iterdir()) == []


def test_odd_addresses_are_named(tmp_path: Path) -> None:
    for address in ('http://127.0.0.1:1/a.pth', 'http://[::1/a.pth', 'http://a b/a.pth'):
        with pytest.raises(CheckpointError, match='cannot be downloaded'):
            download(address, tmp_path / 'a.pth')
