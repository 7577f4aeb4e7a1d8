"""Pages of runs, each from an index: what a page costs does not depend on how many runs are stored."""

from __future__ import annotations

import heapq
from itertools import islice
from typing import TYPE_CHECKING, Any

from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.store import ENDED, RunFilter, RunRecord

if TYPE_CHECKING:
    from kapell.engine.postgres_store.connections import Connection, Connections

_LAST_CHARACTER = "\U0010ffff"

# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_PLACE = "SELECT run_key, run_id FROM runs WHERE run_id <= %s ORDER BY run_id DESC LIMIT 1"
_SELECT = f"SELECT run_key, {RECORD_COLUMNS} FROM runs"  # noqa: S608 -- see above
_LIST_UNFINISHED = f"""
    {_SELECT} WHERE status IN ('running', 'waiting', 'suspended', 'cancelling') ORDER BY run_key
"""
_FIND_BY_PREFIX = "SELECT run_id FROM runs WHERE run_id >= %s AND run_id < %s ORDER BY run_id LIMIT %s"


def list_runs(connections: Connections, where: RunFilter, limit: int, after: str | None) -> list[RunRecord]:
    """Return a page of runs, newest first, from behind the run `after`."""
    conditions, values = _build_conditions(where)
    with connections.read() as connection, connection.transaction():
        if after is not None:
            conditions.append("run_key < %s")
            values.append(_find_place(connection, after))
        if not where.statuses:
            return [record for _, record in _list(connection, conditions, values, limit)]
        pages = [_list(connection, ["status = %s", *conditions], [status, *values], limit) for status in where.statuses]
    # One query a status, because each is sorted in its index; one query for all of them would sort every match.
    merged = heapq.merge(*pages, key=lambda keyed: keyed[0], reverse=True)
    return [record for _, record in islice(merged, limit)]


def list_unfinished(connections: Connections) -> list[RunRecord]:
    """Return every run that has not ended, oldest first."""
    with connections.read() as connection:
        return [decode_record(row[1:]) for row in connection.execute(_LIST_UNFINISHED)]


def find_runs_by_prefix(connections: Connections, prefix: str, limit: int) -> list[str]:
    """Return the ids of runs that begin with `prefix`."""
    with connections.read() as connection:
        rows = connection.execute(_FIND_BY_PREFIX, (prefix, prefix + _LAST_CHARACTER, limit))
        return [run_id for (run_id,) in rows]


def _build_conditions(where: RunFilter) -> tuple[list[str], list[Any]]:
    wanted = {"name = %s": where.name, "namespace = %s": where.namespace, "parent_run_id = %s": where.parent_run_id}
    given = {condition: value for condition, value in wanted.items() if value is not None}
    return list(given), list(given.values())


def _list(connection: Connection, conditions: list[str], values: list[Any], limit: int) -> list[tuple[int, RunRecord]]:
    condition = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(f"{_SELECT} {condition} ORDER BY run_key DESC LIMIT %s", [*values, limit])
    return [(row[0], decode_record(row[1:])) for row in rows]


def _find_place(connection: Connection, after: str) -> int:
    """Return the key that the page lies below; if the run is gone, its place among the ids, which sort by age."""
    row = connection.execute(_FIND_PLACE, (after,)).fetchone()
    if row is None:
        return 0
    run_key, run_id = row
    return int(run_key) if run_id == after else int(run_key) + 1


assert {"completed", "faulted", "cancelled", "damaged"} == ENDED, "_LIST_UNFINISHED names all other statuses"
