"""What stands before every route: request ids, the limit of a body's size, headers that browsers obey."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from kapell.api.problems import answer_error
from kapell.errors import KapellError, LimitExceededError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from kapell.api.rate_limits import RateLimits

_USABLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Guard:
    """An ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, rate_limits: RateLimits) -> None:
        """Refuse bodies of more than `max_body_bytes`, said beforehand or not, and strangers who ask too often."""
        self._app = app
        self._rate_limits = rate_limits
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _USABLE_ID.fullmatch(given) else secrets.token_hex(8).encode()
        scope.setdefault("state", {})["request_id"] = request_id.decode()

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added = [header for header in _HEADERS if header[0] not in present]
                message["headers"] = [*message["headers"], *added, (b"x-request-id", request_id)]
            await send(message)

        read = 0

        async def receive_guarded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            self._check_length(read)
            return message

        try:
            self._rate_limits.take_before(scope["path"], headers, scope["client"][0] if scope["client"] else "")
            self._check_length(_read_length(headers))
        except KapellError as error:
            await answer_error(error, request_id.decode())(scope, receive, send_guarded)
            return
        await self._app(scope, receive_guarded, send_guarded)

    def _check_length(self, length: int) -> None:
        if length > self._max_body_bytes:
            raise LimitExceededError(f"A body may have {self._max_body_bytes} bytes at most.")


def _read_length(headers: dict[bytes, bytes]) -> int:
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0
