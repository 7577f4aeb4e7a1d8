"""How a page of events is found: which index gives them in the order of arrival, and what is left to be checked.

As with runs (`kapell.engine.selecting`): each index ends in the position, and what is equal in the columns before it is
a strand. A filter with several types or namespaces is read as that many strands, which are merged. Of several filters
the one that mostly leaves the fewest events leads, and the others are checked on each event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kapell.engine.rows import to_microseconds, to_storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.engine.event_store import EventQuery, StoredEvent

MOST = 2**63 - 1
_SKEW = 60_000_000
"""How far, in microseconds, the clocks of those who store events may differ for filters of time to be exact.

Such a filter is turned into positions by the index of times, that far out on both sides.
"""

_LEADING = ("event_id", "subject", "via", "source", "type")
"""Columns by which events are found, the most selective first; each has an index, with the namespace."""


class Lead(NamedTuple):
    """By what a filter's events are found.

    Attributes:
        column: The column that leads; empty if it is the namespace alone, or none.
        values: Its values.
    """

    column: str = ""
    values: tuple[str, ...] = ()


def choose_lead(where: EventQuery) -> Lead:
    """Return by which column the events of a filter are found."""
    wanted = _list_wanted(where)
    for column in _LEADING:
        if wanted[column]:
            return Lead(column, wanted[column])
    return Lead()


def build_conditions(where: EventQuery, mark: str, *, sparing: str) -> tuple[list[str], list[Any]]:
    """Return what is left to be checked on each event beside the column that leads, the namespace and the position."""
    conditions: list[str] = []
    values: list[Any] = []
    for column, wanted in _list_wanted(where).items():
        if wanted and column != sparing:
            conditions.append(f"{column} IN ({', '.join([mark] * len(wanted))})")
            values += wanted
    for sign, bound in ((">=", where.arrived_after), ("<", where.arrived_before)):
        if bound is not None:
            conditions.append(f"arrived_at {sign} {mark}")
            values.append(to_microseconds(bound))
    return conditions, values


def find_times(where: EventQuery) -> tuple[int | None, int | None]:
    """Return between which times positions are sought, in microseconds; `None` is an open end."""
    after, before = where.arrived_after, where.arrived_before
    return (
        None if after is None else to_microseconds(after) - _SKEW,
        None if before is None else to_microseconds(before) + _SKEW,
    )


def matches(event: StoredEvent, where: EventQuery) -> bool:
    """Tell whether an event is what a filter asks for: what the conditions say, in Python."""
    return (
        (where.namespaces is None or event.namespace in where.namespaces)
        and (not where.types or event.type in where.types)
        and where.source in (None, event.source)
        and where.subject in (None, event.subject)
        and where.event_id in (None, event.event_id)
        and where.via in (None, event.via)
        and (where.arrived_after is None or event.arrived_at >= where.arrived_after)
        and (where.arrived_before is None or event.arrived_at < where.arrived_before)
    )


def list_namespaces(where: EventQuery) -> list[str] | None:
    """Return which namespaces are asked for, in order; `None` for all."""
    return None if where.namespaces is None else sorted(map(to_storable, where.namespaces))


def _list_wanted(where: EventQuery) -> dict[str, tuple[str, ...]]:
    """Return the values that each column may have; none where it may have any."""
    single = {"event_id": where.event_id, "subject": where.subject, "via": where.via, "source": where.source}
    wanted = {column: () if value is None else (to_storable(value),) for column, value in single.items()}
    return wanted | {"type": tuple(sorted(map(to_storable, where.types)))}


def join(conditions: Sequence[str]) -> str:
    """Return conditions that all hold, as SQL."""
    return " AND ".join(conditions) or "TRUE"
