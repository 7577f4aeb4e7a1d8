"""Server-sent events (WHATWG HTML, 9.2.6): from bytes to events."""

from __future__ import annotations

import codecs
from typing import NamedTuple


class ServerSentEvent(NamedTuple):
    """One event of a stream.

    Attributes:
        kind: Its type.
        data: Its lines of data.
        event_id: The last id that the stream has told, which is where to resume.
    """

    kind: str
    data: str
    event_id: str


class SseParser:
    """Reads a stream, piece by piece as it comes.

    Attributes:
        event_id: The id of the last event that came whole.
    """

    def __init__(self, event_id: str = "") -> None:
        """Begin a stream that was resumed after `event_id`."""
        self.event_id = event_id
        self._begun_id = event_id
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
        self._rest = ""
        self._kind = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[ServerSentEvent]:
        """Take a piece of the stream, cut anywhere, and return the events that it completes."""
        text = self._rest + self._decode(piece)
        if not text:
            return []
        # A carriage return at the end may be half of a line's end.
        held = "\r" if text.endswith("\r") else ""
        lines = text.removesuffix("\r").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._rest = lines.pop() + held
        return [event for line in lines if (event := self._take(line)) is not None]

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._kind = value
        elif name == "id" and "\0" not in value:
            self._begun_id = value
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        kind, data = self._kind or "message", self._data
        self._kind, self._data = "", []
        self.event_id = self._begun_id  # not before: a connection may break within an event
        return ServerSentEvent(kind, "\n".join(data), self.event_id) if data else None
