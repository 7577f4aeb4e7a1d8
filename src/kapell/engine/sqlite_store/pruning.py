"""Old runs leave, a few at a time, with everything that only they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection

_ROWS_A_PIECE = 5000  # some 10 ms; a run with more history than this goes alone

# A child whose parent is still under way stays: the parent may have yet to read what became of it.
_LIST_OLD_RUNS = """
    SELECT run_key, run_id, definition_key,
        (SELECT count(*) FROM history WHERE history.run_key = runs.run_key)
    FROM runs
    WHERE ended_at < ?
        AND NOT EXISTS (
            SELECT 1 FROM runs AS parent WHERE parent.run_id = runs.parent_run_id AND parent.ended_at IS NULL)
    ORDER BY ended_at, run_key LIMIT ?
"""
_LIST_PAYLOADS_OF = "SELECT digest FROM payload_uses WHERE run_key = ?"
_DROP_OF_RUN = (
    "DELETE FROM payload_uses WHERE run_key = ?",
    "DELETE FROM faults WHERE run_key = ?",
    "DELETE FROM snapshots WHERE run_key = ?",
    "DELETE FROM history WHERE run_key = ?",
    "DELETE FROM runs WHERE run_key = ?",
)
_DROP_UNUSED_PAYLOAD = """
    DELETE FROM payloads WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM payload_uses WHERE digest = ?1)
"""
_DROP_UNUSED_DEFINITION = """
    DELETE FROM definitions
    WHERE definition_key = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE definition_key = ?1)
"""
_FIND_DEFINITION_KEY = "SELECT definition_key FROM definitions WHERE digest = ?"


class OldRun(NamedTuple):
    """A run that is to be deleted."""

    run_key: int
    run_id: str
    definition_key: int
    rows: int


def list_old_runs(connection: sqlite3.Connection, ended_before: int, limit: int) -> list[OldRun]:
    """Return the runs that ended longest ago, at most `limit`, and no more than make a bounded piece of work."""
    chosen: list[OldRun] = []
    rows = 0
    for run in map(OldRun._make, connection.execute(_LIST_OLD_RUNS, (ended_before, limit))):
        rows += run.rows
        if chosen and rows > _ROWS_A_PIECE:
            break
        chosen.append(run)
    return chosen


def drop_runs(connection: sqlite3.Connection, runs: list[OldRun], spared_definitions: Collection[str]) -> None:
    """Delete runs with their history, and the payloads and definitions that no other run refers to."""
    keys = [(run.run_key,) for run in runs]
    digests = {row for key in keys for row in connection.execute(_LIST_PAYLOADS_OF, key)}
    for statement in _DROP_OF_RUN:
        connection.executemany(statement, keys)
    connection.executemany(_DROP_UNUSED_PAYLOAD, list(digests))
    spared = {key for digest in spared_definitions for (key,) in connection.execute(_FIND_DEFINITION_KEY, (digest,))}
    unused = {run.definition_key for run in runs} - spared
    connection.executemany(_DROP_UNUSED_DEFINITION, [(key,) for key in unused])
