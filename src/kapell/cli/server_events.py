"""The events of a server, as commands see them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from kapell.cli.event_target import EventData
from kapell.cli.server_client import advise, open_client
from kapell.engine.event_store import EventUse, StoredEvent
from kapell.events.json_format import lay_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from kapell.cli.event_target import WantedEvents
    from kapell.client.wire.events import ReceivedEvent
    from kapell.events.cloud_events import CloudEvent

_LARGEST_PAGE = 500


class ServerEvents:
    """A server's events."""

    def __init__(self, address: str, token_file: Path | None) -> None:
        """Ask nothing yet. Raises `UsageError` for what is no address, or a file without a token."""
        self._token_file = token_file
        self._opening = open_client(address, token_file)

    def __enter__(self) -> Self:
        """Use it."""
        self._client = self._opening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._opening.__exit__(kind, error, traceback)

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with the server if it is not the usual one."""
        return advise(self._client.profile.address, *words, token_file=self._token_file)

    def send(self, namespace: str, events: Sequence[CloudEvent]) -> list[int]:
        """Send events, and return their positions; 0 for one that was there already."""
        sent = self._client.events.send(namespace, [lay_out(event) for event in events])
        return [each.position or 0 for each in sent.events]

    def list_events(self, wanted: WantedEvents, limit: int, before: int | None) -> list[StoredEvent]:
        """Return a page of events, the newest first."""
        listed = self._client.events.list(
            namespace=wanted.namespace,
            type=list(wanted.types) or None,
            source=wanted.source,
            subject=wanted.subject,
            id=wanted.event_id,
            via=wanted.via,
            since=wanted.since,
            until=wanted.until,
            page_size=min(limit, _LARGEST_PAGE),
            cursor=None if before is None else str(before),
        )
        return [_make_stored(event) for event in islice(listed, limit)]

    def get_event(self, position: int) -> EventData:
        """Return an event, whole, and who consumed it."""
        found = self._client.events.get(position)
        uses = [
            EventUse(position=position, run_id=each.run_id, reference=each.reference, at=each.at)
            for each in found.consumers
        ]
        return EventData(_make_stored(found.received), found.event, found.has_data, uses)

    def tail(self, wanted: WantedEvents, after: int | None) -> Iterator[EventData]:
        """Yield events as they arrive."""
        types = list(wanted.types) or None
        for each in self._client.events.tail(namespace=wanted.namespace, type=types, data=True, after=after):
            yield EventData(_make_stored(each.received), each.event, each.has_data)


def _make_stored(received: ReceivedEvent) -> StoredEvent:
    return StoredEvent(
        position=received.position,
        arrived_at=received.arrived_at,
        namespace=received.namespace,
        source=received.source,
        event_id=received.id,
        type=received.type,
        subject=received.subject,
        via=received.via,
        body=b"",
    )
