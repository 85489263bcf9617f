"""Which requests are let in: by the names of the server, the page that sends them, their size and their time."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import BAD_REQUEST, FORBIDDEN, TIMEOUT, TOO_LARGE
from .settings import ServeSettings, is_ip

SAFE_METHODS = ('GET', 'HEAD')
SECURITY_HEADERS = {
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
        "media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}


class Guard:
    """ASGI middleware around an app.

    A Host header that is a name and not one of this server's is refused: by DNS rebinding a page of another site could
    read answers (an IP address cannot be rebound). Requests that change anything are refused where a page of another
    site sends them. A body is cut off at ``max_bytes``, and has to arrive within ``timeout``.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings = app, settings
        self.names = {'localhost', settings.host.lower(), *(name.lower() for name in settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._find_fault(scope['method'], headers)
        if refusal is None:
            await self.app(scope, self._limited(receive), with_security_headers(send))
        else:
            status, sentence = refusal
            answer = JSONResponse({'error': sentence}, status, headers={'Connection': 'close'})
            await answer(scope, receive, with_security_headers(send))

    def _find_fault(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return why a request is refused, by its method and headers."""
        host = headers.get('host', '')
        name = host_of(host)
        if not (is_ip(name) or name in self.names):
            sentence = f'This server is not called {name[:100]!r}: start it with --allow-host to let that name in.'
            return BAD_REQUEST, sentence
        if method in SAFE_METHODS:
            return None
        origin = headers.get('origin')
        foreign = headers.get('sec-fetch-site', 'same-origin') not in ('same-origin', 'none')
        if foreign or (origin is not None and origin.partition('://')[2].lower() != host.lower()):
            return FORBIDDEN, 'A page of another site sent this: only the page of this server may.'
        length = headers.get('content-length', '0')
        if not length.isascii() or not length.isdigit() or int(length[:20]) > self.settings.max_bytes:
            return TOO_LARGE, self._too_large()
        return None

    def _too_large(self) -> str:
        return f'The request has more than {self.settings.max_bytes / 1e6:g} MB: make the image or video smaller.'

    def _limited(self, receive: Receive) -> Receive:
        """Receive a body, and raise where it is larger or slower than allowed."""
        received = 0
        deadline = asyncio.get_running_loop().time() + self.settings.timeout
        whole = False

        async def receive_more() -> Message:
            nonlocal received, whole
            if whole:  # what comes now is the end of the connection, which may take its time
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                sentence = f'The request did not arrive within {self.settings.timeout:g} s: send it faster.'
                raise HTTPException(TIMEOUT, sentence, headers={'Connection': 'close'}) from None
            received += len(message.get('body', b''))
            whole = not message.get('more_body', False)
            if received > self.settings.max_bytes:
                raise HTTPException(TOO_LARGE, self._too_large(), headers={'Connection': 'close'})
            return message

        return receive_more


def host_of(header: str) -> str:
    """Return the name or address of a Host header in lower case, without port and brackets, or ''."""
    try:
        return urlsplit(f'//{header}').hostname or ''
    except ValueError:
        return ''


def with_security_headers(send: Send) -> Send:
    """Send answers with headers that let browsers load nothing from elsewhere."""

    async def send_message(message: Any) -> None:
        if message['type'] == 'http.response.start':
            MutableHeaders(scope=message).update(SECURITY_HEADERS)
        await send(message)

    return send_message
