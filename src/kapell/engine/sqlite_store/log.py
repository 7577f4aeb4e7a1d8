"""What the tasks of runs wrote while they ran, in a file of its own.

Log lines come in floods, and another process (`kapell runs log -f`) wants to see them at once, but they carry no
promise: a run's outcome never rests on one. In the database of runs each line would cost a sync of the disk or have to
wait for one. So they have a database whose commits are not synced: a line is visible to every process as soon as
`append_log` returns (some 30 us), it survives the death of the process, and only a power cut may take the last lines.
The file cannot be left half-written by that: SQLite stops at the last whole commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.rows import from_microseconds, to_microseconds, to_storable
from kapell.engine.store import LogLine
from kapell.storage.database import Database
from kapell.storage.migrations.log import LOG_MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_FIND_LAST_SEQ = "SELECT coalesce(max(seq), 0) FROM lines WHERE run_id = ?"
_ADD_LINE = """
    INSERT INTO lines (run_id, seq, at, reference, entry, attempt, stream, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_LIST_LINES = """
    SELECT seq, at, reference, entry, attempt, stream, text FROM lines
    WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?
"""
_LIST_LINES_BACK = """
    SELECT seq, at, reference, entry, attempt, stream, text FROM lines
    WHERE run_id = ? AND seq < ? ORDER BY seq DESC LIMIT ?
"""
_DROP_LINES = "DELETE FROM lines WHERE run_id = ?"


class RunLog:
    """The log lines of all runs."""

    def __init__(self, path: Path, busy_timeout_seconds: float) -> None:
        """Open the file, creating it as needed. Raises `StorageError`."""
        self._database = Database(path, LOG_MIGRATIONS, durability="process", busy_timeout_seconds=busy_timeout_seconds)

    def append(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines, numbered on from the last."""
        with self._database.write() as connection:
            (last_seq,) = connection.execute(_FIND_LAST_SEQ, (run_id,)).fetchone()
            connection.executemany(
                _ADD_LINE,
                [
                    (
                        run_id,
                        seq,
                        to_microseconds(line.at),
                        line.reference,
                        line.entry,
                        line.attempt,
                        line.stream,
                        to_storable(line.text),
                    )
                    for seq, line in enumerate(lines, last_seq + 1)
                ],
            )

    def read(self, run_id: str, after_seq: int, before_seq: int | None, limit: int) -> list[LogLine]:
        """Return lines in order, numbered above `after_seq`; or the last ones below `before_seq`."""
        is_back = before_seq is not None
        query = _LIST_LINES_BACK if is_back else _LIST_LINES
        with self._database.read() as connection:
            lines = [
                LogLine(
                    seq=seq,
                    at=from_microseconds(at),
                    reference=reference,
                    entry=entry,
                    attempt=attempt,
                    stream=stream,
                    text=text,
                )
                for seq, at, reference, entry, attempt, stream, text in connection.execute(
                    query, (run_id, before_seq if is_back else after_seq, limit)
                )
            ]
        return lines[::-1] if is_back else lines

    def drop(self, run_ids: Iterable[str]) -> None:
        """Delete all lines of some runs."""
        with self._database.write() as connection:
            connection.executemany(_DROP_LINES, [(run_id,) for run_id in run_ids])

    def close(self) -> None:
        """Close the file."""
        self._database.close()
