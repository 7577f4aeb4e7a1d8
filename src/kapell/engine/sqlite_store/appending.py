"""The hot path: the batches of many runs become rows in one transaction.

Two things make it cheap. The owner remembers where each of its runs stands, its key and the number of its last event,
so that a batch costs no query; and each table gets its rows in one `executemany`. What is remembered is a shortcut
only: UNIQUE (run_key, first_seq) refuses an event number that exists, and the epoch, which is checked in the same
transaction, excludes that anybody else has appended since.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from kapell.engine.counting import Counts
from kapell.engine.event_rows import EventChanges, says_of_events
from kapell.engine.rows import (
    checksum_history,
    checksum_snapshot,
    encode_origin,
    encode_standing,
    to_microseconds,
)
from kapell.engine.sqlite_store import events
from kapell.engine.sqlite_store.counting import SubjectKeys, add_counts
from kapell.engine.store import ENDED
from kapell.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kapell.engine.store import Batch

_REMEMBERED_RUNS = 100_000  # some 15 MB; beyond that everything is forgotten and found again by query
_SNAPSHOTS_KEPT = 2

_FIND_LAST_KEY = "SELECT coalesce(max(run_key), 0) FROM runs"
_FIND_POSITION = """
    SELECT run_key, coalesce(
        (SELECT first_seq + count - 1 FROM history WHERE history.run_key = runs.run_key
         ORDER BY first_seq DESC LIMIT 1), 0),
        EXISTS (SELECT 1 FROM listeners WHERE listeners.run_id = runs.run_id)
    FROM runs WHERE run_id = ?
"""
_ADD_RUN = """
    INSERT INTO runs (
        run_key, run_id, namespace, name, version, definition_key, created_at, parent_run_id,
        status, updated_at, ended_at, parked_until, error)
    VALUES (?, ?, ?, ?, ?, (SELECT definition_key FROM definitions WHERE digest = ?), ?, ?, ?, ?, ?, ?, ?)
"""
_CHANGE_RUN = """
    UPDATE runs SET status = ?, updated_at = ?, ended_at = ?, parked_until = ?, error = ? WHERE run_key = ?
"""
_ADD_HISTORY = "INSERT INTO history (run_key, first_seq, count, at, crc32, body) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_SNAPSHOT = "INSERT OR REPLACE INTO snapshots (run_key, seq, crc32, body) VALUES (?, ?, ?, ?)"
_DROP_OLD_SNAPSHOTS = f"""
    DELETE FROM snapshots WHERE run_key = ?1 AND seq <= (
        SELECT seq FROM snapshots WHERE run_key = ?1 ORDER BY seq DESC LIMIT 1 OFFSET {_SNAPSHOTS_KEPT})
"""  # noqa: S608 -- the only thing put in is a constant of this module
_ADD_PAYLOAD = "INSERT OR IGNORE INTO payloads (digest, body) VALUES (?, ?)"
_ADD_PAYLOAD_USE = "INSERT OR IGNORE INTO payload_uses (run_key, digest) VALUES (?, ?)"
_ANSWER_DONE = """
    INSERT OR IGNORE INTO inbox_answers (command_id, error, detail)
    SELECT command_id, '', '{}' FROM inbox WHERE command_id = ?
"""
_ADD_FAULT = "INSERT INTO faults (run_key) VALUES (?)"
_DROP_DONE = "DELETE FROM inbox WHERE command_id = ?"

Position = tuple[int, int]  # a run's key, and the number of its last event


class Positions:
    """Where each run stands that the owner has lately appended to.

    Attributes:
        next_key: The key for the next new run, if it is known.
        subjects: The keys of versions of workflows.
        listening: Runs that may have listeners: all that have some, of those whose place is known. What is in it too
            many costs a statement that deletes nothing, when the run ends.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[str, Position] = {}
        self.next_key: int | None = None
        self.subjects = SubjectKeys()
        self.listening: set[str] = set()

    def find(self, connection: sqlite3.Connection, run_id: str) -> Position | None:
        """Return where a run stands, `None` if it is not stored."""
        position = self._known.get(run_id)
        if position is None:
            row = connection.execute(_FIND_POSITION, (run_id,)).fetchone()
            if row is not None:
                run_key, last_seq, listens = row
                if listens:
                    self.listening.add(run_id)
                position = (run_key, last_seq)
        return position

    def find_next_key(self, connection: sqlite3.Connection) -> int:
        """Return the key for the next new run."""
        if self.next_key is None:
            (last_key,) = connection.execute(_FIND_LAST_KEY).fetchone()
            self.next_key = int(last_key) + 1
        return self.next_key

    def keep(self, moved: dict[str, Position], ended: Sequence[str], next_key: int | None) -> None:
        """Remember what a committed transaction has moved, and forget the runs that ended."""
        if len(self._known) > _REMEMBERED_RUNS:
            self._known.clear()
        self._known.update(moved)
        self.forget(ended)
        self.next_key = next_key

    def forget(self, run_ids: Iterable[str]) -> None:
        """Look these runs up again when they are next needed."""
        for run_id in run_ids:
            self._known.pop(run_id, None)
            self.listening.discard(run_id)

    def forget_all(self) -> None:
        """Know nothing any more: another owner may have written."""
        self._known.clear()
        self.listening.clear()
        self.next_key = None
        self.subjects.forget_all()


