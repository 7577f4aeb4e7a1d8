"""Counts of runs: one row for each hour and day, version of a workflow, and thing that is counted."""

from __future__ import annotations

from collections import Counter
from itertools import chain
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
# Subjects are asked for one by one: of all together, SQLite would sort every count of the period.
_LIST_SUBJECTS = """
    SELECT subject_key, namespace, name, version FROM subjects WHERE {subjects} ORDER BY namespace, name, version
"""
_LIST_COUNTS = """
    SELECT begins_at, what, count FROM run_counts
    WHERE span_seconds = ? AND subject_key = ? AND begins_at >= ? AND begins_at < ? ORDER BY begins_at, what
"""
_SUM_COUNTS = """
    SELECT what, sum(count) FROM run_counts
    WHERE span_seconds = ? AND subject_key = ? AND begins_at >= ? AND begins_at < ? GROUP BY what ORDER BY what
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
    since, until = to_microseconds(where.since), to_microseconds(where.until)
    with database.read() as connection:
        found = [
            connection.execute(_LIST_COUNTS, (where.span_seconds, key, since, until)).fetchall()
            for key, *_ in _list_subjects(connection, where)
        ]
    if len(found) == 1:
        return decode_counts(found[0])
    total: Counter[tuple[int, int]] = Counter()
    for begins_at, what, count in chain.from_iterable(found):
        total[begins_at, what] += count
    return decode_counts((*place, count) for place, count in sorted(total.items()))


def count_by_subject(database: Database, where: CountFilter) -> list[SubjectCount]:
    """Return what happened in all buckets together, by subject."""
    since, until = to_microseconds(where.since), to_microseconds(where.until)
    with database.read() as connection:
        return [
            SubjectCount(namespace, name, version, what, count)
            for key, namespace, name, version in _list_subjects(connection, where)
            for what, count in connection.execute(_SUM_COUNTS, (where.span_seconds, key, since, until))
        ]


def _list_subjects(connection: sqlite3.Connection, where: CountFilter) -> list[tuple[Any, ...]]:
    subjects, values = build_conditions(where, "?")
    return connection.execute(_LIST_SUBJECTS.format(subjects=subjects), values).fetchall()
