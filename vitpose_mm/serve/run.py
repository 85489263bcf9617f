"""Run a server with models by name that listens until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from ..inference import PosePredictor
from ..zoo import ModelName
from .app import make_app
from .models import ServedModels
from .protocol import make_protocol
from .settings import ServeSettings


def name_of(model: ModelName) -> str:
    """Return the name that clients call a model by: the one given, or that of its checkpoint's file."""
    return model if isinstance(model, str) else Path(model[1]).stem


def load_models(poses: Sequence[ModelName], detector: ModelName | None, **options: Any) -> ServedModels:
    """Load models; ``options`` are those of :class:`~vitpose_mm.inference.PosePredictor`.

    Raises:
        ValueError: a model is not known or cannot be loaded, or two have one name.
    """
    names = [name_of(model) for model in poses]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ValueError(f'Two models are called {double!r}: rename the file of a checkpoint.')
    predictors = {
        name: PosePredictor(pose, detector if name == names[0] else None, output_heatmaps=True, **options)
        for name, pose in zip(names, poses, strict=True)
    }
    models = ServedModels(predictors)
    models.warm_up()
    return models


def serve(models: ServedModels, settings: ServeSettings, say: Callable[[str], None]) -> None:
    """Listen until Ctrl-C or SIGTERM; requests that have been accepted are answered first.

    Args:
        models: from load_models.
        settings: with the address.
        say: called with the URL, and with a warning where the address is not a loopback address.

    Raises:
        ValueError: the address is taken, or not one of this machine.
    """
    listener = open_socket(settings)
    host, port = listener.getsockname()[:2]
    if not settings.is_loopback:
        say(
            f'warning: everybody who reaches {settings.host} can use this server, without a password or encryption. '
            'To restrict access, put a reverse proxy with authentication and TLS in front of it.'
        )
    say(f'http://{f"[{host}]" if ":" in host else host}:{port} (Ctrl-C stops it)')
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has stopped
        uvicorn.Server(make_config(make_app(models, settings), settings)).run(sockets=[listener])
    say('stopped')


def make_config(app: FastAPI, settings: ServeSettings) -> uvicorn.Config:
    """Return uvicorn's settings."""
    return uvicorn.Config(
        app,
        http=make_protocol(settings.timeout),
        ws='none',
        log_config=None,  # uvicorn's own closes the log files of everybody
        log_level='warning',
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
    )


def open_socket(settings: ServeSettings) -> socket.socket:
    """Open the socket that listens.

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
    listener.listen(socket.SOMAXCONN)
    return listener
