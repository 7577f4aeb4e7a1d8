"""The statements of an append, and how rows become their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.storage.postgres_arrays import ByteaArray, Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kapell.engine.postgres_store.collecting import Rows
    from kapell.engine.postgres_store.connections import Connection

# One statement, hence one transaction and one trip to the server. `present` is the fence: it locks the owner's row, so
# that nobody takes over meanwhile, and if the epoch is another's it is empty and nothing is written.
APPEND = """
    WITH present AS MATERIALIZED (
        SELECT epoch FROM owner WHERE epoch = %b::int8 FOR NO KEY UPDATE
    ), new_runs AS (
        INSERT INTO runs (
            run_key, run_id, namespace, name, version, definition_key, created_at, parent_run_id,
            status, updated_at, ended_at, parked_until, error)
        SELECT
            run_key, run_id, namespace, name, version,
            (SELECT definition_key FROM definitions WHERE definitions.digest = new.definition), created_at,
            parent_run_id, status, updated_at, ended_at, parked_until, error
        FROM unnest(
            %b::int8[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int8[], %b::text[],
            %b::text[], %b::int8[], %b::int8[], %b::int8[], %b::text[]
        ) AS new (
            run_key, run_id, namespace, name, version, definition, created_at, parent_run_id,
            status, updated_at, ended_at, parked_until, error)
        WHERE EXISTS (SELECT FROM present)
    ), changed_runs AS (
        UPDATE runs
        SET status = new.status, updated_at = new.updated_at, ended_at = new.ended_at,
            parked_until = new.parked_until, error = new.error
        FROM unnest(%b::int8[], %b::text[], %b::int8[], %b::int8[], %b::int8[], %b::text[])
            AS new (run_key, status, updated_at, ended_at, parked_until, error)
        WHERE runs.run_key = new.run_key AND EXISTS (SELECT FROM present)
    ), new_history AS (
        INSERT INTO history (run_key, first_seq, count, at, crc32, body)
        SELECT * FROM unnest(%b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::bytea[])
        WHERE EXISTS (SELECT FROM present)
    ), new_counts AS (
        INSERT INTO run_counts (span_seconds, subject_key, begins_at, what, count)
        SELECT * FROM unnest(%b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::int8[])
        WHERE EXISTS (SELECT FROM present)
        ON CONFLICT (span_seconds, subject_key, begins_at, what)
        DO UPDATE SET count = run_counts.count + excluded.count
    )
    SELECT count(*) FROM present
"""
_ADD_SNAPSHOTS = """
    INSERT INTO snapshots (run_key, seq, crc32, body)
    SELECT * FROM unnest(%b::int8[], %b::int8[], %b::int8[], %b::bytea[])
    ON CONFLICT (run_key, seq) DO UPDATE SET crc32 = excluded.crc32, body = excluded.body
"""
_DROP_OLD_SNAPSHOTS = """
    DELETE FROM snapshots WHERE run_key = ANY (%b::int8[]) AND seq < (
        SELECT seq FROM snapshots AS kept WHERE kept.run_key = snapshots.run_key
        ORDER BY seq DESC LIMIT 1 OFFSET 1)
"""
_ADD_PAYLOADS = """
    INSERT INTO payloads (digest, body) SELECT * FROM unnest(%b::text[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
_ADD_PAYLOAD_USES = """
    INSERT INTO payload_uses (run_key, digest) SELECT * FROM unnest(%b::int8[], %b::text[]) ON CONFLICT DO NOTHING
"""
_ANSWER_DONE = """
    WITH done AS (DELETE FROM inbox WHERE command_id = ANY (%b::int8[]) RETURNING command_id)
    INSERT INTO inbox_answers (command_id, error, detail) SELECT command_id, '', '{}' FROM done ON CONFLICT DO NOTHING
"""

_ADD_FAULTS = "INSERT INTO faults (run_key) SELECT * FROM unnest(%b::int8[])"

_RUN_COLUMNS = (
    Int8Array,
    TextArray,
    TextArray,
    TextArray,
    TextArray,
    TextArray,
    Int8Array,
    TextArray,
    TextArray,
    Int8Array,
    Int8Array,
    Int8Array,
    TextArray,
)
_STANDING_COLUMNS = (Int8Array, TextArray, Int8Array, Int8Array, Int8Array, TextArray)
_HISTORY_COLUMNS = (Int8Array, Int8Array, Int8Array, Int8Array, Int8Array, ByteaArray)
_COUNT_COLUMNS = (Int8Array, Int8Array, Int8Array, Int8Array, Int8Array)
_SNAPSHOT_COLUMNS = (Int8Array, Int8Array, Int8Array, ByteaArray)


def append_rows(connection: Connection, epoch: int, rows: Rows, counts: Sequence[tuple[int, ...]]) -> bool:
    """Write runs, events and counts, if the epoch is the present owner's, and tell whether it was."""
    parameters = (
        epoch,
        *turn([(key, *fields) for key, fields in rows.new_runs.items()], _RUN_COLUMNS),
        *turn([(key, *fields) for key, fields in rows.changed_runs.items()], _STANDING_COLUMNS),
        *turn(rows.history, _HISTORY_COLUMNS),
        *turn(counts, _COUNT_COLUMNS),
    )
    row = connection.execute(APPEND, parameters, prepare=True).fetchone()
    return row is not None and row[0] == 1


def add_rarities(connection: Connection, rows: Rows) -> None:
    """Write what few batches bring, if there is something. Call it in the transaction of `append_rows`."""
    if not rows.has_rarities:
        return
    with connection.pipeline():
        if rows.snapshots:
            snapshots = [(*key, *fields) for key, fields in rows.snapshots.items()]
            connection.execute(_ADD_SNAPSHOTS, turn(snapshots, _SNAPSHOT_COLUMNS))
            connection.execute(_DROP_OLD_SNAPSHOTS, (Int8Array({run_key for run_key, _ in rows.snapshots}),))
        if rows.payloads:
            connection.execute(_ADD_PAYLOADS, turn(list(rows.payloads.items()), (TextArray, ByteaArray)))
            connection.execute(_ADD_PAYLOAD_USES, turn(rows.payload_uses, (Int8Array, TextArray)))
        if rows.done_commands:
            connection.execute(_ANSWER_DONE, (Int8Array(rows.done_commands),))
        if rows.faults:
            connection.execute(_ADD_FAULTS, (Int8Array(rows.faults),))


def turn(rows: Sequence[tuple[Any, ...]], kinds: Iterable[type[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    """Return rows as one array a column."""
    if not rows:
        return [kind() for kind in kinds]
    return [kind(column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]
