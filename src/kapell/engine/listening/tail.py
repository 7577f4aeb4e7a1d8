"""The newest events in memory: most who listen have seen all before them, and so need not ask the store."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.event_store import StoredEvent

_MOST = 2_000
_MOST_BYTES = 4 * 1024 * 1024

_decode = msgspec.json.Decoder().decode


class HeardEvent(NamedTuple):
    """An event, and what its text says.

    Attributes:
        position: Its position.
        namespace: Its namespace.
        attributes: The whole CloudEvent, as an object.
        text: The same as it is stored, in JSON.
    """

    position: int
    namespace: str
    attributes: dict[str, Any]
    text: bytes


def read_event(stored: StoredEvent) -> HeardEvent:
    """Return an event as listeners see it. Raises `msgspec.DecodeError` for one that is damaged."""
    return HeardEvent(stored.position, stored.namespace, _decode(stored.body), stored.body)


class Tail:
    """All events behind one position, up to another.

    Attributes:
        since: The position behind which all events are here.
        position: The position of the last event that was read.
        latest: The position of the last event that is known to be stored.
    """

    def __init__(self, position: int, latest: int) -> None:
        """Begin behind a position, with nothing."""
        self.since = position
        self.position = position
        self.latest = latest
        self._events: deque[HeardEvent] = deque()
        self._bytes = 0

    def add(self, events: Sequence[HeardEvent], position: int) -> None:
        """Add the events that follow, up to a position; the oldest make room."""
        self.position = position
        self.latest = max(self.latest, position)
        for event in events:
            self._events.append(event)
            self._bytes += len(event.text)
        while len(self._events) > _MOST or self._bytes > _MOST_BYTES:
            oldest = self._events.popleft()
            self._bytes -= len(oldest.text)
            self.since = oldest.position

    def list_after(self, position: int) -> list[HeardEvent] | None:
        """Return the events behind a position, in order; `None` if some of them are not here any more."""
        if position < self.since:
            return None
        if position >= self.position:
            return []
        found: list[HeardEvent] = []
        for event in reversed(self._events):
            if event.position <= position:
                break
            found.append(event)
        return found[::-1]
