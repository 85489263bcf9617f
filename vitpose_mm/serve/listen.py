"""Open the socket of a server; nothing heavy is imported, so that a port that is taken is said at once."""

from __future__ import annotations

import socket

from .settings import ServeSettings


def open_socket(settings: ServeSettings) -> socket.socket:
    """Open the socket, which refuses connections until the server listens.

    Raises:
        ValueError: the address is taken, or not one of this machine.
    """
    kind = socket.AF_INET6 if ':' in settings.host else socket.AF_INET
    listener = socket.socket(kind, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ValueError(
            f'--host {settings.host} --port {settings.port} cannot be listened on ({error.strerror or error}): '
            'choose another, or --port 0 for any that is free.'
        ) from None
    return listener
