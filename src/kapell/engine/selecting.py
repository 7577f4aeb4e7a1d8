"""How a page of runs is found: which index gives them in the right order, and what is left to be checked on each.

A page must cost the same however many runs are stored, so no index may be read that gives other runs on the way. Each
index ends in a time, and gives what is equal in the columns before it, the newest first. A filter that leaves several
values open for such a column (some namespaces, any status) is read as that many strands, whose newest are merged.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from kapell.engine.rows import to_microseconds
from kapell.engine.store import ENDED, RunFilter, RunRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

STATUSES = ("running", "waiting", "suspended", "cancelling", *sorted(ENDED))
LEAST, MOST = -(2**63), 2**63 - 1


class Strands(NamedTuple):
    """Where to look.

    Attributes:
        name: The index.
        columns: The columns that are equal in a strand.
        values: Their values, strand by strand.
    """

    name: str
    columns: tuple[str, ...]
    values: list[tuple[str, ...]]


class Place(NamedTuple):
    """Where a page begins: at whatever is older than this.

    Attributes:
        at: The time of the order, in microseconds.
        run_key: The run's key, among those of one moment.
    """

    at: int = MOST
    run_key: int = MOST


def choose_strands(where: RunFilter, namespaces: Sequence[str] | None) -> Strands:
    """Return where to look for what a filter asks for.

    Args:
        where: The filter.
        namespaces: Which namespaces there may be; `None` for all, which only a filter without a name may leave open.
    """
    if where.order != "created_at":
        return Strands("runs_by_end" if where.order == "ended_at" else "runs_by_update", (), [()])
    if where.parent_run_id is not None:
        return Strands("runs_by_parent", ("parent_run_id",), [(where.parent_run_id,)])
    statuses = sorted(where.statuses) or STATUSES
    if where.name is not None:
        assert namespaces is not None
        columns = ("name", "namespace", "status")
        return Strands("runs_by_name", columns, list(product([where.name], namespaces, statuses)))
    if namespaces is not None:
        return Strands("runs_by_namespace", ("namespace", "status"), list(product(namespaces, statuses)))
    if where.statuses:
        return Strands("runs_by_status", ("status",), [(status,) for status in statuses])
    return Strands("runs_by_start", (), [()])


def build_conditions(where: RunFilter, mark: str, *, sparing: Sequence[str] = ()) -> tuple[list[str], list[Any]]:
    """Return the conditions of a filter but for its text, and their values; `mark` stands for a value in the SQL.

    Those on the columns `sparing` are left out, since the strands see to them.
    """
    sets: dict[str, frozenset[str] | None] = {
        "status": where.statuses or None,
        "namespace": where.allowed_namespaces,
        "name": None if where.name is None else frozenset({where.name}),
        "version": None if where.version is None else frozenset({where.version}),
        "parent_run_id": None if where.parent_run_id is None else frozenset({where.parent_run_id}),
    }
    conditions: list[str] = []
    values: list[Any] = []
    for column, allowed in sets.items():
        if allowed is not None and column not in sparing:
            conditions.append(f"{column} IN ({', '.join([mark] * len(allowed))})")
            values += sorted(allowed)
    for column, sign, bound in _list_bounds(where):
        if bound is not None and column not in sparing:
            conditions.append(f"{column} {sign} {mark}")
            values.append(to_microseconds(bound))
    if where.only_top:
        conditions.append("parent_run_id IS NULL")
    return conditions, values


def find_bounds(where: RunFilter) -> tuple[int, int]:
    """Return the least and the largest time of the filter's order that a run may have, in microseconds."""
    least, most = LEAST, MOST
    for column, sign, bound in _list_bounds(where):
        if column == where.order and bound is not None:
            if sign == ">=":
                least = to_microseconds(bound)
            else:
                most = to_microseconds(bound) - 1
    return least, most


def _list_bounds(where: RunFilter) -> list[tuple[str, str, datetime | None]]:
    return [
        ("created_at", ">=", where.started_after),
        ("created_at", "<", where.started_before),
        ("ended_at", ">=", where.ended_after),
        ("ended_at", "<", where.ended_before),
        ("updated_at", ">=", where.updated_after),
        ("updated_at", "<", where.updated_before),
    ]


def is_empty(where: RunFilter) -> bool:
    """Tell whether no run can match, since there is no namespace for it."""
    return where.allowed_namespaces is not None and not where.allowed_namespaces


def make_cursor(where: RunFilter, record: RunRecord) -> str:
    """Return the `after` of the page behind a run: its id, and its time where that may change while people read."""
    if where.order == "created_at":
        return record.run_id
    at = record.ended_at if where.order == "ended_at" else record.updated_at
    return record.run_id if at is None else f"{record.run_id}@{to_microseconds(at)}"


def read_cursor(after: str) -> tuple[str, int | None]:
    """Return the run's id, and the time if the cursor says one."""
    run_id, _, at = after.partition("@")
    return run_id, int(at) if at.isascii() and at.isdigit() and len(at) < len(str(MOST)) else None


def make_place(run_id: str, at: int | None, row: Sequence[Any] | None) -> Place:
    """Return the place behind a run.

    Args:
        run_id: The run.
        at: The time that the cursor says.
        row: Key, id and time of the run; if it is gone, of the next older one by the order of ids, which sort by age.
    """
    is_there = row is not None and row[1] == run_id
    if at is not None:
        return Place(at, row[0] if is_there and row is not None else MOST)
    if row is None:
        return Place(LEAST, LEAST)
    run_key, _, stored_at = row
    return Place(MOST if stored_at is None else stored_at, run_key if is_there else run_key + 1)


def matches(record: RunRecord, where: RunFilter) -> bool:
    """Tell whether a run is what a filter asks for, but for its text: what the conditions say, in Python."""
    allowed = where.allowed_namespaces
    values = {"created_at": record.created_at, "ended_at": record.ended_at, "updated_at": record.updated_at}
    return (
        (not where.statuses or record.status in where.statuses)
        and (allowed is None or record.namespace in allowed)
        and where.name in (None, record.name)
        and where.version in (None, record.version)
        and where.parent_run_id in (None, record.parent_run_id)
        and not (where.only_top and record.parent_run_id is not None)
        and all(_fits(values[column], sign, bound) for column, sign, bound in _list_bounds(where))
    )


def _fits(value: datetime | None, sign: str, bound: datetime | None) -> bool:
    if bound is None:
        return True
    return value is not None and (value >= bound if sign == ">=" else value < bound)
