"""Pages of events in PostgreSQL, each from an index.

Strands are bounded by comparing whole rows of the index, and sorted by all of its columns: of equal columns, the server
would know that the order of the position alone will do, and might read all events instead where it believes that those
sought are frequent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.engine.event_finding import (
    Lead,
    build_conditions,
    choose_lead,
    find_times,
    join,
    list_namespaces,
)
from kapell.engine.event_rows import EVENT_COLUMNS, decode_event
from kapell.storage.postgres_arrays import Int8Array, TextArray, encode_text
from kapell.storage.tables.events import INDEXED_LENGTH

if TYPE_CHECKING:
    from kapell.engine.event_store import EventQuery, StoredEvent
    from kapell.engine.postgres_store.connections import Connection, Connections

# S608: what is put into these statements are constants of this package; values are always bound.
_LIST = f"SELECT {EVENT_COLUMNS} FROM events WHERE position = ANY (%b::int8[])"  # noqa: S608 -- see above
_FIND_LAST_BEFORE = """
    SELECT position FROM events WHERE arrived_at < %s ORDER BY arrived_at DESC, position DESC LIMIT 1
"""
_FIND_FIRST_SINCE = "SELECT position FROM events WHERE arrived_at >= %s ORDER BY arrived_at, position LIMIT 1"
# Which namespaces have events of some values: each is found by one step from the one before.
_LIST_NAMESPACES = """
    WITH RECURSIVE found (begin, namespace) AS (
        SELECT begin COLLATE "C", ''::text COLLATE "C" FROM unnest(%b::text[]) AS wanted (begin)
        UNION ALL
        SELECT begin, (
            SELECT CASE WHEN {begin} = found.begin THEN namespace END FROM events
            WHERE {column} IS NOT NULL AND ({begin}, namespace) > (found.begin, found.namespace)
            ORDER BY {begin}, namespace LIMIT 1)
        FROM found WHERE namespace IS NOT NULL
    )
    SELECT begin, namespace FROM found WHERE namespace <> ''
"""
_LIST_ALL = """
    SELECT position FROM events WHERE {conditions} ORDER BY position {order} LIMIT %s
"""
_LIST_STRANDS = """
    SELECT found.position
    FROM unnest(%b::text[], %b::text[], %b::text[]) AS strand (begin, namespace, value)
    CROSS JOIN LATERAL (
        SELECT position FROM events
        WHERE ({columns}, position) > ({places}, %s) AND ({columns}, position) < ({places}, %s) AND {conditions}
        ORDER BY {sorted}, position {order} LIMIT %s
    ) AS found
    ORDER BY position {order} LIMIT %s
"""


def list_events(
    connections: Connections, where: EventQuery, between: tuple[int, int], limit: int, *, newest: bool
) -> list[StoredEvent]:
    """Return events between two positions: of each strand the first ones, and of those the first."""
    with connections.read() as connection, connection.transaction():
        positions = _list_positions(connection, where, _narrow(connection, where, between), limit, newest=newest)
        rows = {row[0]: row for row in connection.execute(_LIST, (Int8Array(positions),), binary=True)}
    return [decode_event(rows[position]) for position in positions]


def _list_positions(
    connection: Connection, where: EventQuery, bounds: tuple[int, int], limit: int, *, newest: bool
) -> list[int]:
    lead, namespaces = choose_lead(where), list_namespaces(where)
    conditions, values = build_conditions(where, "%s", sparing=lead.column)
    values = [encode_text(value).decode() if isinstance(value, str) else value for value in values]
    if where.types and lead.column != "type":  # two indexes have it so
        conditions.append(f"{_take_begin('type')} = ANY (%b::text[])")
        values.append(TextArray(each[:INDEXED_LENGTH] for each in where.types))
    order = "DESC" if newest else "ASC"
    if not lead.column and namespaces is None:
        statement = _LIST_ALL.format(conditions=join(["position > %s", "position < %s", *conditions]), order=order)
        return [position for (position,) in connection.execute(statement, [*bounds, *values, limit])]
    strands = _list_strands(connection, lead, namespaces)
    if not strands:
        return []
    statement = _build_statement(lead, conditions, order)
    arrays = [TextArray(column) for column in zip(*strands, strict=True)]
    rows = connection.execute(statement, [*arrays, *bounds, *values, limit, limit])
    return [position for (position,) in rows]


def _build_statement(lead: Lead, conditions: list[str], order: str) -> str:
    """Return the statement that reads strands and merges them."""
    columns = ["namespace"]
    if lead.column:
        columns = [_take_begin(lead.column), "namespace"]
        conditions = [f"{lead.column} = strand.value", *conditions]
    return _LIST_STRANDS.format(
        columns=", ".join(columns),
        places="strand.begin, strand.namespace" if lead.column else "strand.namespace",
        conditions=join(conditions),
        sorted=", ".join(f"{column} {order}" for column in columns),
        order=order,
    )


def _list_strands(connection: Connection, lead: Lead, namespaces: list[str] | None) -> list[tuple[str, str, str]]:
    """Return where to look: the beginning of a value, the namespace, and the value."""
    if not lead.column:
        return [("", name, "") for name in namespaces or ()]
    values = [encode_text(value).decode() for value in lead.values]
    begins = {value[:INDEXED_LENGTH] for value in values}
    places = (
        _list_places(connection, lead.column, begins)
        if namespaces is None
        else [(begin, name) for begin in begins for name in namespaces]
    )
    return [(begin, name, value) for value in values for begin, name in places if value[:INDEXED_LENGTH] == begin]


def _list_places(connection: Connection, column: str, begins: set[str]) -> list[tuple[str, str]]:
    """Return the namespaces that have events whose value begins so, each with that beginning."""
    statement = _LIST_NAMESPACES.format(column=column, begin=_take_begin(column))
    return [(begin, name) for begin, name in connection.execute(statement, (TextArray(begins),))]


def _take_begin(column: str) -> str:
    """Return the expression that an index holds of a column."""
    return f'"left"({column}, {INDEXED_LENGTH})'


def _narrow(connection: Connection, where: EventQuery, between: tuple[int, int]) -> tuple[int, int]:
    """Return the positions between which events can be that arrived in the filter's time."""
    after, before = between
    since, until = find_times(where)
    if since is not None:
        after = max(after, _find_position(connection, _FIND_LAST_BEFORE, since, after))
    if until is not None:
        before = min(before, _find_position(connection, _FIND_FIRST_SINCE, until, before))
    return after, before


def _find_position(connection: Connection, statement: str, at: int, otherwise: int) -> int:
    row: Any = connection.execute(statement, (at,)).fetchone()
    return otherwise if row is None else int(row[0])
