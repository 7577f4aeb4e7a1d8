"""What people do with triggers: make, change, pause and fire them, and ask why one has not fired."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kapell.audit import Actor, AuditEntry
from kapell.errors import ConflictError, KapellError, UsageError
from kapell.ids import make_id
from kapell.triggers import store
from kapell.triggers.deciding import make_run_id_of
from kapell.triggers.firing import make_order
from kapell.triggers.model import (
    Firing,
    PlannedFiring,
    Trigger,
    TriggerCheck,
    TriggerPage,
    TriggerSchedule,
    TriggerSpec,
)
from kapell.triggers.planning import list_moments, merge_plans
from kapell.triggers.subscriptions import read_subscription
from kapell.triggers.timing import read_timing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.audit import AuditLog
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase
    from kapell.triggers.model import StartOrder
    from kapell.workflows.published import PublishedWorkflows

_NAME: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,98}[a-zA-Z0-9])?")
_MOST_INPUT_BYTES: Final = 1_000_000
_MOST_DESCRIPTION: Final = 2_000
_MOST_PLANNED: Final = 2_000
_SHOWN_IN_CHECKS: Final = 5
_END_OF_TIME_YEARS: Final = 50
_MICROSECOND: Final = timedelta(microseconds=1)

_encoder = msgspec.json.Encoder(order="sorted")


class Triggers:
    """The triggers of an installation. Its methods block; any thread may call them."""

    def __init__(self, database: ServerDatabase, clock: Clock, audit: AuditLog, published: PublishedWorkflows) -> None:
        """Work on `database`; `on_change` can be set to be told of changes."""
        self._database = database
        self._clock = clock
        self._audit = audit
        self._published = published
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change of what is planned, by any thread."""
        self.on_order: Callable[[StartOrder], None] = lambda _: None
        """Called with each order that is written down, by any thread."""

    # -- reading -------------------------------------------------------------------------------------------------------

    def get(self, trigger_id: str) -> Trigger:
        """Return a trigger. Raises `NotFoundError`."""
        with self._database.read() as connection:
            return store.get_trigger(connection, trigger_id)

    def find(self, namespace: str, name: str) -> Trigger | None:
        """Return a trigger by its name, or `None`."""
        with self._database.read() as connection:
            return store.find_trigger(connection, namespace, name)

    def list_triggers(
        self,
        *,
        namespaces: Collection[str] | None = None,
        workflow: str | None = None,
        limit: int = 50,
        after: tuple[str, str] | None = None,
    ) -> TriggerPage:
        """Return a page of triggers, by namespace and name.

        Args:
            namespaces: Only these; `None` for all.
            workflow: Only those that start the workflow of this name.
            limit: How many at most.
            after: Where the page before ended.
        """
        with self._database.read() as connection:
            return store.list_triggers(connection, namespaces=namespaces, workflow=workflow, limit=limit, after=after)

    def list_firings(self, trigger_id: str, *, limit: int = 50, before: datetime | None = None) -> list[Firing]:
        """Return what became of a trigger's firings, the newest first.

        Args:
            trigger_id: The trigger.
            limit: How many at most.
            before: Only those that were planned before this moment.

        Raises:
            NotFoundError: There is no such trigger.
        """
        with self._database.read() as connection:
            store.get_trigger(connection, trigger_id)
            return store.list_firings(connection, trigger_id, limit=limit, before=before)

    def list_upcoming(self, trigger_id: str, *, limit: int = 10) -> list[PlannedFiring]:
        """Return the next firings of a trigger. Raises `NotFoundError`."""
        trigger = self.get(trigger_id)
        if trigger.kind == "event":
            return []
        now = self._clock.now()
        return merge_plans([trigger], now, now.replace(year=now.year + _END_OF_TIME_YEARS, day=1), limit)[0]

    def list_calendar(
        self, *, begin: datetime, end: datetime, namespaces: Collection[str] | None = None
    ) -> tuple[list[PlannedFiring], bool]:
        """Return the firings planned in a span, in order, and whether there are more than fit.

        Args:
            begin: Only firings planned then or later.
            end: Only firings planned before.
            namespaces: Only these; `None` for all.

        Returns:
            At most 2,000 firings; if there are more, those of the beginning of the span.
        """
        with self._database.read() as connection:
            triggers = store.list_planned(connection, namespaces, end, _MOST_PLANNED)
        return merge_plans(triggers, begin, end, _MOST_PLANNED)

    def check(self, namespace: str, spec: TriggerSpec) -> TriggerCheck:
        """Say whether a trigger could be made, and when it would fire."""
        now = self._clock.now()
        try:
            spec = fix_anchor(spec, now)
            self._check_spec(namespace, spec, now)
        except KapellError as error:
            return TriggerCheck(is_valid=False, problem=error.message, hint=error.hint or "")
        if spec.kind == "event":
            return TriggerCheck(is_valid=True)
        timing = read_timing(spec, now)
        return TriggerCheck(
            is_valid=True, upcoming=tuple(list_moments(timing, timing.find_next(now), _SHOWN_IN_CHECKS))
        )

    # -- changes -------------------------------------------------------------------------------------------------------

    def create(self, namespace: str, name: str, spec: TriggerSpec, *, actor: Actor, is_paused: bool = False) -> Trigger:
        """Make a trigger.

        Args:
            namespace: Its namespace, and that of its workflow.
            name: Its name.
            spec: What it does.
            actor: Who makes it.
            is_paused: Whether it is paused at first.

        Raises:
            ConflictError: There is one of that name, or the workflow's version is deprecated.
            NotFoundError: There is no such workflow.
            UsageError: The name or the schedule will not do.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"`{name[:100]}` cannot be the name of a trigger.",
                hint="Use at most 100 letters, digits, dots, hyphens and underscores.",
            )
        now = self._clock.now()
        spec = fix_anchor(spec, now)
        self._check_spec(namespace, spec, now)
        trigger = Trigger(
            trigger_id=make_id(now),
            namespace=namespace,
            name=name,
            kind=spec.kind,
            spec=spec,
            is_paused=is_paused,
            created_at=now,
            updated_at=now,
            updated_by=actor.actor_id,
            updated_by_name=actor.name,
        )
        trigger = plan_from(trigger, now)
        with self._database.write() as connection:
            if store.find_trigger(connection, namespace, name) is not None:
                raise ConflictError(f"There is a trigger {namespace}/{name} already.", hint="Take another name.")
            store.add_trigger(connection, trigger)
            self._record(connection, actor, "trigger.create", trigger, after=trigger.spec)
        self.on_change()
        return trigger

    def replace(self, trigger_id: str, spec: TriggerSpec, *, revision: int, actor: Actor) -> Trigger:
        """Let a trigger do something else; its history stays, and what is queued is dropped.

        Args:
            trigger_id: The trigger.
            spec: What it is to do.
            revision: The revision that was changed.
            actor: Who changes it.

        Raises:
            ConflictError: It is at another revision, or belongs to a workflow.
            NotFoundError: There is no such trigger or workflow.
            UsageError: The schedule will not do.
        """
        now = self._clock.now()
        spec = fix_anchor(spec, now)
        self._check_spec(self.get(trigger_id).namespace, spec, now)
        with self._database.write() as connection:
            before = store.get_trigger(connection, trigger_id, lock=True)
            _check_free(before)
            if before.revision != revision:
                raise ConflictError(
                    f"The trigger {before.full_name} was changed by {before.updated_by_name} and is at revision"
                    f" {before.revision}.",
                    hint="Load it, and change it anew.",
                )
            changed = msgspec.structs.replace(
                before,
                kind=spec.kind,
                spec=spec,
                revision=before.revision + 1,
                updated_at=now,
                updated_by=actor.actor_id,
                updated_by_name=actor.name,
            )
            changed = change_plan(connection, changed, now)
            self._record(connection, actor, "trigger.replace", changed, before=before.spec, after=spec)
        self.on_change()
        return changed

    def delete(self, trigger_id: str, *, actor: Actor) -> None:
        """Drop a trigger and its history; its runs stay. Raises `NotFoundError`, `ConflictError`."""
        with self._database.write() as connection:
            before = store.get_trigger(connection, trigger_id, lock=True)
            _check_free(before)
            store.delete_trigger(connection, trigger_id)
            self._record(connection, actor, "trigger.delete", before, before=before.spec)
        self.on_change()

    def pause(self, trigger_id: str, *, actor: Actor, reason: str = "") -> Trigger:
        """Let a trigger start nothing until it is resumed. Raises `NotFoundError`, `ConflictError`."""
        return self._set_paused(trigger_id, actor, reason, is_paused=True)

    def resume(self, trigger_id: str, *, actor: Actor, reason: str = "") -> Trigger:
        """Let a paused trigger start runs again; it is planned anew from now.

        Raises:
            ConflictError: It is not paused.
            NotFoundError: There is no such trigger.
        """
        return self._set_paused(trigger_id, actor, reason, is_paused=False)

    def _set_paused(self, trigger_id: str, actor: Actor, reason: str, *, is_paused: bool) -> Trigger:
        with self._database.write() as connection:
            before = store.get_trigger(connection, trigger_id, lock=True)
            if before.is_paused == is_paused:
                raise ConflictError(f"The trigger {before.full_name} is {'' if is_paused else 'not '}paused.")
            changed = msgspec.structs.replace(before, is_paused=is_paused)
            if not is_paused and changed.awaited_run_id is None and changed.kind == "schedule":
                changed = plan_from(changed, self._clock.now())
            store.update_trigger(connection, changed)
            action = "trigger.pause" if is_paused else "trigger.resume"
            self._record(connection, actor, action, changed, reason=reason[:_MOST_DESCRIPTION])
        self.on_change()
        return changed

    def fire(self, trigger_id: str, *, actor: Actor) -> StartOrder:
        """Order a run of a trigger now, paused or not, whatever is under way; its plan stays as it is.

        The run is started by whoever carries out orders; after a crash, by the next process.

        Raises:
            NotFoundError: There is no such trigger.
        """
        now = self._clock.now()
        with self._database.write() as connection:
            trigger = store.get_trigger(connection, trigger_id, lock=True)
            while store.list_known(connection, trigger_id, [now]):
                now += _MICROSECOND
            run_id = make_run_id_of(trigger_id, now)
            firing = Firing(
                planned_at=now,
                since=now,
                decided_at=now,
                outcome="starting",
                run_id=run_id,
                reason="It was fired by hand.",
                fired_by=actor.name,
            )
            store.add_firings(connection, trigger_id, [firing])
            awaits = trigger.spec.schedule.after is not None or trigger.awaited_run_id is not None
            changed = msgspec.structs.replace(
                trigger,
                last_run_id=run_id,
                last_fired_at=now,
                awaited_run_id=run_id if awaits else None,
            )
            if trigger.spec.schedule.after is not None:  # it fires next when this run has ended
                changed = msgspec.structs.replace(changed, planned_at=None, next_at=None)
            store.update_trigger(connection, changed)
            self._record(connection, actor, "trigger.fire", trigger, details={"run_id": run_id})
        order = make_order(trigger, firing)
        self.on_order(order)
        return order

    # -- inside --------------------------------------------------------------------------------------------------------

    def _check_spec(self, namespace: str, spec: TriggerSpec, now: datetime) -> None:
        """Make sure that a trigger can do this. Raises `UsageError`, `NotFoundError`, `ConflictError`."""
        if len(spec.description) > _MOST_DESCRIPTION or "\0" in spec.description:
            raise UsageError(f"The description is too long; write at most {_MOST_DESCRIPTION} characters.")
        size = len(_encoder.encode(spec.input))
        if size > _MOST_INPUT_BYTES:
            raise UsageError(f"The input has {size:,} bytes; the limit for triggers is {_MOST_INPUT_BYTES:,}.")
        if spec.events is not None:
            check_events(spec)
        elif read_timing(spec, now).find_next(now) is None:
            raise UsageError("The schedule never fires again.")
        self._published.get_startable(namespace, spec.workflow, spec.version)

    def _record(self, connection: sa.Connection, actor: Actor, action: str, trigger: Trigger, **rest: Any) -> None:
        details = {"name": trigger.name, **rest.pop("details", {})}
        for which in ("before", "after"):
            spec = rest.pop(which, None)
            if spec is not None:
                details[which] = msgspec.to_builtins(msgspec.structs.replace(spec, input=None))
        entry = AuditEntry.by(
            actor, action, f"trigger/{trigger.trigger_id}", namespace=trigger.namespace, details=details, **rest
        )
        self._audit.append(connection, entry, self._clock.now())


def check_events(spec: TriggerSpec) -> None:
    """Make sure that a trigger can hear its events. Raises `UsageError`."""
    if spec.events is None:
        return
    read_subscription(spec.events)
    if spec.schedule != TriggerSchedule():
        raise UsageError("A trigger has a schedule or hears events, not both.", hint="Make two triggers.")
    if spec.input is not None:
        raise UsageError("The input of runs that events start is the events.", hint="Leave out `input`.")
    if spec.jitter != "PT0S":
        raise UsageError("Only schedules have a jitter.", hint="Leave out `jitter`; `debounce` puts events off.")


def plan_from(trigger: Trigger, now: datetime) -> Trigger:
    """Return a trigger that fires next when its schedule says so, from now; or that has heard nothing yet."""
    if trigger.kind == "event":
        return msgspec.structs.replace(trigger, planned_at=None, next_at=None, awaited_run_id=None, gathered=())
    timing = read_timing(trigger.spec, trigger.updated_at)
    planned_at = timing.find_next(now)
    next_at = None if planned_at is None else timing.find_due(trigger.trigger_id, planned_at)
    return msgspec.structs.replace(trigger, planned_at=planned_at, next_at=next_at, awaited_run_id=None)


def change_plan(connection: sa.Connection, changed: Trigger, now: datetime) -> Trigger:
    """Keep a trigger that does something else from now on: it is planned anew, and what was queued is dropped."""
    for _, firing in store.list_open(connection, changed.trigger_id):
        if firing.outcome == "queued":
            reason = "The trigger was changed before it could start."
            store.settle_firing(connection, changed.trigger_id, firing.planned_at, "replaced", reason=reason)
    is_by_calendar = changed.spec.schedule.after is None
    if is_by_calendar or changed.awaited_run_id is None:
        changed = plan_from(changed, now)
    store.update_trigger(connection, changed)
    return changed


def fix_anchor(spec: TriggerSpec, now: datetime) -> TriggerSpec:
    """Return a specification whose interval has an anchor: its first moment is one interval from now."""
    schedule = spec.schedule
    if schedule.every is None or schedule.anchor is not None:
        return spec
    first = read_timing(spec, now).find_next(now)
    return msgspec.structs.replace(spec, schedule=msgspec.structs.replace(schedule, anchor=first))


def _check_free(trigger: Trigger) -> None:
    if trigger.owner_version is not None:
        raise ConflictError(
            f"The trigger {trigger.full_name} belongs to version {trigger.owner_version} of its workflow.",
            hint="Publish a version with another schedule, or pause the trigger.",
        )
