"""Pages of runs, each from an index: what a page costs does not depend on how many runs are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.counting import HOUR, STARTED
from kapell.engine.rows import RECORD_COLUMNS, decode_record
from kapell.engine.selecting import (
    Place,
    Strands,
    build_conditions,
    choose_strands,
    find_bounds,
    is_empty,
    make_place,
    read_cursor,
)
from kapell.engine.store import ENDED, RunFilter, RunRecord
from kapell.storage.postgres_arrays import Int8Array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.postgres_store.connections import Connection, Connections

_LAST_CHARACTER = "\U0010ffff"

# S608: what is put into these statements are constants of this package; values are always bound.
_FIND_PLACE = "SELECT run_key, run_id, {order} FROM runs WHERE run_id <= %s ORDER BY run_id DESC LIMIT 1"
_SELECT = f"SELECT run_key, {RECORD_COLUMNS} FROM runs"  # noqa: S608 -- see above
_LIST_UNFINISHED = f"""
    {_SELECT} WHERE status IN ('running', 'waiting', 'suspended', 'cancelling') ORDER BY run_key
"""
_FIND_BY_PREFIX = "SELECT run_id FROM runs WHERE run_id >= %s AND run_id < %s ORDER BY run_id LIMIT %s"
_FIND_NEXT_NAMESPACE = "SELECT namespace FROM runs WHERE name = %s AND namespace > %s ORDER BY namespace LIMIT 1"

_FIND_LAST_STARTS = """
    SELECT namespace, (
        SELECT begins_at FROM run_counts
        WHERE span_seconds = %s AND run_counts.subject_key = subjects.subject_key AND what = %s
        ORDER BY begins_at DESC LIMIT 1)
    FROM subjects WHERE namespace = ANY (%s) AND name = %s AND version = %s
"""
_HOUR_MICROSECONDS = HOUR * 1_000_000


def list_runs(connections: Connections, where: RunFilter, limit: int, after: str | None) -> list[RunRecord]:
    """Return a page of runs, newest first, from behind the run `after`."""
    if is_empty(where):
        return []
    with connections.read() as connection, connection.transaction():
        place = Place() if after is None else _find_place(connection, where, after)
        _, most = find_bounds(where)
        if place.at > most:
            place = Place(most)  # otherwise the index would be read from its end to there
        return get_records(connection, _list_keys(connection, where, place, limit))


def get_records(connection: Connection, keys: Sequence[int]) -> list[RunRecord]:
    """Return the runs of some keys, in their order."""
    rows = connection.execute(f"{_SELECT} WHERE run_key = ANY (%b::int8[])", (Int8Array(keys),))
    found = {row[0]: row for row in rows}
    return [decode_record(found[key][1:]) for key in keys]


def list_unfinished(connections: Connections) -> list[RunRecord]:
    """Return every run that has not ended, oldest first."""
    with connections.read() as connection:
        return [decode_record(row[1:]) for row in connection.execute(_LIST_UNFINISHED)]


def find_runs_by_prefix(connections: Connections, prefix: str, limit: int) -> list[str]:
    """Return the ids of runs that begin with `prefix`."""
    with connections.read() as connection:
        rows = connection.execute(_FIND_BY_PREFIX, (prefix, prefix + _LAST_CHARACTER, limit))
        return [run_id for (run_id,) in rows]


def _list_keys(connection: Connection, where: RunFilter, place: Place, limit: int) -> list[int]:
    """Return the keys of the runs of a page: of each strand the newest, and of those the newest."""
    strands = choose_strands(where, _list_namespaces(connection, where))
    conditions, values = build_conditions(where, "%s", sparing=strands.columns)
    order = where.order
    equal = [f"runs.{column} = strand.{column}" for column in strands.columns]
    before = "strand.at, strand.run_key" if strands.columns else "%s, %s"
    conditions = [*equal, f"({order}, runs.run_key) < ({before})", *conditions]
    newest = f"ORDER BY {order} DESC, run_key DESC LIMIT %s"
    statement = f"SELECT {order} AS at, run_key FROM runs WHERE {' AND '.join(conditions)} {newest}"  # noqa: S608 -- see above
    if not strands.columns:
        rows = connection.execute(statement, [*place, *values, limit])
        return [run_key for _, run_key in rows]
    arrays = ", ".join(["%s::text[]"] * len(strands.columns))
    statement = f"""
        SELECT found.at, found.run_key
        FROM unnest({arrays}, %b::int8[], %b::int8[]) AS strand ({", ".join(strands.columns)}, at, run_key)
        CROSS JOIN LATERAL ({statement}) AS found ORDER BY at DESC, run_key DESC LIMIT %s
    """  # noqa: S608 -- see above
    columns = [list(column) for column in zip(*strands.values, strict=True)] or [[] for _ in strands.columns]
    places = _list_places(connection, where, place, strands)
    begins = (Int8Array(place.at for place in places), Int8Array(place.run_key for place in places))
    return [run_key for _, run_key in connection.execute(statement, [*columns, *begins, *values, limit, limit])]


def _list_places(connection: Connection, where: RunFilter, place: Place, strands: Strands) -> list[Place]:
    """Return where each strand begins: for one version at its last start, however many runs of others came since."""
    if where.version is None or "name" not in strands.columns:
        return [place] * len(strands.values)
    at = strands.columns.index("namespace")
    namespaces = sorted({values[at] for values in strands.values})
    rows = connection.execute(_FIND_LAST_STARTS, (HOUR, STARTED, namespaces, where.name, where.version))
    last = {namespace: Place(begins_at + _HOUR_MICROSECONDS) for namespace, begins_at in rows if begins_at is not None}
    return [min(place, last.get(values[at], place)) for values in strands.values]


def _list_namespaces(connection: Connection, where: RunFilter) -> list[str] | None:
    """Return which namespaces are to be looked into: for a name those that have it, each found by one step."""
    if where.allowed_namespaces is not None or where.name is None:
        return None if where.allowed_namespaces is None else sorted(where.allowed_namespaces)
    found: list[str] = []
    while row := connection.execute(_FIND_NEXT_NAMESPACE, (where.name, found[-1] if found else "")).fetchone():
        found.append(row[0])
    return found


def _find_place(connection: Connection, where: RunFilter, after: str) -> Place:
    """Return the place behind a run; if the run is gone, its place among the ids, which sort by age."""
    run_id, at = read_cursor(after)
    row = connection.execute(_FIND_PLACE.format(order=where.order), (run_id,)).fetchone()
    return make_place(run_id, at, row)


assert {"completed", "faulted", "cancelled", "damaged"} == ENDED, "_LIST_UNFINISHED names all other statuses"
