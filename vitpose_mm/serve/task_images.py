"""Read the image of a Label Studio task: from the one Label Studio that was named at the start, or inside the task.

Nothing else is fetched, so that a client cannot have this server ask other machines or read its files.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import urllib.error
import urllib.request
from http.client import HTTPException as HttpError
from typing import Any
from urllib.parse import urljoin, urlsplit

from starlette.exceptions import HTTPException

from .errors import BAD_REQUEST, NOT_USABLE
from .settings import ServeSettings

TOKEN = 'LABEL_STUDIO_API_KEY'  # environment variable, the name that Label Studio's own tools use


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead anywhere."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Return None, which makes the redirect an error."""


class TaskImages:
    """Reads the bytes of a task's image by its URL.

    Args:
        settings: with the URL of Label Studio; its access token is in the environment variable
            LABEL_STUDIO_API_KEY.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.opener = urllib.request.build_opener(NoRedirects, urllib.request.ProxyHandler({}))

    async def read(self, url: str) -> bytes:
        """Read the bytes of an image by a URL, relative to that of Label Studio, or ``data:image/...;base64,...``.

        Raises:
            HTTPException: it leads elsewhere, or there is no image.
        """
        if url.startswith('data:'):
            return decode_data_url(url)
        base = self.settings.label_studio
        try:
            whole = urljoin(base, url)
            is_ours = bool(base) and urlsplit(whole)[:2] == urlsplit(base)[:2]
        except ValueError:  # brackets that hold no address
            is_ours = False
        if not is_ours:
            raise HTTPException(
                BAD_REQUEST,
                f'The image {url[:200]!r} is not fetched: start the server with --label-studio, the URL of '
                'the Label Studio that has it, or send it as a data: URL.',
            )
        return await asyncio.to_thread(self._fetch, whole)

    def _fetch(self, url: str) -> bytes:
        token = os.environ.get(TOKEN)
        request = urllib.request.Request(url, headers={'Authorization': f'Token {token}'} if token else {})
        try:
            with self.opener.open(request, timeout=self.settings.timeout) as response:
                data = response.read(self.settings.max_bytes + 1)
        except (OSError, HttpError, ValueError) as error:
            hint = '' if token else f', with {TOKEN} set'
            sentence = f'Label Studio did not give {url[:200]!r} ({error}): open it there{hint}.'
            raise HTTPException(NOT_USABLE, sentence) from None
        if len(data) > self.settings.max_bytes:
            sentence = f'{url[:200]!r} has more than {self.settings.max_bytes / 1e6:g} MB: make the image smaller.'
            raise HTTPException(NOT_USABLE, sentence)
        return data


def decode_data_url(url: str) -> bytes:
    """Return the bytes of ``data:image/...;base64,...``.

    Raises:
        HTTPException: it is another kind.
    """
    head, _, content = url.partition(',')
    try:
        if not head.endswith(';base64'):
            raise ValueError
        return base64.b64decode(content, validate=True)
    except (ValueError, binascii.Error):
        raise HTTPException(BAD_REQUEST, 'A data: URL of an image is data:image/jpeg;base64,... .') from None
