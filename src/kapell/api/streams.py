"""Streams of server-sent events (WHATWG HTML, 9.2): how they are written, and where one goes on that was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import Header, Query
from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEARTBEAT_SECONDS = 15.0
HEARTBEAT = b": still here\n\n"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream of events.", "content": {"text/event-stream": {}}}
}
"""A stream's `responses`."""

_MOST_DIGITS = 19

LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="The id of the last event that was seen.")
]

After = Annotated[int | None, Query(ge=0, description="As `Last-Event-ID`, where headers cannot be set.")]


def encode_event(number: int, kind: str, data: Any) -> bytes:
    """Return an event of a stream: its id, its type and its data."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), msgspec.json.encode(data))


def encode_place(number: int, text: str) -> bytes:
    """Return what tells a reader nothing but from where to resume."""
    return b"id: %d\n: %s\n\n" % (number, text.encode())


def find_begin(last_event_id: str | None, after: int | None) -> int | None:
    """Return what a stream is to go on after: a browser that reconnects sends both, and the header is newer."""
    text = last_event_id or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else after


def stream_out(source: AsyncIterator[bytes]) -> Response:
    """Return the response that sends a stream."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(source, media_type="text/event-stream", headers=headers)
