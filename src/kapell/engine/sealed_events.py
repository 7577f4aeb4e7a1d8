"""An `EventStore` around another: the bodies of events are sealed on their way to the database, as histories are.

Source, type, id and subject stay readable, as they are what is searched; so do the way that an event came, who listens
and who has consumed what. Who reads the database learns from these that something has happened, and what about, but not
what was said of it: that is in the body, which holds the whole event.

What tasks listen for is kept under keyed hashes in place of the plain ones, by which everybody who reads the database
could check a guess. Both kinds lie side by side when encryption was switched on or off; the shape of a keyed one, which
names the places of its values, begins with a mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from kapell.engine.seal_marks import is_sealed, read_plain, store_plain
from kapell.errors import DamagedHistoryError, KapellError, StorageError
from kapell.kernel.listening import ListenKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from kapell.engine.event_store import EventQuery, EventStore, EventUse, Listener, StoredEvent
    from kapell.engine.seals import Seals
    from kapell.engine.store import Batch

_KEYED = "\x01"
_DIGEST_BYTES = 16
_ADVICE = "It was changed on disk or moved there from another place, outside Kapell; restore it from a backup."


class SealedEvents:
    """Events whose bodies are sealed at rest, in a store that knows nothing of it."""

    def __init__(self, store: EventStore, find_seals: Callable[[], Seals], *, seals_new: bool) -> None:
        """Keep events in `store`.

        Args:
            store: Where they are kept.
            find_seals: Gives what seals and opens. Raises `MasterKeyError`.
            seals_new: Whether new events are sealed; old ones are opened where they are.
        """
        self._store = store
        self._find_seals = find_seals
        self._seals_new = seals_new
        self._may_be_keyed: bool | None = (
            True if seals_new else None
        )  # whether some are; `None` before it was looked up

    def append(self, events: Sequence[StoredEvent]) -> list[int]:
        """Store events in this order, durable when this returns; return their positions, 0 for those stored already."""
        return self._store.append(self._seal(events))

    def seal_batch(self, batch: Batch) -> Batch:
        """Return a batch with its events and what it listens for as they are stored."""
        if batch.emitted:
            batch = replace(batch, emitted=self._seal(batch.emitted))
        if batch.listens and self._seals_new:
            listens = tuple(replace(each, keys=tuple(map(self._seal_key, each.keys))) for each in batch.listens)
            batch = replace(batch, listens=listens)
        return batch

    def _seal(self, events: Sequence[StoredEvent]) -> tuple[StoredEvent, ...]:
        """Return events as they are stored."""
        if not events:
            return ()
        if not self._seals_new:
            return tuple(replace(event, body=store_plain(event.body)) for event in events)
        seals = self._find_seals()
        return tuple(replace(event, body=seals.seal(event.body, *_place(event))) for event in events)

    def _seal_key(self, key: ListenKey) -> ListenKey:
        return ListenKey(_KEYED + key.shape, self._list_keyed(key.digest)[0])

    def _list_keyed(self, digest: bytes) -> list[bytes]:
        """Return the keyed hashes of a digest, that of the current key first."""
        return [keyed[:_DIGEST_BYTES] for keyed in self._find_seals().hash_content(b"listening " + digest)]

    def last_position(self) -> int:
        """Return the position of the last event that was ever stored."""
        return self._store.last_position()

    def read(self, after: int, *, limit: int, where: EventQuery | None = None) -> list[StoredEvent]:
        """Return up to `limit` events behind a position; what was changed has no body. Raises `MasterKeyError`."""
        return [self._read(event) for event in self._store.read(after, limit=limit, where=where)]

    def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first; what does not open here has no body: no list fails over it."""
        found: list[StoredEvent] = []
        for event in self._store.list_newest(where, limit=limit, before=before):
            try:
                found.append(self._read(event))
            except KapellError:
                found.append(replace(event, body=b""))
        return found

    def get(self, position: int) -> StoredEvent:
        """Return an event. Raises `NotFoundError`, `DamagedHistoryError`, `MasterKeyError`."""
        event = self._store.get(position)
        try:
            return self._open(event)
        except StorageError as error:
            raise DamagedHistoryError(f"The stored event {position} does not open.", hint=_ADVICE) from error

    def _read(self, event: StoredEvent) -> StoredEvent:
        try:
            return self._open(event)
        except StorageError:  # nobody can use it any more, and those behind it are to be read
            return replace(event, body=b"")

    def _open(self, event: StoredEvent) -> StoredEvent:
        if not is_sealed(event.body):
            return replace(event, body=read_plain(event.body))
        return replace(event, body=self._find_seals().open(event.body, *_place(event)))

    def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first."""
        return self._store.list_uses(position, limit=limit)

    def find_listeners(self, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
        """Return the tasks that listen for one of these digests of keys, each with the digest."""
        if self._may_be_keyed is None:
            self._may_be_keyed = any(shape.startswith(_KEYED) for shape in self._store.list_shapes())
        stored = {digest: digest for digest in digests}
        if self._may_be_keyed:
            stored |= {keyed: digest for digest in digests for keyed in self._list_keyed(digest)}
        return [(stored[found], listener) for found, listener in self._store.find_listeners(stored)]

    def list_shapes(self) -> set[str]:
        """Return the shapes of all keys that are listened for."""
        return {shape.removeprefix(_KEYED) for shape in self._store.list_shapes()}

    def find_cursor(self, name: str) -> int | None:
        """Return how far a reader of all events has come, if it has ever said so."""
        return self._store.find_cursor(name)

    def keep_cursor(self, name: str, position: int) -> None:
        """Keep how far a reader has come, durable when this returns."""
        self._store.keep_cursor(name, position)

    def prune(self, *, arrived_before: datetime, keep_most: int, below: int, limit: int) -> int:
        """Delete up to `limit` events with their uses; return how many went, 0 when none is left to go."""
        return self._store.prune(arrived_before=arrived_before, keep_most=keep_most, below=below, limit=limit)


def _place(event: StoredEvent) -> tuple[str, ...]:
    return ("event", event.namespace, event.source, event.event_id)
