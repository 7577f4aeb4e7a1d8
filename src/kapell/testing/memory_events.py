"""`EventStore` in memory: the same contract without a disk."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kapell.engine.event_finding import matches
from kapell.engine.event_rows import hash_event
from kapell.engine.event_store import Listener
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from kapell.engine.event_store import EventQuery, EventUse, StoredEvent
    from kapell.engine.store import Batch
    from kapell.kernel.listening import ListenKey


@dataclass
class EventMedium:
    """What stays when a store is closed."""

    lock: threading.RLock
    last: int = 0
    events: dict[int, StoredEvent] = field(default_factory=dict)  # in the order of their positions
    hashes: set[bytes] = field(default_factory=set)
    uses: dict[int, set[EventUse]] = field(default_factory=dict)
    keys: dict[Listener, tuple[ListenKey, ...]] = field(default_factory=dict)
    listeners: defaultdict[bytes, set[Listener]] = field(default_factory=lambda: defaultdict(set))
    cursors: dict[str, int] = field(default_factory=dict)


class MemoryEvents:
    """Events that last as long as the process."""

    def __init__(self, medium: EventMedium) -> None:
        """Keep events in a medium, which several stores may share."""
        self._medium = medium

    def append(self, events: Sequence[StoredEvent]) -> list[int]:
        """Store events in this order; return their positions, 0 for those stored already."""
        with self._medium.lock:
            return [self._add(event) for event in events]

    def _add(self, event: StoredEvent) -> int:
        medium, event_hash = self._medium, hash_event(event)
        if event_hash in medium.hashes:
            return 0
        medium.hashes.add(event_hash)
        medium.last += 1
        medium.events[medium.last] = replace(event, position=medium.last)
        return medium.last

    def last_position(self) -> int:
        """Return the position of the last event that was ever stored."""
        return self._medium.last

    def read(self, after: int, *, limit: int, where: EventQuery | None = None) -> list[StoredEvent]:
        """Return up to `limit` events behind a position, in order of arrival."""
        with self._medium.lock:
            found = self._iter(range(max(after, 0) + 1, self._medium.last + 1), where)
            return list(islice(found, limit))

    def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first."""
        with self._medium.lock:
            end = self._medium.last if before is None else min(before - 1, self._medium.last)
            return list(islice(self._iter(range(end, 0, -1), where), limit))

    def _iter(self, positions: Iterable[int], where: EventQuery | None) -> Iterator[StoredEvent]:
        for position in positions:
            event = self._medium.events.get(position)
            if event is not None and (where is None or matches(event, where)):
                yield event

    def get(self, position: int) -> StoredEvent:
        """Return an event. Raises `NotFoundError`."""
        try:
            return self._medium.events[position]
        except KeyError:
            raise NotFoundError(f"There is no event {position}.") from None

    def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first."""
        with self._medium.lock:
            uses = self._medium.uses.get(position, set())
            return sorted(uses, key=lambda use: (use.at, use.run_id, use.reference))[:limit]

    def find_listeners(self, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
        """Return the tasks that listen for one of these digests of keys, each with the digest."""
        with self._medium.lock:
            listeners = self._medium.listeners
            return [(digest, found) for digest in set(digests) for found in listeners.get(digest, ())]

    def list_shapes(self) -> set[str]:
        """Return the shapes of all keys that are listened for."""
        with self._medium.lock:
            return {key.shape for keys in self._medium.keys.values() for key in keys}

    def find_cursor(self, name: str) -> int | None:
        """Return how far a reader of all events has come, if it has ever said so."""
        return self._medium.cursors.get(name)

    def keep_cursor(self, name: str, position: int) -> None:
        """Keep how far a reader has come."""
        self._medium.cursors[name] = position

    def prune(self, *, arrived_before: datetime, keep_most: int, below: int, limit: int) -> int:
        """Delete up to `limit` events with their uses; return how many went, 0 when none is left to go."""
        medium = self._medium
        with medium.lock:
            over = min(medium.last - keep_most, below - 1)
            old = [position for position in medium.events if position <= over]
            old += sorted(
                (position for position, event in medium.events.items()
                 if over < position < below and event.arrived_at < arrived_before),
                key=lambda position: (medium.events[position].arrived_at, position),
            )  # fmt: skip
            del old[limit:]
            for position in old:
                medium.hashes.discard(hash_event(medium.events.pop(position)))
                medium.uses.pop(position, None)
            return len(old)

    # -- what a run's batch says, in its transaction -------------------------------------------------------------------

    def write_batch(self, batch: Batch) -> None:
        """Write what a batch says of events, but for the end of its run."""
        for event in batch.emitted:
            self._add(event)
        for use in batch.uses:
            if use.position in self._medium.events:
                self._medium.uses.setdefault(use.position, set()).add(replace(use, run_id=batch.run_id))
        for listening in batch.listens:
            self._listen(Listener(batch.run_id, listening.entry), listening.keys)
        for entry in batch.unlistens:
            self._listen(Listener(batch.run_id, entry), ())

    def end_run(self, run_id: str) -> None:
        """Let a run listen no more."""
        for listener in [listener for listener in self._medium.keys if listener.run_id == run_id]:
            self._listen(listener, ())

    def _listen(self, listener: Listener, keys: tuple[ListenKey, ...]) -> None:
        medium = self._medium
        for key in medium.keys.pop(listener, ()):
            medium.listeners[key.digest].discard(listener)
        if keys:
            medium.keys[listener] = keys
        for key in keys:
            medium.listeners[key.digest].add(listener)
