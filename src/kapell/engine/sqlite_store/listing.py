"""Pages of runs, each from an index: what a page costs does not depend on how many runs are stored."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.selecting import (
    Place,
    build_conditions,
    choose_strands,
    find_bounds,
    is_empty,
    make_place,
    read_cursor,
)
from kapell.engine.store import ENDED, RunFilter, RunRecord

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from kapell.storage.database import Database

_LAST_CHARACTER = "\U0010ffff"
_RECORDS_AT_ONCE = 500

# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_PLACE = "SELECT run_key, run_id, {order} FROM runs WHERE run_id <= ? ORDER BY run_id DESC LIMIT 1"
_SELECT = f"SELECT run_key, {RECORD_COLUMNS} FROM runs"  # noqa: S608 -- see above
_LIST_UNFINISHED = f"""
    {_SELECT} WHERE status IN ('running', 'waiting', 'suspended', 'cancelling') ORDER BY run_key
"""
_FIND_BY_PREFIX = "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? ORDER BY run_id LIMIT ?"
_FIND_NEXT_NAMESPACE = "SELECT namespace FROM runs WHERE name = ? AND namespace > ? ORDER BY namespace LIMIT 1"


def list_runs(database: Database, where: RunFilter, limit: int, after: str | None) -> list[RunRecord]:
    """Return a page of runs, newest first, from behind the run `after`."""
    if is_empty(where):
        return []
    with database.read() as connection:
        place = Place() if after is None else _find_place(connection, where, after)
        keys = _list_keys(connection, where, place, limit)
        return get_records(connection, keys)


def get_records(connection: sqlite3.Connection, keys: Sequence[int]) -> list[RunRecord]:
    """Return the runs of some keys, in their order."""
    found: list[RunRecord] = []
    for first in range(0, len(keys), _RECORDS_AT_ONCE):
        piece = keys[first : first + _RECORDS_AT_ONCE]
        marks = ", ".join(["?"] * len(piece))
        rows = {row[0]: row for row in connection.execute(f"{_SELECT} WHERE run_key IN ({marks})", piece)}
        found += [decode_record(rows[key][1:]) for key in piece]
    return found


def list_unfinished(database: Database) -> list[RunRecord]:
    """Return every run that has not ended, oldest first."""
    with database.read() as connection:
        return [decode_record(row[1:]) for row in connection.execute(_LIST_UNFINISHED)]


def find_runs_by_prefix(database: Database, prefix: str, limit: int) -> list[str]:
    """Return the ids of runs that begin with `prefix`."""
    with database.read() as connection:
        rows = connection.execute(_FIND_BY_PREFIX, (prefix, prefix + _LAST_CHARACTER, limit))
        return [run_id for (run_id,) in rows]


def _list_keys(connection: sqlite3.Connection, where: RunFilter, place: Place, limit: int) -> list[int]:
    """Return the keys of the runs of a page: of each strand the newest, as far as others have none that are newer."""
    strands = choose_strands(where, _list_namespaces(connection, where))
    order = where.order
    conditions, values = build_conditions(where, "?", sparing=(*strands.columns, order))
    # One bound on each side: of several, SQLite would choose one for the index, and not the narrowest.
    least, most = find_bounds(where)
    equal = [f"{column} = ?" for column in strands.columns]
    behind = [f"{order} >= ?", f"{order} <= ?", f"({order} < ? OR run_key < ?)"]
    statement = (
        f"SELECT {order}, run_key FROM runs INDEXED BY {strands.name} "  # noqa: S608 -- see above
        f"WHERE {' AND '.join([*equal, *behind, *conditions])} ORDER BY {order} DESC, run_key DESC LIMIT ?"
    )
    newest: list[tuple[int, int]] = []
    for strand in strands.values:
        floor = max(least, newest[-1][0]) if len(newest) == limit else least
        bounds = (floor, min(most, place.at), place.at, place.run_key)
        found = connection.execute(statement, (*strand, *bounds, *values, limit)).fetchall()
        newest = heapq.nlargest(limit, newest + found) if newest and found else newest or found
    return [run_key for _, run_key in newest]


def _list_namespaces(connection: sqlite3.Connection, where: RunFilter) -> list[str] | None:
    """Return which namespaces are to be looked into: for a name those that have it, each found by one step."""
    if where.allowed_namespaces is not None or where.name is None:
        return None if where.allowed_namespaces is None else sorted(where.allowed_namespaces)
    found: list[str] = []
    while row := connection.execute(_FIND_NEXT_NAMESPACE, (where.name, found[-1] if found else "")).fetchone():
        found.append(row[0])
    return found


def _find_place(connection: sqlite3.Connection, where: RunFilter, after: str) -> Place:
    """Return the place behind a run; if the run is gone, its place among the ids, which sort by age."""
    run_id, at = read_cursor(after)
    row = connection.execute(_FIND_PLACE.format(order=where.order), (run_id,)).fetchone()
    return make_place(run_id, at, row)


assert {"completed", "faulted", "cancelled", "damaged"} == ENDED, "_LIST_UNFINISHED names all other statuses"
