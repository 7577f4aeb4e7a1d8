"""The events of a data folder or its database, as commands see them. Any process may store and read them."""

from __future__ import annotations

import getpass
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kapell.app import open_store
from kapell.cli import folder
from kapell.cli.event_target import EventData
from kapell.clock import SystemClock
from kapell.engine.event_store import EventQuery
from kapell.errors import NotFoundError
from kapell.events.json_format import describe_stored
from kapell.events.service import pack_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from kapell.cli.event_target import WantedEvents
    from kapell.engine.event_store import EventStore, StoredEvent
    from kapell.events.cloud_events import CloudEvent
    from kapell.settings import Settings

_LOOK_SECONDS = 0.1
_PAGE = 200
_MOST_USES = 500


class FolderEvents:
    """A folder's events."""

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings
        self._stack = ExitStack()
        self._opened: EventStore | None = None

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened."""
        self._stack.close()

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with the folder if it is not the usual one."""
        return folder.advise(self._settings, *words)

    @property
    def _events(self) -> EventStore:
        if self._opened is None:
            self._opened = self._stack.enter_context(folder.read_store(self._settings)).events
        return self._opened

    def send(self, namespace: str, events: Sequence[CloudEvent]) -> list[int]:
        """Store events, in a new folder if there is none yet."""
        now, via = SystemClock().now(), f"cli/{_find_user()}"
        with closing(open_store(self._settings)) as store:
            return store.events.append(
                [pack_event(event, namespace=namespace, via=via, arrived_at=now) for event in events]
            )

    def list_events(self, wanted: WantedEvents, limit: int, before: int | None) -> list[StoredEvent]:
        """Return a page of events, the newest first; none where there is no folder."""
        try:
            events = self._events
        except NotFoundError:
            return []
        found = events.list_newest(_make_query(wanted), limit=limit, before=before)
        return [replace(event, body=b"") for event in found]

    def get_event(self, position: int) -> EventData:
        """Return an event, whole, and who consumed it."""
        found = _open_event(self._events.get(position))
        return found._replace(uses=self._events.list_uses(position, limit=_MOST_USES))

    def tail(self, wanted: WantedEvents, after: int | None) -> Iterator[EventData]:
        """Yield events as they arrive."""
        where = _make_query(wanted)
        position = self._events.last_position() if after is None else after
        while True:
            last = self._events.last_position()
            found = self._events.read(position, limit=_PAGE, where=where) if last > position else []
            for event in found:
                position = event.position
                yield _open_event(event)
            if len(found) < _PAGE:
                position = max(position, last)
                time.sleep(_LOOK_SECONDS)


def _make_query(wanted: WantedEvents) -> EventQuery:
    return EventQuery(
        namespaces=None if wanted.namespace is None else frozenset({wanted.namespace}),
        types=frozenset(wanted.types),
        source=wanted.source,
        subject=wanted.subject,
        event_id=wanted.event_id,
        via=wanted.via,
        arrived_after=wanted.since,
        arrived_before=wanted.until,
    )


def _open_event(stored: StoredEvent) -> EventData:
    return EventData(replace(stored, body=b""), describe_stored(stored.body) if stored.body else None)


def _find_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # whoever has no name, as in a container
        return "unknown"
