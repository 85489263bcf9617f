"""A web server for the files of a folder, on this machine alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Server(NamedTuple):
    """Address without a slash at the end, and the paths that were asked for."""

    address: str
    requests: list[str]


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve a folder while it is open."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(f'http://127.0.0.1:{server.server_port}', asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
