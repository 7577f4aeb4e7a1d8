"""How events become rows of a store, and what the batches of one call say of them: the same in each store."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from kapell.engine.event_store import EventUse, StoredEvent
from kapell.engine.rows import from_microseconds, to_microseconds, to_storable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kapell.engine.store import Batch
    from kapell.kernel.listening import ListenKey

EVENT_COLUMNS = "position, arrived_at, namespace, source, event_id, type, subject, via, body"
_HASH_BYTES = 16
_SHAPE_KEY_BYTES = 8

ListenerRow = tuple[bytes, str, int, int]
"""Digest, run, entry, and the key of the shape."""
UseRow = tuple[int, int, str, str]
"""Position, time, run, and reference: the order in which uses are listed."""


def hash_event(event: StoredEvent) -> bytes:
    """Return 16 bytes that stand for namespace, source and id: two events that share them are the same one."""
    parts = [to_storable(part).encode() for part in (event.namespace, event.source, event.event_id)]
    lengths = b"".join(len(part).to_bytes(8, "big") for part in parts)
    return hashlib.sha256(lengths + b"".join(parts)).digest()[:_HASH_BYTES]


def hash_shape(shape: str) -> int:
    """Return the number under which a shape is kept; nobody has to ask the database for it."""
    digest = hashlib.sha256(to_storable(shape).encode()).digest()
    return int.from_bytes(digest[:_SHAPE_KEY_BYTES], "big", signed=True)


def encode_event(event: StoredEvent, position: int, event_hash: bytes) -> tuple[Any, ...]:
    """Return an event as a row: `EVENT_COLUMNS`, and its hash before the body."""
    return (
        position,
        to_microseconds(event.arrived_at),
        to_storable(event.namespace),
        to_storable(event.source),
        to_storable(event.event_id),
        to_storable(event.type),
        None if event.subject is None else to_storable(event.subject),
        to_storable(event.via),
        event_hash,
        event.body,
    )


def decode_event(row: Sequence[Any]) -> StoredEvent:
    """Return the event of a row that was selected by `EVENT_COLUMNS`."""
    position, arrived_at, namespace, source, event_id, type_, subject, via, body = row
    return StoredEvent(
        position=position,
        arrived_at=from_microseconds(arrived_at),
        namespace=namespace,
        source=source,
        event_id=event_id,
        type=type_,
        subject=subject,
        via=via,
        body=body,
    )


def decode_use(row: Sequence[Any]) -> EventUse:
    """Return the use of a row."""
    position, at, run_id, reference = row
    return EventUse(position=position, run_id=run_id, reference=reference, at=from_microseconds(at))


class EventChanges:
    """What the batches of one call say of events and listeners, in their order.

    Attributes:
        emitted: Events to be stored.
        uses: Rows of uses.
        ended: Runs all of whose listeners go; this comes before `listens`.
        listens: Keys by run and entry, in place of those that the entry has had; none if it listens no more.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.emitted: list[StoredEvent] = []
        self.uses: list[UseRow] = []
        self.ended: set[str] = set()
        self.listens: dict[tuple[str, int], tuple[ListenKey, ...]] = {}

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.emitted or self.uses or self.ended or self.listens)

    def add(self, batch: Batch) -> None:
        """Take what a batch says, but for the end of its run."""
        run_id = batch.run_id
        self.emitted += batch.emitted
        for use in batch.uses:
            self.uses.append((use.position, to_microseconds(use.at), run_id, to_storable(use.reference)))
        for listening in batch.listens:
            self.listens[run_id, listening.entry] = listening.keys
        for entry in batch.unlistens:
            self.listens[run_id, entry] = ()

    def is_listening(self, run_id: str) -> bool:
        """Tell whether these batches say what a run listens for."""
        return any(place[0] == run_id for place in self.listens)

    def end_run(self, run_id: str) -> None:
        """Let all listening of a run end here; what it says later stands."""
        self.ended.add(run_id)
        for place in [place for place in self.listens if place[0] == run_id]:
            del self.listens[place]

    def list_listeners(self) -> list[ListenerRow]:
        """Return the rows of all that is listened for from here on, each once."""
        return list(
            dict.fromkeys(
                (key.digest, run_id, entry, hash_shape(key.shape))
                for (run_id, entry), keys in self.listens.items()
                for key in keys
            )
        )

    def list_shapes(self) -> list[tuple[int, str]]:
        """Return the shapes of these rows with their keys."""
        shapes = {key.shape for keys in self.listens.values() for key in keys}
        return [(hash_shape(shape), to_storable(shape)) for shape in sorted(shapes)]


def says_of_events(batch: Batch) -> bool:
    """Tell whether a batch says anything of events; few do."""
    return bool(batch.emitted or batch.listens or batch.unlistens or batch.uses)


def number_events(
    events: Iterable[StoredEvent], hashes: Iterable[bytes], known: set[bytes], last: int
) -> tuple[list[int], list[tuple[Any, ...]]]:
    """Return the position of each event, 0 for one that is known, and the rows of the others.

    Args:
        events: The events.
        hashes: Their hashes.
        known: The hashes of those that are stored; those that are new come to them.
        last: The last position that was given.
    """
    positions: list[int] = []
    rows: list[tuple[Any, ...]] = []
    for event, event_hash in zip(events, hashes, strict=True):
        if event_hash in known:
            positions.append(0)
            continue
        known.add(event_hash)
        last += 1
        positions.append(last)
        rows.append(encode_event(event, last, event_hash))
    return positions, rows
