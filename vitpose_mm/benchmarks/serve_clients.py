"""Clients of a server, as a program of its own that imports nothing but Python: `serve_clients.py ADDRESS CLIENTS
REQUESTS FOLDER` sends the images of a folder in turn and writes seconds and numbers of answers by status as JSON."""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = 'images-of-a-benchmark'
SECONDS = 600  # that an answer may take


def make_body(content: bytes) -> bytes:
    """Return the form with an image as its file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="image"\r\n\r\n'
    return head.encode() + content + f'\r\n--{BOUNDARY}--\r\n'.encode()


def ask(address: str, bodies: list[bytes], turns: itertools.count, requests: int, statuses: Counter) -> None:
    """Send one request after the other until all are sent, over one connection."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or '', url.port, timeout=SECONDS)
    headers = {'Content-Type': f'multipart/form-data; boundary={BOUNDARY}'}
    while (turn := next(turns)) < requests:
        connection.request('POST', '/predict', bodies[turn % len(bodies)], headers)
        answer = connection.getresponse()
        people = json.loads(answer.read()).get('instances', [])
        statuses[f'{answer.status}' if people else f'{answer.status} without people'] += 1
    connection.close()


def main(address: str, clients: str, requests: str, folder: str) -> None:
    """Have a number of clients send a number of requests in all."""
    bodies = [make_body(path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    turns, statuses = itertools.count(), Counter[str]()
    arguments = (address, bodies, turns, int(requests), statuses)
    threads = [threading.Thread(target=ask, args=arguments) for _ in range(int(clients))]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps({'seconds': time.perf_counter() - start, 'answers': statuses}))


if __name__ == '__main__':
    main(*sys.argv[1:])
