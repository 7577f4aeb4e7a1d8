"""Who listens for what, in SQLite: a row for each key of each task that listens, found by the key's digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.event_store import Listener
from kapell.engine.sqlite_store.lookups import look_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

    from kapell.engine.event_rows import EventChanges

_DROP_RUN = "DELETE FROM listeners WHERE run_id = ?"
_DROP_ENTRY = "DELETE FROM listeners WHERE run_id = ? AND entry = ?"
_ADD_SHAPE = "INSERT OR IGNORE INTO listen_shapes (shape_key, shape) VALUES (?, ?)"
_ADD = "INSERT INTO listeners (digest, run_id, entry, shape_key) VALUES (?, ?, ?, ?)"
_FIND = "SELECT digest, run_id, entry FROM listeners WHERE digest IN ({values})"
_LIST_SHAPES = """
    SELECT shape FROM listen_shapes
    WHERE EXISTS (SELECT 1 FROM listeners WHERE listeners.shape_key = listen_shapes.shape_key)
"""


def write_changes(connection: sqlite3.Connection, changes: EventChanges) -> None:
    """Write who listens from here on."""
    if changes.ended:
        drop_runs(connection, changes.ended)
    if changes.listens:
        connection.executemany(_DROP_ENTRY, list(changes.listens))
        connection.executemany(_ADD_SHAPE, changes.list_shapes())
        connection.executemany(_ADD, changes.list_listeners())


def drop_runs(connection: sqlite3.Connection, run_ids: Collection[str]) -> None:
    """Let runs listen no more."""
    connection.executemany(_DROP_RUN, [(run_id,) for run_id in run_ids])


def find(connection: sqlite3.Connection, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
    """Return who listens for one of these digests."""
    return [(digest, Listener(run_id, entry)) for digest, run_id, entry in look_up(connection, _FIND, digests)]


def list_shapes(connection: sqlite3.Connection) -> set[str]:
    """Return the shapes of all keys that are listened for."""
    return {shape for (shape,) in connection.execute(_LIST_SHAPES)}
