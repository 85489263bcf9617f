"""Run a server with models by name that listens until it is stopped."""

from __future__ import annotations

import socket
import time
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

Say = Callable[[str], None]


def name_models(poses: Sequence[ModelName]) -> list[str]:
    """Return the names that clients call models by: the name given, or that of the config's file.

    Of models of one config the file of the checkpoint is added.

    Raises:
        ValueError: two are called the same.
    """
    names = [model if isinstance(model, str) else Path(model[0]).stem for model in poses]
    names = [
        name if isinstance(model, str) or names.count(name) == 1 else f'{name}-{Path(model[1]).stem}'
        for name, model in zip(names, poses, strict=True)
    ]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ValueError(f'Two models are called {double!r}: give another one, or rename the file of a checkpoint.')
    return names


def load_models(
    poses: Sequence[ModelName], detector: ModelName | None, *, say: Say = lambda text: None, **options: Any
) -> ServedModels:
    """Load models.

    Args:
        poses: by name, or config and checkpoint.
        detector: likewise; None: every image is one person.
        say: is told which model is loaded, and how long all of it took.
        options: of :class:`~vitpose_mm.inference.PosePredictor`.

    Raises:
        ValueError: a model is not known or cannot be loaded, or two have one name.
    """
    start = time.monotonic()
    predictors: dict[str, PosePredictor] = {}
    for name, pose in zip(name_models(poses), poses, strict=True):
        say(f'loading {name}{" and the detector" if detector and not predictors else ""} ...')
        predictors[name] = PosePredictor(pose, None if predictors else detector, output_heatmaps=True, **options)
    models = ServedModels(predictors)
    models.warm_up()
    say(f'loaded in {time.monotonic() - start:.1f} s')
    return models


class Server(uvicorn.Server):
    """A server that calls a function once it answers requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self.on_ready()


def serve(models: ServedModels, settings: ServeSettings, *, listener: socket.socket, say: Say) -> None:
    """Listen until Ctrl-C or SIGTERM; requests that have been accepted are answered first.

    Args:
        models: from load_models.
        settings: with the address.
        listener: from open_socket.
        say: called with the URL once it answers, and with a warning where the address is not a loopback address.
    """
    host, port = listener.getsockname()[:2]
    if not settings.is_loopback:
        say(
            f'warning: everybody who reaches {settings.host} can use this server, without a password or encryption. '
            'To restrict access, put a reverse proxy with authentication and TLS in front of it.'
        )
    address = f'http://{f"[{host}]" if ":" in host else host}:{port}'
    config = make_config(make_app(models, settings), settings)
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has stopped
        Server(config, lambda: say(f'{address} (Ctrl-C stops it)')).run(sockets=[listener])
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
