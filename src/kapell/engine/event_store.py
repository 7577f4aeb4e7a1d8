"""CloudEvents as they are kept: in one order of arrival, each once, with who waits for which and who has had it.

A part of the seam under the engine (`kapell.engine.store`): emitted events, listeners and uses are written in the
transaction of the run that they are of (`Batch`), and what comes from outside by `EventStore.append`. Positions number
all events in the order in which they can be read: whoever has read up to a position has missed nothing below it.

The stores of `kapell.engine.store` have it as `events`, on the same medium. They are held to this text by one
conformance suite, `tests/integration/store/test_event_store_contract.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from kapell.kernel.listening import ListenKey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


TRIGGERS_CURSOR: Final = "triggers"
"""The name of the cursor of whoever hears events for triggers."""


class StoredEvent(msgspec.Struct, kw_only=True, frozen=True):
    """A CloudEvent of a namespace.

    Attributes:
        position: Its number, given by the store; 0 when it is handed in.
        arrived_at: When it was stored.
        namespace: Whose it is: only runs and triggers of this namespace see it.
        source: Its `source`; together with the id and the namespace it is unique.
        event_id: Its `id`.
        type: Its `type`.
        subject: Its `subject`, if it has one.
        via: How it came: `run/<run id>`, `api/<principal id>`, `connection/<name>`.
        body: The whole event in the JSON format of CloudEvents 1.0. It is empty where lists give an event that was
            changed at rest, so that it does not open any more.
    """

    position: int = 0
    arrived_at: datetime
    namespace: str
    source: str
    event_id: str
    type: str
    subject: str | None = None
    via: str
    body: bytes


class EventQuery(msgspec.Struct, kw_only=True, frozen=True):
    """Which events are asked for; an empty query asks for all. Times are from `arrived_after` to before `..._before`.

    They are exact as long as events arrive in the order of their times, give or take a minute: where a clock was set
    back by more than that, events of those times may be left out.

    Attributes:
        namespaces: Of any of these namespaces; `None` for all.
        types: Of any of these types; empty for all.
        source: With this source.
        subject: With this subject.
        event_id: With this id.
        via: What came this way.
        arrived_after: When it was stored.
        arrived_before: When it was stored.
    """

    namespaces: frozenset[str] | None = None
    types: frozenset[str] = frozenset()
    source: str | None = None
    subject: str | None = None
    event_id: str | None = None
    via: str | None = None
    arrived_after: datetime | None = None
    arrived_before: datetime | None = None


class Listening(msgspec.Struct, kw_only=True, frozen=True):
    """What a task that listens waits for; it replaces what was said of the same entry before.

    Attributes:
        entry: The entry of the task in its run.
        keys: Each is enough to make an event worth looking at.
    """

    entry: int
    keys: tuple[ListenKey, ...]


class Listener(msgspec.Struct, frozen=True, order=True):
    """A task that listens: its run, and its entry in it."""

    run_id: str
    entry: int


class EventUse(msgspec.Struct, kw_only=True, frozen=True, order=True):
    """That a run consumed an event.

    Attributes:
        position: The event.
        run_id: The run; empty when it is handed in with a batch of that run.
        reference: The task that consumed it; empty if the event started the run.
        at: When.
    """

    position: int
    run_id: str = ""
    reference: str
    at: datetime


class EventStore(Protocol):
    """Durable events. Any thread, and any process that has the data open, may call these; they block.

    Errors of the medium are raised as `StorageError`; nothing of a refused call is kept.
    """

    def append(self, events: Sequence[StoredEvent]) -> list[int]:
        """Store events in this order, durable when this returns.

        Returns:
            Their positions; 0 for one that is stored already, or twice in the call (same namespace, source and id). An
            event is known for as long as it is kept.

        Raises:
            StorageError: The medium refused; nothing was written. Or the connection to it broke, and nobody knows
                whether all or nothing was: then the same call writes what is missing.
        """
        ...

    def last_position(self) -> int:
        """Return the position of the last event that was ever stored, also if it has been deleted; 0 if none was.

        Whatever is stored later has a larger one.
        """
        ...

    def read(self, after: int, *, limit: int, where: EventQuery | None = None) -> list[StoredEvent]:
        """Return up to `limit` events behind a position, in order of arrival. Raises `MasterKeyError`."""
        ...

    def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first; the next one is `before` the last position of this one."""
        ...

    def get(self, position: int) -> StoredEvent:
        """Return an event.

        Raises:
            NotFoundError: There is none of this position, or it was deleted.
            DamagedHistoryError: It was changed at rest, and does not open.
            MasterKeyError: The key that it was sealed with is not here.
        """
        ...

    def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first, also runs that have been deleted since."""
        ...

    def find_listeners(self, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
        """Return the tasks that listen for one of these digests of keys, each with the digest.

        A run listens no more once it has ended, was closed as damaged, or is deleted.
        """
        ...

    def list_shapes(self) -> set[str]:
        """Return the shapes of all keys that are listened for: what has to be looked at of each event."""
        ...

    def find_cursor(self, name: str) -> int | None:
        """Return how far a reader of all events has come, if it has ever said so."""
        ...

    def keep_cursor(self, name: str, position: int) -> None:
        """Keep how far a reader has come, durable when this returns; going back is allowed (a replay)."""
        ...

    def prune(self, *, arrived_before: datetime, keep_most: int, below: int, limit: int) -> int:
        """Delete events with their uses, those that are too many first, then the oldest, in one short transaction.

        One that is deleted can be stored again; it then has a new position.

        Args:
            arrived_before: Those that arrived before then go.
            keep_most: Those go, too, whose position is that far behind the last one: there are at most so many.
            below: None at this position or behind it goes: not everybody has read them.
            limit: How many go at most.

        Returns:
            How many went; 0 says that none is left to go.
        """
        ...
