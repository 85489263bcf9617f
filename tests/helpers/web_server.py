"""An ASGI app on a real socket of this machine, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn

from vitpose_mm.serve.listen import open_socket
from vitpose_mm.serve.run import make_config
from vitpose_mm.serve.settings import ServeSettings


@contextmanager
def run_app(app: Any, settings: ServeSettings | None = None) -> Iterator[str]:
    """Run an app; return the address that it answers at, without a slash at the end."""
    settings = replace(settings or ServeSettings(), port=0)
    listener = open_socket(settings)
    config = make_config(app, settings)
    config.timeout_graceful_shutdown = 2
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={'sockets': [listener]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f'http://127.0.0.1:{listener.getsockname()[1]}'
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
