"""Counts of runs: one row for each hour and day, version of a workflow, and thing that is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.counting import build_conditions
from kapell.engine.rows import decode_counts, to_microseconds
from kapell.engine.store import Count, CountFilter, SubjectCount

if TYPE_CHECKING:
    import sqlite3

    from kapell.engine.counting import Counts, Subject
    from kapell.storage.database import Database

_ADD_SUBJECT = "INSERT OR IGNORE INTO subjects (namespace, name, version) VALUES (?, ?, ?)"
_FIND_SUBJECT = "SELECT subject_key FROM subjects WHERE namespace = ? AND name = ? AND version = ?"
_ADD_COUNT = """
    INSERT INTO run_counts (span_seconds, subject_key, begins_at, what, count) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_WITHIN = """
    FROM run_counts
    WHERE span_seconds = ? AND begins_at >= ? AND begins_at < ?
        AND subject_key IN (SELECT subject_key FROM subjects WHERE {subjects})
"""
_COUNT = """
    SELECT begins_at, what, sum(count) {within} GROUP BY begins_at, what ORDER BY begins_at, what
"""
_COUNT_BY_SUBJECT = """
    SELECT namespace, name, version, what, count
    FROM (SELECT subject_key, what, sum(count) AS count {within} GROUP BY subject_key, what) AS counted
    JOIN subjects USING (subject_key) ORDER BY namespace, name, version, what
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
        (span, keys.get(connection, subject), begins_at, what, count)
        for (span, subject, begins_at, what), count in counts.sum_up().items()
    ]
    connection.executemany(_ADD_COUNT, rows)


def count_runs(database: Database, where: CountFilter) -> list[Count]:
    """Return what happened in each bucket, oldest first."""
    within, values = _build_within(where)
    with database.read() as connection:
        rows = connection.execute(_COUNT.format(within=within), values)
        return decode_counts(rows)


def count_by_subject(database: Database, where: CountFilter) -> list[SubjectCount]:
    """Return what happened in all buckets together, by subject."""
    within, values = _build_within(where)
    with database.read() as connection:
        return [SubjectCount(*row) for row in connection.execute(_COUNT_BY_SUBJECT.format(within=within), values)]


def _build_within(where: CountFilter) -> tuple[str, list[Any]]:
    subjects, values = build_conditions(where, "?")
    bounds = [where.span_seconds, to_microseconds(where.since), to_microseconds(where.until)]
    return _WITHIN.format(subjects=subjects), [*bounds, *values]
