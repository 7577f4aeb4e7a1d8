"""Events in SQLite. Positions are given under the write lock, so that they become visible in their order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from kapell.engine.event_finding import MOST, Lead, build_conditions, choose_lead, find_times, join, list_namespaces
from kapell.engine.event_rows import EVENT_COLUMNS, decode_event, decode_use, hash_event, number_events
from kapell.engine.rows import to_microseconds
from kapell.engine.sqlite_store import listeners
from kapell.engine.sqlite_store.lookups import look_up
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from kapell.engine.event_rows import EventChanges
    from kapell.engine.event_store import EventQuery, EventUse, Listener, StoredEvent
    from kapell.storage.database import Database

# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_LAST = """
    SELECT max(coalesce((SELECT max(position) FROM events), 0), coalesce((SELECT position FROM pruned_events), 0))
"""
_FIND_KNOWN = "SELECT event_hash FROM events WHERE event_hash IN ({values})"
_ADD_EVENT = """
    INSERT INTO events (position, arrived_at, namespace, source, event_id, type, subject, via, event_hash, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A use of an event that is gone is not kept: nobody would ever delete it.
_ADD_USE = """
    INSERT OR IGNORE INTO event_uses (position, at, run_id, reference)
    SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM events WHERE position = ?1)
"""
_GET = f"SELECT {EVENT_COLUMNS} FROM events WHERE position = ?"  # noqa: S608 -- see above
_LIST = f"SELECT {EVENT_COLUMNS} FROM events WHERE position IN ({{values}})"  # noqa: S608 -- see above
_READ = f"SELECT {EVENT_COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"  # noqa: S608 -- see above
_LIST_USES = "SELECT position, at, run_id, reference FROM event_uses WHERE position = ? ORDER BY at LIMIT ?"
_FIND_LAST_BEFORE = "SELECT position FROM events WHERE arrived_at < ? ORDER BY arrived_at DESC LIMIT 1"
_FIND_FIRST_SINCE = "SELECT position FROM events WHERE arrived_at >= ? ORDER BY arrived_at LIMIT 1"
_FIND_NEXT_NAMESPACE = """
    SELECT namespace FROM events INDEXED BY events_by_{column}
    WHERE {column} = ? AND namespace > ? ORDER BY namespace LIMIT 1
"""
_FIND_CURSOR = "SELECT position FROM event_cursors WHERE name = ?"
_KEEP_CURSOR = """
    INSERT INTO event_cursors (name, position) VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position
"""
_LIST_OLD = """
    SELECT position FROM events WHERE arrived_at < ? AND position > ? AND position < ? ORDER BY arrived_at LIMIT ?
"""
_LIST_OVER = "SELECT position FROM events WHERE position <= ? ORDER BY position LIMIT ?"
_DROP_USES = "DELETE FROM event_uses WHERE position = ?"
_DROP = "DELETE FROM events WHERE position = ?"
_KEEP_PRUNED = """
    INSERT INTO pruned_events (only, position) VALUES (1, ?)
    ON CONFLICT DO UPDATE SET position = max(position, excluded.position)
"""


class SqliteEvents:
    """`EventStore` in the file of the runs."""

    def __init__(self, database: Database) -> None:
        """Keep events in a database that has their tables."""
        self._database = database

    def append(self, events: Sequence[StoredEvent]) -> list[int]:
        """Store events in this order, durable when this returns; return their positions, 0 for those stored already."""
        if not events:
            return []
        with self._database.write() as connection:
            return add_events(connection, events)

    def last_position(self) -> int:
        """Return the position of the last event that was ever stored."""
        with self._database.read() as connection:
            return _find_last(connection)

    def read(self, after: int, *, limit: int, where: EventQuery | None = None) -> list[StoredEvent]:
        """Return up to `limit` events behind a position, in order of arrival."""
        with self._database.read() as connection:
            if where is None:
                return [decode_event(row) for row in connection.execute(_READ, (after, limit))]
            return _list_events(connection, where, (after, MOST), limit, newest=False)

    def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first."""
        with self._database.read() as connection:
            return _list_events(connection, where, (0, MOST if before is None else before), limit, newest=True)

    def get(self, position: int) -> StoredEvent:
        """Return an event. Raises `NotFoundError`."""
        with self._database.read() as connection:
            row = connection.execute(_GET, (position,)).fetchone()
        if row is None:
            raise NotFoundError(f"There is no event {position}.")
        return decode_event(row)

    def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first."""
        with self._database.read() as connection:
            return [decode_use(row) for row in connection.execute(_LIST_USES, (position, limit))]

    def find_listeners(self, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
        """Return the tasks that listen for one of these digests of keys, each with the digest."""
        with self._database.read() as connection:
            return listeners.find(connection, digests)

    def list_shapes(self) -> set[str]:
        """Return the shapes of all keys that are listened for."""
        with self._database.read() as connection:
            return listeners.list_shapes(connection)

    def find_cursor(self, name: str) -> int | None:
        """Return how far a reader of all events has come, if it has ever said so."""
        with self._database.read() as connection:
            row: tuple[int] | None = connection.execute(_FIND_CURSOR, (name,)).fetchone()
        return None if row is None else row[0]

    def keep_cursor(self, name: str, position: int) -> None:
        """Keep how far a reader has come, durable when this returns."""
        with self._database.write() as connection:
            connection.execute(_KEEP_CURSOR, (name, position))

    def prune(self, *, arrived_before: datetime, keep_most: int, below: int, limit: int) -> int:
        """Delete up to `limit` events with their uses; return how many went, 0 when none is left to go."""
        with self._database.read() as connection:  # mostly there is nothing to do, and then nobody is to wait
            if not _list_old(connection, arrived_before, keep_most, below, 1):
                return 0
        with self._database.write() as connection:
            old = _list_old(connection, arrived_before, keep_most, below, limit)
            connection.executemany(_DROP_USES, old)
            connection.executemany(_DROP, old)
            if old:
                connection.execute(_KEEP_PRUNED, max(old))
        return len(old)


def write_changes(connection: sqlite3.Connection, changes: EventChanges) -> None:
    """Write what batches say of events, in their transaction."""
    if changes.emitted:
        add_events(connection, changes.emitted)
    if changes.uses:
        connection.executemany(_ADD_USE, changes.uses)
    listeners.write_changes(connection, changes)


def add_events(connection: sqlite3.Connection, events: Sequence[StoredEvent]) -> list[int]:
    """Store events that are new, in a transaction that holds the write lock; return positions, 0 for the others."""
    hashes = [hash_event(event) for event in events]
    known: set[bytes] = {found for (found,) in look_up(connection, _FIND_KNOWN, hashes)}
    positions, rows = number_events(events, hashes, known, _find_last(connection))
    connection.executemany(_ADD_EVENT, rows)
    return positions


def _find_last(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(_FIND_LAST).fetchone()
    return int(last)


def _list_events(
    connection: sqlite3.Connection, where: EventQuery, between: tuple[int, int], limit: int, *, newest: bool
) -> list[StoredEvent]:
    """Return events between two positions: of each strand the first ones, and of those the first."""
    after, before = _narrow(connection, where, between)
    lead = choose_lead(where)
    conditions, values = build_conditions(where, "?", sparing=lead.column)
    order = "DESC" if newest else "ASC"
    found: list[int] = []
    for columns, strand in _list_strands(connection, where, lead):
        equal = [f"{column} = ?" for column in columns]
        index = f"INDEXED BY events_by_{columns[0]}" if columns else "NOT INDEXED"
        statement = (
            f"SELECT position FROM events {index} "  # noqa: S608 -- see above
            f"WHERE {join([*equal, 'position > ?', 'position < ?', *conditions])} ORDER BY position {order} LIMIT ?"
        )
        rows = [position for (position,) in connection.execute(statement, (*strand, after, before, *values, limit))]
        found = heapq.nlargest(limit, found + rows) if newest else heapq.nsmallest(limit, found + rows)
        if rows and len(found) == limit:  # what is behind the last of these is not wanted any more
            after, before = (found[-1], before) if newest else (after, found[-1])
    rows_by_position = {row[0]: row for row in look_up(connection, _LIST, found)}
    return [decode_event(rows_by_position[position]) for position in found]


def _list_strands(
    connection: sqlite3.Connection, where: EventQuery, lead: Lead
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return where to look: columns, and the values that they have in a strand."""
    namespaces = list_namespaces(where)
    if not lead.column:
        return [((), ())] if namespaces is None else [(("namespace",), (name,)) for name in namespaces]
    return [
        ((lead.column, "namespace"), (value, name))
        for value in lead.values
        for name in (_list_namespaces_of(connection, lead.column, value) if namespaces is None else namespaces)
    ]


def _list_namespaces_of(connection: sqlite3.Connection, column: str, value: str) -> list[str]:
    """Return the namespaces that have such events, each found by one step."""
    statement, found = _FIND_NEXT_NAMESPACE.format(column=column), [""]
    while row := connection.execute(statement, (value, found[-1])).fetchone():
        found.append(row[0])
    return found[1:]


def _narrow(connection: sqlite3.Connection, where: EventQuery, between: tuple[int, int]) -> tuple[int, int]:
    """Return the positions between which events can be that arrived in the filter's time."""
    after, before = between
    since, until = find_times(where)
    if since is not None and (row := connection.execute(_FIND_LAST_BEFORE, (since,)).fetchone()):
        after = max(after, row[0])
    if until is not None and (row := connection.execute(_FIND_FIRST_SINCE, (until,)).fetchone()):
        before = min(before, row[0])
    return after, before


def _list_old(
    connection: sqlite3.Connection, arrived_before: datetime, keep_most: int, below: int, limit: int
) -> list[tuple[int]]:
    """Return the positions of events that may go."""
    over = max(0, min(_find_last(connection) - keep_most, below - 1))
    found = connection.execute(_LIST_OVER, (over, limit)).fetchall()
    if len(found) < limit:
        bounds = (to_microseconds(arrived_before), over, below)
        found += connection.execute(_LIST_OLD, (*bounds, limit - len(found))).fetchall()
    return found
