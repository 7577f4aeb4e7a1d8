"""The hot path: the batches of many runs become rows in one statement, and a doubtful end is cleared up.

The owner remembers where each of its runs stands, its key and the number of its last event, so that a call mostly costs
one trip to the server. What is remembered is a shortcut only: UNIQUE (run_key, first_seq) refuses an event number that
exists, and the epoch, which is checked in the same transaction, excludes that anybody else has appended since.

When the connection breaks while a call is under way, nobody knows whether the server still committed it, or is about
to. The call is refused, and the next one begins by ending what the server does for the lost connection, and by looking:
if every row of events that it brings is there, with the same checksum, it is that call, and it was written whole. A
call without events is written again, which changes nothing.
"""

from __future__ import annotations

from collections import ChainMap
from contextlib import nullcontext
from typing import TYPE_CHECKING

import psycopg

from kapell.engine.postgres_store import events
from kapell.engine.postgres_store.collecting import Position, Rows, collect_rows
from kapell.engine.postgres_store.connections import end_former_writer
from kapell.engine.postgres_store.counting import SubjectKeys, list_rows
from kapell.engine.postgres_store.ownership import check_epoch, explain_refusal
from kapell.engine.postgres_store.statements import add_rarities, append_rows
from kapell.engine.rows import checksum_history, to_microseconds
from kapell.errors import ConflictError, KapellError
from kapell.storage.postgres_arrays import Int8Array, TextArray

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kapell.engine.postgres_store.connections import Connection
    from kapell.engine.store import Batch

_REMEMBERED_RUNS = 100_000  # some 15 MB; beyond that everything is forgotten and found again by query

_FIND_NEXT_KEY = "SELECT coalesce(max(run_key), 0) + 1 FROM runs"
_FIND_POSITIONS = """
    SELECT run_id, run_key, coalesce(
        (SELECT first_seq + count - 1 FROM history WHERE history.run_key = runs.run_key
         ORDER BY first_seq DESC LIMIT 1), 0),
        EXISTS (SELECT FROM listeners WHERE listeners.run_id = runs.run_id)
    FROM runs WHERE run_id = ANY (%b::text[])
"""
_FIND_ROWS = """
    SELECT run_id, first_seq, run_key, history.crc32
    FROM unnest(%b::text[], %b::int8[]) AS wanted (run_id, first_seq)
    JOIN runs USING (run_id) JOIN history USING (run_key, first_seq)
"""


class Appender:
    """Appends for one owner; the caller sees to it that calls do not overlap."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[str, Position] = {}
        self._listening: set[str] = set()  # may hold too many: that costs a statement that deletes nothing
        self._subjects = SubjectKeys()
        self._next_key: int | None = None
        self._is_in_doubt = False

    def append(self, connection: Connection, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches in one transaction.

        Raises:
            StaleOwnerError: `epoch` is not the present owner's.
            ConflictError: A batch does not fit what is stored.
        """
        if self._is_in_doubt:
            end_former_writer(connection)
            if _was_written(connection, batches):
                self._is_in_doubt = False
                return
        try:
            rows = self._append(connection, epoch, batches)
        except KapellError:
            raise  # a refusal: nothing was written
        except BaseException:
            self._is_in_doubt = True
            self.forget_all()
            raise
        self._is_in_doubt = False
        self._keep(rows)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Look these runs up again when they are next needed."""
        for run_id in run_ids:
            self._known.pop(run_id, None)
            self._listening.discard(run_id)

    def forget_all(self) -> None:
        """Remember nothing any more: others may have written."""
        self._known.clear()
        self._listening.clear()
        self._subjects.forget_all()
        self._next_key = None

    def _append(self, connection: Connection, epoch: int, batches: Sequence[Batch]) -> Rows:
        # What looks new is not looked for: if it is stored after all, the database says so, and all are looked for.
        looks_new = {batch.run_id for batch in batches if batch.record is not None and batch.first_seq <= 1}
        missing = {batch.run_id for batch in batches if batch.run_id not in self._known}
        try:
            try:
                return self._write(connection, epoch, batches, missing - looks_new)
            except psycopg.IntegrityError as error:
                if not _may_be_stored(error):
                    raise
                return self._write(connection, epoch, batches, missing)
        except ConflictError:
            check_epoch(connection, epoch)
            raise
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            check_epoch(connection, epoch)
            raise ConflictError(_explain(error), hint="Load the run again and decide anew.") from error

    def _write(self, connection: Connection, epoch: int, batches: Sequence[Batch], sought: Collection[str]) -> Rows:
        positions = ChainMap(self._find_positions(connection, sought), self._known) if sought else self._known
        if self._next_key is None:
            self._next_key = _find_next_key(connection)
        rows = collect_rows(batches, positions, self._next_key, self._listening)
        counts = list_rows(connection, self._subjects, rows.counts)
        with connection.transaction() if rows.has_rarities else nullcontext():
            if not append_rows(connection, epoch, rows, counts):
                raise explain_refusal(connection, epoch)
            add_rarities(connection, rows)
            if rows.events:
                events.write_changes(connection, rows.events)
        return rows

    def _find_positions(self, connection: Connection, run_ids: Collection[str]) -> dict[str, Position]:
        rows = connection.execute(_FIND_POSITIONS, (TextArray(run_ids),)).fetchall()
        self._listening.update(run_id for run_id, *_, listens in rows if listens)
        return {run_id: (run_key, last_seq) for run_id, run_key, last_seq, _ in rows}

    def _keep(self, rows: Rows) -> None:
        if len(self._known) > _REMEMBERED_RUNS:
            self._known.clear()
        self._known.update(rows.moved)
        self._listening.update(run_id for run_id, _ in rows.events.listens)
        self.forget(rows.ended)
        self._next_key = rows.next_key


def _may_be_stored(error: psycopg.IntegrityError) -> bool:
    """Tell whether a run was refused as a new one, which it may not be: then its definition does not count either."""
    return error.diag.constraint_name == "runs_one_run_id" or error.diag.column_name == "definition_key"


def _was_written(connection: Connection, batches: Sequence[Batch]) -> bool:
    """Tell whether this call is the one whose end was not seen, and was written after all."""
    expected = [batch for batch in batches if batch.count]
    wanted = (TextArray(batch.run_id for batch in expected), Int8Array(batch.first_seq for batch in expected))
    found = {
        (run_id, first_seq): (run_key, crc32)
        for run_id, first_seq, run_key, crc32 in connection.execute(_FIND_ROWS, wanted)
    }
    return bool(expected) and all(_matches(batch, found.get((batch.run_id, batch.first_seq))) for batch in expected)


def _matches(batch: Batch, found: tuple[int, int] | None) -> bool:
    if found is None:
        return False
    run_key, crc32 = found
    return crc32 == checksum_history(run_key, batch.first_seq, batch.count, to_microseconds(batch.at), batch.body)


def _find_next_key(connection: Connection) -> int:
    row = connection.execute(_FIND_NEXT_KEY).fetchone()
    assert row is not None
    return int(row[0])


def _explain(error: psycopg.Error) -> str:
    constraint, column = error.diag.constraint_name or "", error.diag.column_name or ""
    if column == "definition_key":
        return "A run's record names a definition that was never put; nothing was written."
    if constraint == "history_key":
        return "An event number exists already; nothing was written."
    if constraint == "runs_status_fits_ended_at":
        return "A run has a time of its end if, and only if, its status says that it ended; nothing was written."
    return f"A row would break the rules of the database ({constraint or error}); nothing was written."
