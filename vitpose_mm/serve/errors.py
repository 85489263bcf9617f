"""What a client did wrong, or that the server is busy: an HTTP status and one sentence."""

from __future__ import annotations

from starlette.exceptions import HTTPException

BAD_REQUEST, FORBIDDEN, TIMEOUT, TOO_LARGE, NOT_USABLE, BUSY = 400, 403, 408, 413, 422, 429


class Busy(HTTPException):
    """The server has enough to do: answered with 429, and after how many seconds to try again."""

    def __init__(self, sentence: str) -> None:
        super().__init__(BUSY, sentence, headers={'Retry-After': '1'})
