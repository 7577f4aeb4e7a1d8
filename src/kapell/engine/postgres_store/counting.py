"""Counts of runs: one row for each hour and day, version of a workflow, and thing that is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.store import Count, CountFilter, SubjectCount

if TYPE_CHECKING:
    from kapell.engine.counting import Counts, Subject
    from kapell.engine.postgres_store.connections import Connection, Connections

_ADD_SUBJECT = "INSERT INTO subjects (namespace, name, version) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_FIND_SUBJECT = "SELECT subject_key FROM subjects WHERE namespace = %s AND name = %s AND version = %s"
_ADD_COUNT = """
    INSERT INTO run_counts (span_seconds, begins_at, subject_key, what, count) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (span_seconds, begins_at, subject_key, what) DO UPDATE SET count = run_counts.count + excluded.count
"""
_WITHIN = """
    FROM run_counts JOIN subjects USING (subject_key)
    WHERE span_seconds = %s AND begins_at >= %s AND begins_at < %s
"""
_REMEMBERED_SUBJECTS = 10_000


class SubjectKeys:
    """The keys of versions of workflows that were lately counted for."""

    def __init__(self) -> None:
        """Know none."""
        self._known: dict[Subject, int] = {}

    def get(self, connection: Connection, subject: Subject) -> int:
        """Return a version's key, adding it as needed. Call `forget_all` when the transaction is not committed."""
        key = self._known.get(subject)
        if key is None:
            connection.execute(_ADD_SUBJECT, subject)
            row = connection.execute(_FIND_SUBJECT, subject).fetchone()
            assert row is not None
            if len(self._known) >= _REMEMBERED_SUBJECTS:
                self._known.clear()
            key = self._known[subject] = int(row[0])
        return key

    def forget_all(self) -> None:
        """Look for them again."""
        self._known.clear()


def list_rows(connection: Connection, keys: SubjectKeys, counts: Counts) -> list[tuple[int, ...]]:
    """Return what has happened as rows of `run_counts`, no two of one key."""
    return [
        (span, begins_at, keys.get(connection, subject), what, count)
        for (span, begins_at, subject, what), count in counts.found.items()
    ]


def add_counts(connection: Connection, counts: Counts) -> None:
    """Add what has happened, where that is rare."""
    for row in list_rows(connection, SubjectKeys(), counts):
        connection.execute(_ADD_COUNT, row)


def count_runs(connections: Connections, where: CountFilter) -> list[Count]:
    """Return what happened in each bucket, oldest first."""
    conditions, values = _build_conditions(where)
    statement = f"""
        SELECT begins_at, what, sum(count)::int8 {_WITHIN} {conditions}
        GROUP BY begins_at, what ORDER BY begins_at, what
    """
    with connections.read() as connection:
        rows = connection.execute(statement, values)
        return [Count(from_microseconds(begins_at), what, count) for begins_at, what, count in rows]


def count_by_subject(connections: Connections, where: CountFilter) -> list[SubjectCount]:
    """Return what happened in all buckets together, by namespace, name and version."""
    conditions, values = _build_conditions(where)
    statement = f"""
        SELECT namespace, name, version, what, sum(count)::int8 {_WITHIN} {conditions}
        GROUP BY namespace, name, version, what
        ORDER BY namespace COLLATE "C", name COLLATE "C", version COLLATE "C", what
    """
    with connections.read() as connection:
        return [SubjectCount(*row) for row in connection.execute(statement, values)]


def _build_conditions(where: CountFilter) -> tuple[str, list[Any]]:
    values: list[Any] = [where.span_seconds, to_microseconds(where.since), to_microseconds(where.until)]
    text = ""
    for column in ("namespace", "name", "version"):
        wanted = getattr(where, column)
        if wanted is not None:
            text += f" AND {column} = %s"
            values.append(wanted)
    if where.namespaces is not None:
        text += " AND namespace = ANY (%s)"
        values.append(sorted(where.namespaces))
    return text, values
