"""Runs, read back and checked: what carries a run on, its history, its payloads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from kapell.engine.postgres_store.errors import describe_cause, is_damage
from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.soundness import check_history, check_payload, find_sound_snapshot, make_damage
from kapell.engine.store import HistoryRow, RunRecord, StoredRun
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.postgres_store.connections import Connection, Connections

_PAGE_ROWS = 128
_ADVICE = "The data was changed outside Kapell; check the server's disk, and restore a backup if the run matters."

# S608: the only thing put into this statement is a constant of this package.
_FIND_RUN = f"SELECT run_key, {RECORD_COLUMNS} FROM runs WHERE run_id = %s"  # noqa: S608 -- see above
_FIND_BATCH_START = """
    SELECT run_key, coalesce(
        (SELECT max(first_seq) FROM history WHERE history.run_key = runs.run_key AND first_seq <= %s), 1)
    FROM runs WHERE run_id = %s
"""
_LIST_SNAPSHOTS = "SELECT seq, crc32, body FROM snapshots WHERE run_key = %s ORDER BY seq DESC"
_LIST_HISTORY = """
    SELECT first_seq, count, at, crc32, body FROM history
    WHERE run_key = %s AND first_seq >= %s ORDER BY first_seq LIMIT %s
"""
_FIND_PAYLOAD = "SELECT body FROM payloads WHERE digest = %s"
_FIND_DEFINITION = "SELECT source FROM definitions WHERE digest = %s"


def get_record(connections: Connections, run_id: str) -> RunRecord:
    """Return a run's projection. Raises `NotFoundError`."""
    with connections.read() as connection:
        return _find_run(connection, run_id)[1]


def find_record(connection: Connection, run_id: str) -> RunRecord:
    """Return a run's projection within a transaction. Raises `NotFoundError`."""
    return _find_run(connection, run_id)[1]


def load_run(connections: Connections, run_id: str) -> StoredRun:
    """Return a run with its newest snapshot that is sound, and the events since.

    A damaged snapshot costs only time: an older one, or the whole history, gives the same state.

    Raises:
        NotFoundError: There is no such run.
        DamagedHistoryError: A row that is needed is damaged or missing.
    """
    with connections.read() as connection, _naming_damage(run_id), connection.transaction():
        run_key, record = _find_run(connection, run_id)
        seq, snapshot = find_sound_snapshot(run_key, connection.execute(_LIST_SNAPSHOTS, (run_key,), binary=True))
        rows = connection.execute(_LIST_HISTORY, (run_key, seq + 1, None), binary=True)
        return StoredRun(
            record=record,
            snapshot=snapshot,
            snapshot_seq=seq,
            rows=tuple(check_history(run_id, run_key, seq + 1, rows, _ADVICE)),
        )


def iter_history(connections: Connections, run_id: str, after_seq: int) -> Iterator[HistoryRow]:
    """Stream the batches that hold events above `after_seq`, a page at a time, so that no transaction stays open.

    Raises:
        NotFoundError: There is no such run.
        DamagedHistoryError: A row is damaged or missing.
    """
    with connections.read() as connection, _naming_damage(run_id):
        row = connection.execute(_FIND_BATCH_START, (after_seq + 1, run_id)).fetchone()
    if row is None:
        raise _no_such_run(run_id)
    run_key, next_seq = row
    while True:
        with connections.read() as connection, _naming_damage(run_id):
            page = connection.execute(_LIST_HISTORY, (run_key, next_seq, _PAGE_ROWS), binary=True).fetchall()
        for batch in check_history(run_id, run_key, next_seq, page, _ADVICE):
            next_seq = batch.first_seq + batch.count
            if next_seq > after_seq + 1:
                yield batch
        if len(page) < _PAGE_ROWS:
            return


def get_payload(connections: Connections, digest: str) -> bytes:
    """Return a large value. Raises `NotFoundError`, or `DamagedHistoryError` if it does not match its hash."""
    with connections.read() as connection:
        row = connection.execute(_FIND_PAYLOAD, (digest,), binary=True).fetchone()
    if row is None:
        raise NotFoundError(f"There is no payload {digest}.")
    body: bytes = row[0]
    return check_payload(digest, body, "database")


def get_definition(connections: Connections, digest: str) -> bytes:
    """Return a workflow's source. Raises `NotFoundError`."""
    with connections.read() as connection:
        row = connection.execute(_FIND_DEFINITION, (digest,), binary=True).fetchone()
    if row is None:
        raise NotFoundError(f"There is no workflow definition {digest}.")
    source: bytes = row[0]
    return source


def _find_run(connection: Connection, run_id: str) -> tuple[int, RunRecord]:
    row = connection.execute(_FIND_RUN, (run_id,)).fetchone()
    if row is None:
        raise _no_such_run(run_id)
    return row[0], decode_record(row[1:])


@contextmanager
def _naming_damage(run_id: str) -> Iterator[None]:
    """Say which run is concerned when the server itself cannot read a page: others may well be sound."""
    try:
        yield
    except psycopg.Error as error:
        if is_damage(error):
            raise make_damage(
                run_id, f"PostgreSQL cannot read a page of it ({describe_cause(error)})", _ADVICE
            ) from error
        raise


def _no_such_run(run_id: str) -> NotFoundError:
    return NotFoundError(f"There is no run {run_id}.")
