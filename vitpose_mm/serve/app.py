"""The routes of the server: the page, predictions, what is served, and Label Studio's calls."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from ..version import __version__
from .answers import FORMATS, to_answer
from .errors import BAD_REQUEST
from .forms import describe_form, is_on, text_of, upload_of
from .guard import Guard
from .label_studio import add_label_studio
from .models import ServedModels
from .service import PoseService
from .settings import ServeSettings
from .video_answers import FORMATS as VIDEO_FORMATS
from .video_route import add_videos
from .video_service import VideoService

# path -> file of the page and its type: nothing else can be asked for
PAGE = {
    '/': ('index.html', 'text/html'),
    '/page.css': ('page.css', 'text/css'),
    '/page.js': ('page.js', 'text/javascript'),
    '/drawing.js': ('drawing.js', 'text/javascript'),
    '/downloads.js': ('downloads.js', 'text/javascript'),
    '/video.js': ('video.js', 'text/javascript'),
}
SHOWN_LIMITS = ('max_bytes', 'max_pixels', 'max_frames', 'timeout', 'video_timeout')
FORM_FIELDS = {
    'file': {'type': 'string', 'format': 'binary', 'description': 'an image'},
    'model': {'type': 'string', 'description': 'name of a pose model; the first one where it is left out'},
    'format': {'type': 'string', 'enum': list(FORMATS), 'default': FORMATS[0]},
    'heatmap': {'type': 'boolean', 'default': False, 'description': 'with the heatmap, in json'},
}
LOG = logging.getLogger(__name__)


def make_app(models: ServedModels, settings: ServeSettings) -> FastAPI:
    """Make the ASGI app of models and limits, which starts the threads of the models with its lifespan."""
    service = PoseService(models, settings)
    videos = VideoService(models, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service:
            yield
        videos.close()

    app = FastAPI(title='vitpose_mm', version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, settings=settings)
    add_error_answers(app)
    add_page(app)
    add_predictions(app, service)
    add_videos(app, service, videos)
    add_label_studio(app, service)
    return app


def add_page(app: FastAPI) -> None:
    """Add the page, which is read once: no path of a request ever reaches the file system."""
    folder = files('vitpose_mm.serve') / 'page'
    for path, (name, kind) in PAGE.items():
        content = (folder / name).read_bytes()

        def answer(content: bytes = content, kind: str = kind) -> Response:
            return Response(content, media_type=f'{kind}; charset=utf-8')

        app.add_api_route(path, _without_arguments(answer), methods=['GET'], include_in_schema=False)


def _without_arguments(answer: Any) -> Any:
    """Hide the default arguments of a function from FastAPI, which would read them from the query."""
    return lambda: answer()


def add_predictions(app: FastAPI, service: PoseService) -> None:
    """Add what programs and the page ask for."""

    @app.get('/health')
    async def health() -> dict[str, str]:
        """Say that the server answers."""
        return {'status': 'UP'}

    @app.get('/info')
    async def info() -> dict[str, Any]:
        """Say which models there are, with their keypoints, and the limits."""
        limits = {name: getattr(service.settings, name) for name in SHOWN_LIMITS}
        formats = {'formats': FORMATS, 'video_formats': list(VIDEO_FORMATS)}
        return {'version': __version__, 'models': service.models.describe(), 'limits': limits} | formats

    @app.post('/predict', openapi_extra=describe_form(FORM_FIELDS))
    async def predict(request: Request) -> Response:
        """Find the people of an image and their keypoints."""
        with service.slots.take():  # before the body is read: what waits takes no memory
            async with request.form(max_files=1, max_fields=len(FORM_FIELDS)) as form:
                model = service.find_model(text_of(form, 'model'))
                kind = text_of(form, 'format') or FORMATS[0]
                if kind not in FORMATS:
                    raise HTTPException(BAD_REQUEST, f'format={kind[:40]!r} is not known: {", ".join(FORMATS)} are.')
                upload = upload_of(form, 'image')
                result = await service.predict(upload.read, model=model, heatmap=is_on(form, 'heatmap'))
            return await service.in_pool(to_answer, result, model, kind)


def add_error_answers(app: FastAPI) -> None:
    """Answer every error with ``{"error": sentence}``, and never with a traceback."""

    @app.exception_handler(HTTPException)
    async def known(request: Request, error: HTTPException) -> Response:
        return JSONResponse({'error': error.detail}, error.status_code, headers=error.headers)

    @app.exception_handler(Exception)
    async def unknown(request: Request, error: Exception) -> Response:
        LOG.error('%s failed', request.url.path, exc_info=error)
        return JSONResponse({'error': 'The server failed at this request; its log says why.'}, 500)
