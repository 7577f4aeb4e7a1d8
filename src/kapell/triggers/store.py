"""Triggers and their firings in the database: each function is a statement or two of the caller's transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa

from kapell.errors import NotFoundError
from kapell.storage.tables.triggers import trigger_firings as firings
from kapell.storage.tables.triggers import triggers
from kapell.triggers.model import OPEN, Firing, GatheredEvent, Outcome, Trigger, TriggerPage, TriggerSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

KEPT_FIRINGS: Final = 1_000
"""How many firings of a trigger its history keeps; those that something is still to come of stay in any case."""

_TRIM_EVERY: Final = 100
"""After how many new rows the history is looked at again: it may be longer by so many."""

_COLUMNS: Final = [column for column in triggers.c if column.name != "decided"]


# -- triggers ----------------------------------------------------------------------------------------------------------


def add_trigger(connection: sa.Connection, trigger: Trigger) -> None:
    """Keep a new trigger."""
    connection.execute(sa.insert(triggers).values(**_write(trigger), decided=0))


def update_trigger(connection: sa.Connection, trigger: Trigger) -> None:
    """Keep a trigger in the place of what it was before."""
    connection.execute(sa.update(triggers).where(triggers.c.trigger_id == trigger.trigger_id).values(**_write(trigger)))


def delete_trigger(connection: sa.Connection, trigger_id: str) -> None:
    """Drop a trigger and its history."""
    connection.execute(sa.delete(firings).where(firings.c.trigger_id == trigger_id))
    connection.execute(sa.delete(triggers).where(triggers.c.trigger_id == trigger_id))


def find_trigger(connection: sa.Connection, namespace: str, name: str, *, lock: bool = False) -> Trigger | None:
    """Return a trigger by its name, or `None`; `lock` keeps other writers of it waiting."""
    query = sa.select(*_COLUMNS).where(triggers.c.namespace == namespace, triggers.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _read(row)


def get_trigger(connection: sa.Connection, trigger_id: str, *, lock: bool = False) -> Trigger:
    """Return a trigger; `lock` keeps other writers of it waiting. Raises `NotFoundError`."""
    query = sa.select(*_COLUMNS).where(triggers.c.trigger_id == trigger_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFoundError(f"There is no trigger {trigger_id[:100]}.")
    return _read(row)


def list_triggers(
    connection: sa.Connection,
    *,
    namespaces: Collection[str] | None,
    workflow: str | None,
    limit: int,
    after: tuple[str, str] | None,
) -> TriggerPage:
    """Return a page of triggers; see `Triggers.list_triggers`."""
    query = sa.select(*_COLUMNS)
    if namespaces is not None:
        query = query.where(triggers.c.namespace.in_(sorted(namespaces)))
    if workflow is not None:
        query = query.where(triggers.c.workflow == workflow)
    if after is not None:
        query = query.where(sa.tuple_(triggers.c.namespace, triggers.c.name) > after)
    query = query.order_by(triggers.c.namespace, triggers.c.name).limit(limit + 1)
    found = [_read(row) for row in connection.execute(query)]
    items = tuple(found[:limit])
    return TriggerPage(items, (items[-1].namespace, items[-1].name) if len(found) > limit else None)


def list_due(connection: sa.Connection, now: datetime, limit: int) -> list[Trigger]:
    """Return triggers whose time has come, the earliest first, and keep other writers of them waiting."""
    query = sa.select(*_COLUMNS).where(triggers.c.next_at <= now).order_by(triggers.c.next_at).limit(limit)
    return [_read(row) for row in connection.execute(query.with_for_update())]


def find_next_at(connection: sa.Connection) -> datetime | None:
    """Return when the next trigger is due."""
    at: datetime | None = connection.execute(sa.select(sa.func.min(triggers.c.next_at, type_=_MOMENT))).scalar()
    return at


def list_planned(
    connection: sa.Connection, namespaces: Collection[str] | None, until: datetime, limit: int
) -> list[Trigger]:
    """Return triggers that have something planned up to a moment, the earliest first."""
    query = sa.select(*_COLUMNS).where(triggers.c.planned_at <= until, triggers.c.kind == "schedule")
    if namespaces is not None:
        query = query.where(triggers.c.namespace.in_(sorted(namespaces)))
    return [_read(row) for row in connection.execute(query.order_by(triggers.c.planned_at).limit(limit))]


def list_hearing(connection: sa.Connection) -> list[Trigger]:
    """Return the triggers that hear events."""
    query = sa.select(*_COLUMNS).where(triggers.c.kind == "event").order_by(triggers.c.trigger_id)
    return [_read(row) for row in connection.execute(query)]


def find_free_moment(connection: sa.Connection, trigger_id: str, moment: datetime) -> datetime:
    """Return a moment, or where a firing has it already, the first one after it that is free: events come in crowds."""
    later = sa.select(sa.func.max(firings.c.planned_at, type_=_MOMENT)).where(firings.c.trigger_id == trigger_id)
    last: datetime | None = connection.execute(later).scalar()
    return moment if last is None or last < moment else last + _MICROSECOND


def list_awaiting(connection: sa.Connection, run_id: str | None = None) -> list[Trigger]:
    """Return the triggers that wait for the end of a run, or of any run."""
    is_awaiting = triggers.c.awaited_run_id.is_not(None) if run_id is None else triggers.c.awaited_run_id == run_id
    return [_read(row) for row in connection.execute(sa.select(*_COLUMNS).where(is_awaiting).with_for_update())]


# -- firings -----------------------------------------------------------------------------------------------------------


def add_firings(connection: sa.Connection, trigger_id: str, rows: Sequence[Firing]) -> None:
    """Keep rows of the history, and drop what has become too old for it."""
    if not rows:
        return
    connection.execute(sa.insert(firings), [{"trigger_id": trigger_id, **_write_firing(row)} for row in rows])
    decided = connection.execute(
        sa.update(triggers)
        .where(triggers.c.trigger_id == trigger_id)
        .values(decided=triggers.c.decided + len(rows))
        .returning(triggers.c.decided)
    ).scalar_one()
    if decided // _TRIM_EVERY != (decided - len(rows)) // _TRIM_EVERY:
        _trim(connection, trigger_id)


def list_known(connection: sa.Connection, trigger_id: str, moments: Collection[datetime]) -> set[datetime]:
    """Return those of the planned moments that were decided already."""
    query = sa.select(firings.c.planned_at).where(
        firings.c.trigger_id == trigger_id, firings.c.planned_at >= min(moments), firings.c.planned_at <= max(moments)
    )
    return set(connection.execute(query).scalars()) & set(moments)


def settle_firing(
    connection: sa.Connection,
    trigger_id: str,
    planned_at: datetime,
    outcome: Outcome,
    *,
    run_id: str | None = None,
    reason: str | None = None,
) -> bool:
    """Say what has become of a firing that something was still to come of; return whether it was one."""
    values: dict[str, Any] = {"outcome": outcome, "is_open": outcome in OPEN}
    values |= {} if run_id is None else {"run_id": run_id}
    values |= {} if reason is None else {"reason": reason}
    is_it = (firings.c.trigger_id == trigger_id, firings.c.planned_at == planned_at, firings.c.is_open)
    return connection.execute(sa.update(firings).where(*is_it).values(**values)).rowcount > 0


def list_open(connection: sa.Connection, trigger_id: str | None = None) -> list[tuple[str, Firing]]:
    """Return the firings that something is still to come of, the oldest of each trigger first, with its id."""
    query = sa.select(firings).where(firings.c.is_open).order_by(firings.c.trigger_id, firings.c.planned_at)
    if trigger_id is not None:
        query = query.where(firings.c.trigger_id == trigger_id)
    return [(row.trigger_id, _read_firing(row)) for row in connection.execute(query)]


def list_firings(
    connection: sa.Connection, trigger_id: str, *, limit: int, before: datetime | None = None
) -> list[Firing]:
    """Return firings, the newest first, that were planned before a moment."""
    query = sa.select(firings).where(firings.c.trigger_id == trigger_id)
    if before is not None:
        query = query.where(firings.c.planned_at < before)
    return [_read_firing(row) for row in connection.execute(query.order_by(firings.c.planned_at.desc()).limit(limit))]


def _trim(connection: sa.Connection, trigger_id: str) -> None:
    of_trigger = firings.c.trigger_id == trigger_id
    newest_first = sa.select(firings.c.planned_at).where(of_trigger).order_by(firings.c.planned_at.desc())
    last = connection.execute(newest_first.offset(KEPT_FIRINGS).limit(1)).scalar()
    if last is not None:
        connection.execute(sa.delete(firings).where(of_trigger, firings.c.planned_at <= last, ~firings.c.is_open))


_MICROSECOND = timedelta(microseconds=1)
_MOMENT = triggers.c.next_at.type
_WRITTEN = [field for field in Trigger.__struct_fields__ if field not in {"spec", "gathered"}]
_FIRING_FIELDS = [field for field in Firing.__struct_fields__ if field != "events"]


def _write(trigger: Trigger) -> dict[str, Any]:
    values = {name: getattr(trigger, name) for name in _WRITTEN}
    return {
        **values,
        "workflow": trigger.spec.workflow,
        "spec": msgspec.json.encode(trigger.spec).decode(),
        "gathered": msgspec.json.encode(trigger.gathered).decode(),
    }


def _read(row: sa.Row[Any]) -> Trigger:
    values = {name: getattr(row, name) for name in _WRITTEN}
    gathered = msgspec.json.decode(row.gathered, type=tuple[GatheredEvent, ...])
    return Trigger(**values, spec=msgspec.json.decode(row.spec, type=TriggerSpec), gathered=gathered)


def _write_firing(firing: Firing) -> dict[str, Any]:
    return {
        **{name: getattr(firing, name) for name in _FIRING_FIELDS},
        "is_open": firing.outcome in OPEN,
        "position": firing.events[-1] if firing.events else None,
        "events": msgspec.json.encode(firing.events).decode(),
    }


def _read_firing(row: sa.Row[Any]) -> Firing:
    events = msgspec.json.decode(row.events, type=tuple[int, ...])
    return Firing(**{name: getattr(row, name) for name in _FIRING_FIELDS}, events=events)
