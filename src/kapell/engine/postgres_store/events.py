"""Events in PostgreSQL.

Positions are given under an advisory lock that lasts as long as the transaction: whoever stores events next does so
when those before can be seen. So positions become visible in their order, and have no gaps but what was deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.event_finding import MOST
from kapell.engine.event_rows import EVENT_COLUMNS, decode_event, decode_use, encode_event, hash_event
from kapell.engine.postgres_store import event_lists, listeners
from kapell.engine.postgres_store.statements import turn
from kapell.engine.rows import to_microseconds
from kapell.errors import NotFoundError
from kapell.storage.postgres_arrays import ByteaArray, Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from kapell.engine.event_rows import EventChanges
    from kapell.engine.event_store import EventQuery, EventUse, Listener, StoredEvent
    from kapell.engine.postgres_store.connections import Connection, Connections

_EVENTS_LOCK = 0x4B41_504C_0003
"""The advisory lock under which positions are given."""

_LOCK_EVENTS = "SELECT pg_advisory_xact_lock(%s)"
_LAST = """
    greatest((SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(position), 0) FROM pruned_events))
"""
# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_LAST = f"SELECT {_LAST}"
_ADD_EVENTS = f"""
    WITH last AS MATERIALIZED (SELECT {_LAST} AS position)
    INSERT INTO events (position, arrived_at, namespace, source, event_id, type, subject, via, event_hash, body)
    SELECT
        last.position + row_number() OVER (ORDER BY number),
        arrived_at, namespace, source, event_id, type, subject, via, event_hash, body
    FROM last, unnest(
        %b::int8[], %b::int8[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::bytea[],
        %b::bytea[]
    ) AS new (number, arrived_at, namespace, source, event_id, type, subject, via, event_hash, body)
    WHERE NOT EXISTS (SELECT FROM events WHERE events.event_hash = new.event_hash)
    RETURNING event_hash, position
"""  # noqa: S608 -- see above
# A use of an event that is gone is not kept: nobody would ever delete it.
_ADD_USES = """
    INSERT INTO event_uses (position, at, run_id, reference)
    SELECT * FROM unnest(%b::int8[], %b::int8[], %b::text[], %b::text[]) AS used (position, at, run_id, reference)
    WHERE EXISTS (SELECT FROM events WHERE events.position = used.position)
    ON CONFLICT DO NOTHING
"""
_GET = f"SELECT {EVENT_COLUMNS} FROM events WHERE position = %s"  # noqa: S608 -- see above
_READ = f"SELECT {EVENT_COLUMNS} FROM events WHERE position > %s ORDER BY position LIMIT %s"  # noqa: S608 -- see above
_LIST_USES = """
    SELECT position, at, run_id, reference FROM event_uses WHERE position = %s ORDER BY at, run_id, reference LIMIT %s
"""
_FIND_CURSOR = "SELECT position FROM event_cursors WHERE name = %s"
_KEEP_CURSOR = """
    INSERT INTO event_cursors (name, position) VALUES (%s, %s)
    ON CONFLICT (name) DO UPDATE SET position = excluded.position
"""
_LIST_OLD = """
    SELECT position FROM events WHERE arrived_at < %s AND position > %s AND position < %s
    ORDER BY arrived_at, position LIMIT %s
"""
_LIST_OVER = "SELECT position FROM events WHERE position <= %s ORDER BY position LIMIT %s"
_DROP_USES = "DELETE FROM event_uses WHERE position = ANY (%b::int8[])"
_DROP = "DELETE FROM events WHERE position = ANY (%b::int8[]) RETURNING position"
_KEEP_PRUNED = """
    INSERT INTO pruned_events ("only", position) VALUES (1, %s)
    ON CONFLICT ("only") DO UPDATE SET position = greatest(pruned_events.position, excluded.position)
"""
_EVENT_COLUMNS = (
    Int8Array,
    Int8Array,
    TextArray,
    TextArray,
    TextArray,
    TextArray,
    TextArray,
    TextArray,
    ByteaArray,
    ByteaArray,
)
_USE_COLUMNS = (Int8Array, Int8Array, TextArray, TextArray)


class PostgresEvents:
    """`EventStore` in the database of the runs."""

    def __init__(self, connections: Connections) -> None:
        """Keep events by way of these connections."""
        self._connections = connections

    def append(self, events: Sequence[StoredEvent]) -> list[int]:
        """Store events in this order, durable when this returns; return their positions, 0 for those stored already."""
        if not events:
            return []
        with self._connections.write_events() as connection, connection.transaction():
            return _add_events(connection, events)

    def last_position(self) -> int:
        """Return the position of the last event that was ever stored."""
        with self._connections.read() as connection:
            return _find_last(connection)

    def read(self, after: int, *, limit: int, where: EventQuery | None = None) -> list[StoredEvent]:
        """Return up to `limit` events behind a position, in order of arrival."""
        if where is not None:
            return event_lists.list_events(self._connections, where, (after, MOST), limit, newest=False)
        with self._connections.read() as connection:
            return [decode_event(row) for row in connection.execute(_READ, (after, limit), binary=True)]

    def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first."""
        between = (0, MOST if before is None else before)
        return event_lists.list_events(self._connections, where, between, limit, newest=True)

    def get(self, position: int) -> StoredEvent:
        """Return an event. Raises `NotFoundError`."""
        with self._connections.read() as connection:
            row = connection.execute(_GET, (position,), binary=True).fetchone()
        if row is None:
            raise NotFoundError(f"There is no event {position}.")
        return decode_event(row)

    def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first."""
        with self._connections.read() as connection:
            return [decode_use(row) for row in connection.execute(_LIST_USES, (position, limit))]

    def find_listeners(self, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
        """Return the tasks that listen for one of these digests of keys, each with the digest."""
        with self._connections.read() as connection:
            return listeners.find(connection, digests)

    def list_shapes(self) -> set[str]:
        """Return the shapes of all keys that are listened for."""
        with self._connections.read() as connection:
            return listeners.list_shapes(connection)

    def find_cursor(self, name: str) -> int | None:
        """Return how far a reader of all events has come, if it has ever said so."""
        with self._connections.read() as connection:
            row = connection.execute(_FIND_CURSOR, (name,)).fetchone()
        return None if row is None else int(row[0])

    def keep_cursor(self, name: str, position: int) -> None:
        """Keep how far a reader has come, durable when this returns."""
        with self._connections.write_events() as connection:
            connection.execute(_KEEP_CURSOR, (name, position))

    def prune(self, *, arrived_before: datetime, keep_most: int, below: int, limit: int) -> int:
        """Delete up to `limit` events with their uses; return how many went, 0 when none is left to go."""
        with self._connections.read() as connection:
            old = _list_old(connection, arrived_before, keep_most, below, limit)
        if not old:
            return 0
        with self._connections.write_events() as connection, connection.transaction():
            connection.execute(_DROP_USES, (Int8Array(old),))
            gone = connection.execute(_DROP, (Int8Array(old),)).rowcount
            connection.execute(_KEEP_PRUNED, (max(old),))
        return gone


def write_changes(connection: Connection, changes: EventChanges) -> None:
    """Write what batches say of events, in their transaction."""
    if changes.emitted:
        _add_events(connection, changes.emitted)
    if changes.uses:
        connection.execute(_ADD_USES, turn(list(dict.fromkeys(changes.uses)), _USE_COLUMNS))
    listeners.write_changes(connection, changes)


def _add_events(connection: Connection, events: Sequence[StoredEvent]) -> list[int]:
    """Store events that are new, in the caller's transaction; return their positions, 0 for the others."""
    hashes = [hash_event(event) for event in events]
    new: dict[bytes, StoredEvent] = {}
    for event, event_hash in zip(events, hashes, strict=True):
        new.setdefault(event_hash, event)
    rows: list[tuple[Any, ...]] = [
        encode_event(event, number, event_hash) for number, (event_hash, event) in enumerate(new.items())
    ]
    with connection.pipeline():
        connection.execute(_LOCK_EVENTS, (_EVENTS_LOCK,))
        found = connection.execute(_ADD_EVENTS, turn(rows, _EVENT_COLUMNS), binary=True)
    positions: dict[bytes, int] = dict(found)
    return [positions.pop(event_hash, 0) for event_hash in hashes]


def _find_last(connection: Connection) -> int:
    row = connection.execute(_FIND_LAST).fetchone()
    assert row is not None
    return int(row[0])


def _list_old(connection: Connection, arrived_before: datetime, keep_most: int, below: int, limit: int) -> list[int]:
    """Return the positions of events that may go."""
    over = max(0, min(_find_last(connection) - keep_most, below - 1))
    found = connection.execute(_LIST_OVER, (over, limit)).fetchall()
    if len(found) < limit:
        bounds = (to_microseconds(arrived_before), over, below)
        found += connection.execute(_LIST_OLD, (*bounds, limit - len(found))).fetchall()
    return [position for (position,) in found]