class Appender:
    """Turns the batches of one call into rows; used for one transaction."""

    def __init__(self, connection: sqlite3.Connection, positions: Positions) -> None:
        """Begin with what the owner remembers."""
        self._connection = connection
        self._positions = positions
        self._next_key = positions.next_key
        self._last_at: tuple[datetime, int] | None = None
        self._moved: dict[str, Position] = {}
        self._ended: list[str] = []
        self._new_runs: list[tuple[Any, ...]] = []
        self._changed_runs: list[tuple[Any, ...]] = []
        self._history: list[tuple[Any, ...]] = []
        self._snapshots: list[tuple[Any, ...]] = []
        self._payloads: list[tuple[str, bytes]] = []
        self._payload_uses: list[tuple[int, str]] = []
        self._done: list[tuple[int]] = []
        self._faults: list[tuple[int]] = []
        self._counts = Counts()
        self._events = EventChanges()

    def write(self, batches: Sequence[Batch]) -> None:
        """Write all batches. Raises `ConflictError` if one does not fit what is stored."""
        for batch in batches:
            self._add(batch)
        try:
            self._execute()
        except sqlite3.IntegrityError as error:
            raise ConflictError(_explain(error), hint="Load the run again and decide anew.") from error

    def keep_positions(self) -> None:
        """Let the owner remember what was written, once it is committed."""
        self._positions.keep(self._moved, self._ended, self._next_key)

    def _add(self, batch: Batch) -> None:
        run_id, record, count = batch.run_id, batch.record, batch.count
        position = self._moved.get(run_id) or self._positions.find(self._connection, run_id)
        if position is None:
            run_key, last_seq = self._add_run(batch), 0
        else:
            run_key, last_seq = position
            if record is not None:
                self._changed_runs.append((*encode_standing(record), run_key))
        if count:
            if batch.first_seq != last_seq + 1:
                raise ConflictError(
                    f"Run {run_id} has {last_seq} events; a batch that begins with number {batch.first_seq} "
                    "does not follow them.",
                    hint="Load the run again and decide anew.",
                )
            at = self._convert(batch.at)
            checksum = checksum_history(run_key, batch.first_seq, count, at, batch.body)
            self._history.append((run_key, batch.first_seq, count, at, checksum, batch.body))
            last_seq += count
        self._moved[run_id] = (run_key, last_seq)
        if says_of_events(batch):
            self._events.add(batch)
            if batch.listens:
                self._positions.listening.add(run_id)
        if record is not None and record.status in ENDED:
            self._ended.append(run_id)
            if run_id in self._positions.listening:
                self._events.end_run(run_id)
            self._counts.add_end(record)
            if record.error is not None:
                self._faults.append((run_key,))
        if batch.snapshot is not None or batch.payloads or batch.done_commands:
            self._add_rarities(batch, run_key, last_seq)

    def _convert(self, at: datetime) -> int:
        """Return a time in microseconds: the batches of one call mostly share theirs."""
        if self._last_at is None or self._last_at[0] is not at:
            self._last_at = (at, to_microseconds(at))
        return self._last_at[1]

    def _add_run(self, batch: Batch) -> int:
        if batch.record is None:
            raise ConflictError(f"Run {batch.run_id} is not stored: its first batch must bring its record.")
        run_key = self._next_key or self._positions.find_next_key(self._connection)
        self._next_key = run_key + 1
        self._counts.add_start(batch.record)
        self._new_runs.append((run_key, batch.run_id, *encode_origin(batch.record), *encode_standing(batch.record)))
        return run_key

    def _add_rarities(self, batch: Batch, run_key: int, last_seq: int) -> None:
        if batch.snapshot is not None:
            checksum = checksum_snapshot(run_key, last_seq, batch.snapshot)
            self._snapshots.append((run_key, last_seq, checksum, batch.snapshot))
        for digest, body in batch.payloads:
            self._payloads.append((digest, body))
            self._payload_uses.append((run_key, digest))
        self._done.extend((command_id,) for command_id in batch.done_commands)

    def _execute(self) -> None:
        connection = self._connection
        for statement, rows in (
            (_ADD_RUN, self._new_runs),
            (_CHANGE_RUN, self._changed_runs),
            (_ADD_HISTORY, self._history),
            (_ADD_SNAPSHOT, self._snapshots),
            (_DROP_OLD_SNAPSHOTS, [row[:1] for row in self._snapshots]),
            (_ADD_PAYLOAD, self._payloads),
            (_ADD_PAYLOAD_USE, self._payload_uses),
            (_ANSWER_DONE, self._done),
            (_DROP_DONE, self._done),
            (_ADD_FAULT, self._faults),
        ):
            if rows:
                connection.executemany(statement, rows)
        if self._counts:
            add_counts(connection, self._positions.subjects, self._counts)
        if self._events:
            events.write_changes(connection, self._events)


def _explain(error: sqlite3.IntegrityError) -> str:
    text = str(error)
    if "definition_key" in text:
        return "A run's record names a definition that was never put; nothing was written."
    if "history.first_seq" in text:
        return "An event number exists already; nothing was written."
    if "status_fits_ended_at" in text:
        return "A run has a time of its end if, and only if, its status says that it ended; nothing was written."
    return f"A row would break the rules of the database ({text}); nothing was written."
