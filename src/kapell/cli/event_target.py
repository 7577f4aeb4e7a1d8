"""Where the events are that a command is about: a data folder or its database, or a server. Commands see no difference.

The two are `folder_events.py` and `server_events.py`; `choosing.py` loads the one that is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from kapell.engine.event_store import EventUse, StoredEvent
    from kapell.events.cloud_events import CloudEvent


@dataclass(frozen=True)
class WantedEvents:
    """Which events are shown; empty for all."""

    namespace: str | None = None
    types: Sequence[str] = ()
    source: str | None = None
    subject: str | None = None
    event_id: str | None = None
    via: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class EventData(NamedTuple):
    """An event with what it says.

    Attributes:
        stored: What lists show of it; its body is empty.
        event: The event in the JSON format of CloudEvents; `None` if it was damaged.
        has_data: Whether its data may be seen.
        uses: Who consumed it, where that was asked for.
    """

    stored: StoredEvent
    event: dict[str, Any] | None
    has_data: bool = True
    uses: Sequence[EventUse] = ()


class EventTarget(Protocol):
    """The events of a folder or a server. Each method raises `KapellError`."""

    def __enter__(self) -> Self:
        """Use it."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close what was opened."""
        ...

    def advise(self, *words: str) -> str:
        """Return a command for people to type, with what names this target where it is not the usual one."""
        ...

    def send(self, namespace: str, events: Sequence[CloudEvent]) -> list[int]:
        """Store events, and return their positions; 0 for one that was there already."""
        ...

    def list_events(self, wanted: WantedEvents, limit: int, before: int | None) -> list[StoredEvent]:
        """Return a page of events, the newest first."""
        ...

    def get_event(self, position: int) -> EventData:
        """Return an event, whole, and who consumed it."""
        ...

    def tail(self, wanted: WantedEvents, after: int | None) -> Iterator[EventData]:
        """Yield events of a namespace and of types as they arrive, from now on or from behind a position, for ever."""
        ...
