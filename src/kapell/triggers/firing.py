"""Decisions, written down: each in the one transaction that moves its trigger on, before anything is started.

A row of the history that says `starting` is an order for a run, under an id that follows from the trigger and the
planned moment. Whoever finds such a row after a crash orders the same run again; where it is there, nothing happens. So
a crash at any moment leads to exactly one run for each planned moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from kapell.errors import NotFoundError, UsageError
from kapell.telemetry import get_logger
from kapell.triggers import store
from kapell.triggers.deciding import Standing, decide, hold_against_runs, make_run_id_of
from kapell.triggers.model import Firing, StartOrder
from kapell.triggers.timing import read_timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.storage.server_database import ServerDatabase
    from kapell.triggers.deciding import Decision
    from kapell.triggers.model import Trigger

log = get_logger(__name__)

_BATCH = 200
_BEGIN_AGAIN = "It could not be started: "


class RunEnds(Protocol):
    """What triggers want to know of runs."""

    def find_end(self, run_id: str) -> datetime | None:
        """Return when a run has ended, or `None` while it is under way; blocks. Raises `NotFoundError`."""
        ...


class Orders(msgspec.Struct, frozen=True):
    """What follows from decisions.

    Attributes:
        starts: Runs to start.
        cancels: Runs to cancel.
        awaited: Runs whose end is waited for.
    """

    starts: list[StartOrder]
    cancels: list[str]
    awaited: list[str]


class Settled(msgspec.Struct, frozen=True):
    """What has become of an order.

    Attributes:
        order: The order.
        refusal: Why the run cannot be started; empty if it is there.
    """

    order: StartOrder
    refusal: str = ""


class Firings:
    """Decides on due firings, and keeps what becomes of them. Its methods block."""

    def __init__(self, database: ServerDatabase, ends: RunEnds) -> None:
        """Work on `database`; `ends` tells of runs."""
        self._database = database
        self._ends = ends

    def find_next_at(self) -> datetime | None:
        """Return when the next trigger is due."""
        with self._database.read() as connection:
            return store.find_next_at(connection)

    def decide_due(self, now: datetime) -> Orders:
        """Decide on the firings of the triggers whose time has come, some hundred at a time."""
        orders = Orders([], [], [])
        with self._database.write() as connection:
            for trigger in store.list_due(connection, now, _BATCH):
                try:
                    if trigger.kind == "event":
                        fired = fire_gathered(self, connection, trigger, trigger.planned_at or now, now, orders)
                        store.update_trigger(connection, fired)
                    else:
                        self._decide(connection, trigger, now, orders)
                except UsageError as error:  # its zone is gone with an update, for example; the others go on
                    _stop(connection, trigger, error.message, now)
        return orders

    def _decide(self, connection: sa.Connection, trigger: Trigger, now: datetime, orders: Orders) -> None:
        standing = self.find_standing(connection, trigger)
        timing = read_timing(trigger.spec, trigger.updated_at)
        decision = decide(trigger, timing, standing, now)
        _replace_queued(connection, trigger, decision)
        rows = _give_run_ids(trigger, _leave_out_known(connection, trigger, decision.firings))
        store.add_firings(connection, trigger.trigger_id, rows)
        starting = [row for row in rows if row.outcome == "starting"]
        is_queued = any(row.outcome == "queued" for row in rows) or bool(set(standing.queued) - set(decision.replaced))
        if decision.cancels and trigger.last_run_id is not None:
            orders.cancels.append(trigger.last_run_id)
        last_run_id = starting[-1].run_id if starting else trigger.last_run_id
        awaits = last_run_id is not None and (is_queued or (timing.calendar is None and bool(starting)))
        following = self._find_planned(trigger, decision, now, is_awaiting=awaits)
        moved = msgspec.structs.replace(
            trigger,
            planned_at=following,
            next_at=None if following is None else timing.find_due(trigger.trigger_id, following),
            last_run_id=last_run_id,
            last_fired_at=now if starting else trigger.last_fired_at,
            awaited_run_id=last_run_id if awaits else None,
        )
        store.update_trigger(connection, moved)
        orders.starts.extend(make_order(trigger, row) for row in starting)
        if moved.awaited_run_id is not None:
            orders.awaited.append(moved.awaited_run_id)

    @staticmethod
    def _find_planned(trigger: Trigger, decision: Decision, now: datetime, *, is_awaiting: bool) -> datetime | None:
        """Return what is planned next; a trigger that waits for an end which nobody will tell of goes on from now."""
        if decision.planned_at is None and trigger.spec.schedule.after is not None and not is_awaiting:
            return read_timing(trigger.spec, now).find_next(now)
        return decision.planned_at

    def find_standing(self, connection: sa.Connection, trigger: Trigger) -> Standing:
        """Return what of a trigger is under way."""
        if trigger.spec.overlap == "allow":
            return Standing()
        still_open = [firing for _, firing in store.list_open(connection, trigger.trigger_id)]
        queued = tuple(firing.planned_at for firing in still_open if firing.outcome == "queued")
        is_busy = bool(still_open) or (trigger.last_run_id is not None and not self.has_ended(trigger.last_run_id))
        return Standing(is_busy, queued)

    def has_ended(self, run_id: str) -> bool:
        """Tell whether a run that was started has ended; one that is not there any more has."""
        try:
            return self._ends.find_end(run_id) is not None
        except NotFoundError:
            return True

    # -- what becomes of orders ----------------------------------------------------------------------------------------

    def settle(self, settled: Sequence[Settled], now: datetime) -> Orders:
        """Write down what has become of orders; what waited for the end of a run that cannot be started goes on."""
        orders = Orders([], [], [])
        with self._database.write() as connection:
            for each in settled:
                order = each.order
                if each.refusal:
                    reason = _BEGIN_AGAIN + each.refusal
                    store.settle_firing(connection, order.trigger_id, order.planned_at, "skipped", reason=reason)
                    self._release(connection, order.run_id, now, now, orders)
                else:
                    store.settle_firing(connection, order.trigger_id, order.planned_at, "started")
        return orders

    def release(self, run_id: str, now: datetime) -> Orders | None:
        """Let triggers go on that wait for the end of a run; `None` if it has not ended."""
        orders = Orders([], [], [])
        try:
            ended_at = self._ends.find_end(run_id)
        except NotFoundError:
            ended_at = now
        if ended_at is None:
            return None
        with self._database.write() as connection:
            self._release(connection, run_id, ended_at, now, orders)
        return orders

    def _release(
        self, connection: sa.Connection, run_id: str, ended_at: datetime, now: datetime, orders: Orders
    ) -> None:
        for trigger in store.list_awaiting(connection, run_id):
            still_open = [firing for _, firing in store.list_open(connection, trigger.trigger_id)]
            if any(firing.run_id == run_id for firing in still_open):
                continue  # ordered and not there yet: it cannot have ended
            queued = [firing for firing in still_open if firing.outcome == "queued"]
            if queued:
                self._start_queued(connection, trigger, queued, now, orders)
            else:
                self._plan_after(connection, trigger, ended_at)

    @staticmethod
    def _start_queued(
        connection: sa.Connection, trigger: Trigger, queued: Sequence[Firing], now: datetime, orders: Orders
    ) -> None:
        first = msgspec.structs.replace(queued[0], run_id=_make_run_id(trigger, queued[0]))
        store.settle_firing(connection, trigger.trigger_id, first.planned_at, "starting", run_id=first.run_id)
        awaits = len(queued) > 1 or trigger.spec.schedule.after is not None
        moved = msgspec.structs.replace(
            trigger,
            last_run_id=first.run_id,
            last_fired_at=now,
            awaited_run_id=first.run_id if awaits else None,
        )
        store.update_trigger(connection, moved)
        orders.starts.append(make_order(trigger, first))
        if moved.awaited_run_id is not None:
            orders.awaited.append(moved.awaited_run_id)

    @staticmethod
    def _plan_after(connection: sa.Connection, trigger: Trigger, ended_at: datetime) -> None:
        if trigger.kind == "event":
            store.update_trigger(connection, msgspec.structs.replace(trigger, awaited_run_id=None))
            return
        timing = read_timing(trigger.spec, trigger.updated_at)
        planned_at, next_at = trigger.planned_at, trigger.next_at
        if timing.calendar is None and planned_at is None:
            planned_at = timing.find_next(ended_at)
            next_at = None if planned_at is None else timing.find_due(trigger.trigger_id, planned_at)
        moved = msgspec.structs.replace(trigger, planned_at=planned_at, next_at=next_at, awaited_run_id=None)
        store.update_trigger(connection, moved)

    def list_ordered(self) -> list[StartOrder]:
        """Return the orders that nobody has said anything of yet, whoever gave them."""
        with self._database.read() as connection:
            return [
                make_order(store.get_trigger(connection, trigger_id), firing)
                for trigger_id, firing in store.list_open(connection)
                if firing.outcome == "starting"
            ]

    def list_left(self) -> Orders:
        """Return what a process that ended left to do: ordered runs, and runs whose end is waited for."""
        with self._database.write() as connection:
            awaiting = store.list_awaiting(connection)
        awaited = [(trigger.awaited_run_id, trigger.spec.overlap) for trigger in awaiting]
        cancels = [run_id for run_id, overlap in awaited if run_id is not None and overlap == "replace"]
        return Orders(self.list_ordered(), cancels, [run_id for run_id, _ in awaited if run_id is not None])


def make_order(trigger: Trigger, firing: Firing) -> StartOrder:
    """Return the order for the run of a firing."""
    return StartOrder(
        trigger_id=trigger.trigger_id,
        trigger_name=trigger.full_name,
        planned_at=firing.planned_at,
        namespace=trigger.namespace,
        workflow=trigger.spec.workflow,
        version=trigger.spec.version,
        input=trigger.spec.input if trigger.spec.events is None else [],
        run_id=firing.run_id or _make_run_id(trigger, firing),
        events=firing.events,
        read=None if trigger.spec.events is None else trigger.spec.events.read,
    )


def fire_gathered(
    firings: Firings, connection: sa.Connection, trigger: Trigger, moment: datetime, now: datetime, orders: Orders
) -> Trigger:
    """Decide on the firing of a trigger for the events that it has gathered, and write its row.

    Args:
        firings: Says what is under way.
        connection: The transaction.
        trigger: The trigger.
        moment: When it fires: when the last event arrived, or was no longer to be debounced.
        now: The present moment.
        orders: What follows is added to these.

    Returns:
        The trigger as it is to be kept.
    """
    last = trigger.gathered[-1]
    planned_at = store.find_free_moment(connection, trigger.trigger_id, moment)
    reason = "" if last.count == 1 else f"It was the last of {last.count} events; those before it were debounced."
    wanted = Firing(
        planned_at=planned_at,
        since=min(last.since, planned_at),
        count=last.count,
        decided_at=now,
        outcome="starting",
        reason=reason,
        events=tuple(each.position for each in trigger.gathered),
    )
    trigger = msgspec.structs.replace(trigger, gathered=(), planned_at=None, next_at=None)
    if trigger.is_paused:
        paused = msgspec.structs.replace(wanted, outcome="skipped", reason="The trigger was paused.")
        store.add_firings(connection, trigger.trigger_id, [paused])
        return trigger
    standing = firings.find_standing(connection, trigger)
    decision = hold_against_runs(trigger, [wanted], standing, now)
    _replace_queued(connection, trigger, decision)
    (row,) = _give_run_ids(trigger, decision.firings)
    store.add_firings(connection, trigger.trigger_id, [row])
    if decision.cancels and trigger.last_run_id is not None:
        orders.cancels.append(trigger.last_run_id)
    if row.outcome == "starting":
        orders.starts.append(make_order(trigger, row))
        trigger = msgspec.structs.replace(trigger, last_run_id=row.run_id, last_fired_at=now)
    elif row.outcome == "queued" and trigger.last_run_id is not None:
        orders.awaited.append(trigger.last_run_id)
        trigger = msgspec.structs.replace(trigger, awaited_run_id=trigger.last_run_id)
    return trigger


def _replace_queued(connection: sa.Connection, trigger: Trigger, decision: Decision) -> None:
    for planned_at in decision.replaced:
        reason = "A later one replaced it before it could start."
        store.settle_firing(connection, trigger.trigger_id, planned_at, "replaced", reason=reason)


def _make_run_id(trigger: Trigger, firing: Firing) -> str:
    return make_run_id_of(trigger.trigger_id, firing.planned_at, firing.events[-1] if firing.events else None)


def _leave_out_known(connection: sa.Connection, trigger: Trigger, rows: Sequence[Firing]) -> Iterable[Firing]:
    """Leave out what was decided before: after the clock was set back and the trigger planned anew, for example."""
    if not rows:
        return rows
    known = store.list_known(connection, trigger.trigger_id, [row.planned_at for row in rows])
    return [row for row in rows if row.planned_at not in known]


def _stop(connection: sa.Connection, trigger: Trigger, why: str, now: datetime) -> None:
    """Plan nothing more for a trigger whose schedule cannot be read any more, and say so in its history."""
    log.error("trigger_stopped", trigger=trigger.full_name, message=why)
    planned_at = trigger.planned_at or now
    reason = f"{why} It plans nothing more until it is changed."
    row = Firing(planned_at=planned_at, since=planned_at, decided_at=now, outcome="skipped", reason=reason)
    store.add_firings(connection, trigger.trigger_id, list(_leave_out_known(connection, trigger, [row])))
    store.update_trigger(connection, msgspec.structs.replace(trigger, planned_at=None, next_at=None))


def _give_run_ids(trigger: Trigger, rows: Iterable[Firing]) -> list[Firing]:
    return [
        msgspec.structs.replace(row, run_id=_make_run_id(trigger, row)) if row.outcome == "starting" else row
        for row in rows
    ]
