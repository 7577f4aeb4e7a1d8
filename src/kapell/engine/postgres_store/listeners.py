"""Who listens for what, in PostgreSQL: a row for each key of each task that listens, found by the key's digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.event_store import Listener
from kapell.engine.postgres_store.statements import turn
from kapell.storage.postgres_arrays import ByteaArray, Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Collection

    from kapell.engine.event_rows import EventChanges
    from kapell.engine.postgres_store.connections import Connection

_DROP_RUNS = "DELETE FROM listeners WHERE run_id = ANY (%b::text[])"
_DROP_ENTRIES = """
    DELETE FROM listeners USING unnest(%b::text[], %b::int8[]) AS old (run_id, entry)
    WHERE listeners.run_id = old.run_id AND listeners.entry = old.entry
"""
_ADD_SHAPES = """
    INSERT INTO listen_shapes (shape_key, shape) SELECT * FROM unnest(%b::int8[], %b::text[]) ON CONFLICT DO NOTHING
"""
_ADD = """
    INSERT INTO listeners (digest, run_id, entry, shape_key)
    SELECT * FROM unnest(%b::bytea[], %b::text[], %b::int8[], %b::int8[])
"""
_FIND = "SELECT digest, run_id, entry FROM listeners WHERE digest = ANY (%b::bytea[])"
# A limit, and not EXISTS, of which the server would make a join that reads all listeners.
_LIST_SHAPES = """
    SELECT shape FROM listen_shapes
    CROSS JOIN LATERAL (SELECT FROM listeners WHERE listeners.shape_key = listen_shapes.shape_key LIMIT 1) AS any_one
"""


def write_changes(connection: Connection, changes: EventChanges) -> None:
    """Write who listens from here on."""
    if changes.ended:
        drop_runs(connection, changes.ended)
    if changes.listens:
        connection.execute(_DROP_ENTRIES, turn(list(changes.listens), (TextArray, Int8Array)))
    added = changes.list_listeners()
    if added:
        connection.execute(_ADD_SHAPES, turn(changes.list_shapes(), (Int8Array, TextArray)))
        connection.execute(_ADD, turn(added, (ByteaArray, TextArray, Int8Array, Int8Array)))


def drop_runs(connection: Connection, run_ids: Collection[str]) -> None:
    """Let runs listen no more."""
    connection.execute(_DROP_RUNS, (TextArray(run_ids),))


def find(connection: Connection, digests: Collection[bytes]) -> list[tuple[bytes, Listener]]:
    """Return who listens for one of these digests."""
    wanted = ByteaArray(dict.fromkeys(digests))
    return [
        (digest, Listener(run_id, entry)) for digest, run_id, entry in connection.execute(_FIND, (wanted,), binary=True)
    ]


def list_shapes(connection: Connection) -> set[str]:
    """Return the shapes of all keys that are listened for."""
    return {shape for (shape,) in connection.execute(_LIST_SHAPES)}
