"""Runs, read back and checked: what carries a run on, its history, its payloads."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.soundness import check_history, check_payload, find_sound_snapshot, make_damage
from kapell.engine.store import HistoryRow, RunRecord, StoredRun
from kapell.errors import NotFoundError
from kapell.storage.errors import is_damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.storage.database import Database

_PAGE_ROWS = 128
_ADVICE = "The data was changed on disk, outside Kapell; check the disk, and restore the folder if the run matters."

# S608: the only thing put into these statements is a constant of this package.
_FIND_RUN = f"SELECT run_key, {RECORD_COLUMNS} FROM runs WHERE run_id = ?"  # noqa: S608 -- see above
_FIND_RUN_KEY = "SELECT run_key FROM runs WHERE run_id = ?"
_LIST_SNAPSHOTS = "SELECT seq, crc32, body FROM snapshots WHERE run_key = ? ORDER BY seq DESC"
_FIND_BATCH_START = "SELECT coalesce(max(first_seq), 1) FROM history WHERE run_key = ? AND first_seq <= ?"
_LIST_HISTORY = """
    SELECT first_seq, count, at, crc32, body FROM history
    WHERE run_key = ? AND first_seq >= ? ORDER BY first_seq LIMIT ?
"""
_FIND_PAYLOAD = "SELECT body FROM payloads WHERE digest = ?"
_FIND_DEFINITION = "SELECT source FROM definitions WHERE digest = ?"


def get_record(database: Database, run_id: str) -> RunRecord:
    """Return a run's projection. Raises `NotFoundError`."""
    with database.read() as connection:
        return _find_run(connection, run_id)[1]


def find_record(connection: sqlite3.Connection, run_id: str) -> RunRecord:
    """Return a run's projection within a transaction. Raises `NotFoundError`."""
    return _find_run(connection, run_id)[1]


def load_run(database: Database, run_id: str) -> StoredRun:
    """Return a run with its newest snapshot that is sound, and the events since.

    A damaged snapshot costs only time: an older one, or the whole history, gives the same state.

    Raises:
        NotFoundError: There is no such run.
        DamagedHistoryError: A row that is needed is damaged or missing.
    """
    with database.read() as connection, _naming_damage(run_id):
        run_key, record = _find_run(connection, run_id)
        seq, snapshot = find_sound_snapshot(run_key, connection.execute(_LIST_SNAPSHOTS, (run_key,)))
        rows = connection.execute(_LIST_HISTORY, (run_key, seq + 1, -1))
        return StoredRun(
            record=record,
            snapshot=snapshot,
            snapshot_seq=seq,
            rows=tuple(check_history(run_id, run_key, seq + 1, rows, _ADVICE)),
        )


def iter_history(database: Database, run_id: str, after_seq: int) -> Iterator[HistoryRow]:
    """Stream the batches that hold events above `after_seq`, a page at a time, so that no transaction stays open.

    Raises:
        NotFoundError: There is no such run.
        DamagedHistoryError: A row is damaged or missing.
    """
    with database.read() as connection, _naming_damage(run_id):
        row = connection.execute(_FIND_RUN_KEY, (run_id,)).fetchone()
        if row is None:
            raise _no_such_run(run_id)
        (run_key,) = row
        (next_seq,) = connection.execute(_FIND_BATCH_START, (run_key, after_seq + 1)).fetchone()
    while True:
        with database.read() as connection, _naming_damage(run_id):
            page = connection.execute(_LIST_HISTORY, (run_key, next_seq, _PAGE_ROWS)).fetchall()
        for batch in check_history(run_id, run_key, next_seq, page, _ADVICE):
            next_seq = batch.first_seq + batch.count
            if next_seq > after_seq + 1:
                yield batch
        if len(page) < _PAGE_ROWS:
            return


def get_payload(database: Database, digest: str) -> bytes:
    """Return a large value. Raises `NotFoundError`, or `DamagedHistoryError` if it does not match its hash."""
    with database.read() as connection:
        row = connection.execute(_FIND_PAYLOAD, (digest,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no payload {digest}.")
    body: bytes = row[0]
    return check_payload(digest, body, "data folder")


def get_definition(database: Database, digest: str) -> bytes:
    """Return a workflow's source. Raises `NotFoundError`."""
    with database.read() as connection:
        row = connection.execute(_FIND_DEFINITION, (digest,)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no workflow definition {digest}.")
    source: bytes = row[0]
    return source


def _find_run(connection: sqlite3.Connection, run_id: str) -> tuple[int, RunRecord]:
    row = connection.execute(_FIND_RUN, (run_id,)).fetchone()
    if row is None:
        raise _no_such_run(run_id)
    return row[0], decode_record(row[1:])


@contextmanager
def _naming_damage(run_id: str) -> Iterator[None]:
    """Say which run is concerned when SQLite itself cannot read a page: others may well be sound."""
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise make_damage(run_id, f"SQLite cannot read a page of it ({error})", _ADVICE) from error
        raise


def _no_such_run(run_id: str) -> NotFoundError:
    return NotFoundError(f"There is no run {run_id}.")
