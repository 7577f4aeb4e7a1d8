"""Old runs leave, a few at a time, with everything that only they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kapell.storage.postgres_arrays import Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Collection

    from kapell.engine.postgres_store.connections import Connection

_ROWS_A_PIECE = 5000  # some 10 ms; a run with more history than this goes alone

# A child whose parent is still under way stays: the parent may have yet to read what became of it.
_LIST_OLD_RUNS = """
    SELECT run_key, run_id, definition_key,
        (SELECT count(*) FROM history WHERE history.run_key = runs.run_key)
    FROM runs
    WHERE ended_at < %s
        AND NOT EXISTS (
            SELECT 1 FROM runs AS parent WHERE parent.run_id = runs.parent_run_id AND parent.ended_at IS NULL)
    ORDER BY ended_at, run_key LIMIT %s
"""
_DROP_LINES = "DELETE FROM lines WHERE run_id = ANY (%b::text[])"
_DROP_USES = "DELETE FROM payload_uses WHERE run_key = ANY (%b::int8[]) RETURNING digest"
_DROP_OF_RUNS = (
    "DELETE FROM faults WHERE run_key = ANY (%b::int8[])",
    "DELETE FROM search_texts WHERE run_key = ANY (%b::int8[])",
    "DELETE FROM snapshots WHERE run_key = ANY (%b::int8[])",
    "DELETE FROM history WHERE run_key = ANY (%b::int8[])",
    "DELETE FROM runs WHERE run_key = ANY (%b::int8[])",
)
_DROP_UNUSED_PAYLOADS = """
    DELETE FROM payloads WHERE digest = ANY (%b::text[])
        AND NOT EXISTS (SELECT 1 FROM payload_uses WHERE payload_uses.digest = payloads.digest)
"""
_DROP_UNUSED_DEFINITIONS = """
    DELETE FROM definitions WHERE definition_key = ANY (%b::int8[]) AND digest <> ALL (%b::text[])
        AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.definition_key = definitions.definition_key)
"""


class OldRun(NamedTuple):
    """A run that is to be deleted."""

    run_key: int
    run_id: str
    definition_key: int
    rows: int


def list_old_runs(connection: Connection, ended_before: int, limit: int) -> list[OldRun]:
    """Return the runs that ended longest ago, at most `limit`, and no more than make a bounded piece of work."""
    chosen: list[OldRun] = []
    rows = 0
    for run in map(OldRun._make, connection.execute(_LIST_OLD_RUNS, (ended_before, limit))):
        rows += run.rows
        if chosen and rows > _ROWS_A_PIECE:
            break
        chosen.append(run)
    return chosen


def drop_runs(connection: Connection, runs: list[OldRun], spared_definitions: Collection[str]) -> None:
    """Delete runs with their history and log, and the payloads and definitions that no other run refers to."""
    keys = Int8Array(run.run_key for run in runs)
    connection.execute(_DROP_LINES, (TextArray(run.run_id for run in runs),))
    digests = TextArray({digest for (digest,) in connection.execute(_DROP_USES, (keys,))})
    for statement in _DROP_OF_RUNS:
        connection.execute(statement, (keys,))
    connection.execute(_DROP_UNUSED_PAYLOADS, (digests,))
    definitions = Int8Array({run.definition_key for run in runs})
    connection.execute(_DROP_UNUSED_DEFINITIONS, (definitions, TextArray(spared_definitions)))
