"""Counts of runs: one row for each hour and day, version of a workflow, and thing that is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.store import Count, CountFilter, SubjectCount

if TYPE_CHECKING:
    import sqlite3

    from kapell.engine.counting import Counts, Subject
    from kapell.storage.database import Database

_ADD_SUBJECT = "INSERT OR IGNORE INTO subjects (namespace, name, version) VALUES (?, ?, ?)"
_FIND_SUBJECT = "SELECT subject_key FROM subjects WHERE namespace = ? AND name = ? AND version = ?"
_ADD_COUNT = """
    INSERT INTO run_counts (span_seconds, begins_at, subject_key, what, count) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
# CROSS JOIN keeps this order: the counts of a period are a range of their table, and subjects are few.
_WITHIN = """
    FROM run_counts CROSS JOIN subjects USING (subject_key)
    WHERE span_seconds = ? AND begins_at >= ? AND begins_at < ?
"""
_REMEMBERED_SUBJECTS = 10_000


class SubjectKeys:
    """The keys of versions of workflows that were lately counted for."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[Subject, int] = {}

    def get(self, connection: sqlite3.Connection, subject: Subject) -> int:
        """Return a version's key, adding it as needed. Call `forget_all` when the transaction is not committed."""
        key = self._known.get(subject)
        if key is None:
            connection.execute(_ADD_SUBJECT, subject)
            (key,) = connection.execute(_FIND_SUBJECT, subject).fetchone()
            if len(self._known) >= _REMEMBERED_SUBJECTS:
                self._known.clear()
            self._known[subject] = key
        return key

    def forget_all(self) -> None:
        """Look for them again."""
        self._known.clear()


def add_counts(connection: sqlite3.Connection, keys: SubjectKeys, counts: Counts) -> None:
    """Add what has happened."""
    rows = [
        (span, begins_at, keys.get(connection, subject), what, count)
        for (span, begins_at, subject, what), count in counts.found.items()
    ]
    connection.executemany(_ADD_COUNT, rows)


def count_runs(database: Database, where: CountFilter) -> list[Count]:
    """Return what happened in each bucket, oldest first."""
    conditions, values = _build_conditions(where)
    statement = f"""
        SELECT begins_at, what, sum(count) {_WITHIN} {conditions} GROUP BY begins_at, what ORDER BY begins_at, what
    """
    with database.read() as connection:
        rows = connection.execute(statement, values)
        return [Count(from_microseconds(begins_at), what, count) for begins_at, what, count in rows]


def count_by_subject(database: Database, where: CountFilter) -> list[SubjectCount]:
    """Return what happened in all buckets together, by namespace, name and version."""
    conditions, values = _build_conditions(where)
    statement = f"""
        SELECT namespace, name, version, what, sum(count) {_WITHIN} {conditions}
        GROUP BY subject_key, what ORDER BY namespace, name, version, what
    """
    with database.read() as connection:
        return [SubjectCount(*row) for row in connection.execute(statement, values)]


def _build_conditions(where: CountFilter) -> tuple[str, list[Any]]:
    values: list[Any] = [where.span_seconds, to_microseconds(where.since), to_microseconds(where.until)]
    text = ""
    for column in ("namespace", "name", "version"):
        wanted = getattr(where, column)
        if wanted is not None:
            text += f" AND {column} = ?"
            values.append(wanted)
    if where.namespaces is not None:
        text += f" AND namespace IN ({', '.join(['?'] * len(where.namespaces))})"
        values += sorted(where.namespaces)
    return text, values
