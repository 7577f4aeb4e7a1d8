"""Schedules that stand in published workflows: each is a trigger that belongs to its version.

It is the version that `latest` means whose schedule counts. So a newer version takes the place of the one before, and
when versions are deprecated that of the next lower one comes back, or none is left.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from kapell.errors import UsageError
from kapell.ids import make_id
from kapell.language import load_workflow
from kapell.triggers import store
from kapell.triggers.model import Trigger, TriggerEvents, TriggerSchedule, TriggerSpec
from kapell.triggers.service import change_plan, check_events, fix_anchor, plan_from
from kapell.triggers.timing import read_timing
from kapell.workflows.model import LATEST
from kapell.workflows.store import find_version, get_stored_version

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.audit import Actor
    from kapell.language.model import Workflow
    from kapell.language.model.data import Duration
    from kapell.workflows.store import WorkflowRow

_PREFIX: Final = "workflow:"
"""What the names of such triggers begin with; those that people make hold no colon."""

_MILLISECOND: Final = timedelta(milliseconds=1)


def follow_versions(
    connection: sa.Connection, published: Workflow | None, workflow: WorkflowRow, actor: Actor, now: datetime
) -> None:
    """Bring the trigger of a workflow into line with its versions, in the transaction that has changed them.

    Args:
        connection: The transaction.
        published: What was published, if that is what has changed them; it need not be read again then.
        workflow: The workflow.
        actor: Who changed them.
        now: The present moment.

    Raises:
        UsageError: The schedule cannot be read, or never comes true.
    """
    namespace, name = workflow.namespace, workflow.name
    before = store.find_trigger(connection, namespace, _PREFIX + name, lock=True)
    about = find_version(connection, namespace, name, LATEST)
    if before is not None and about is not None and before.owner_version == about.version:
        return  # a version never changes
    spec = None
    if about is not None and about.deprecation is None:
        if published is None or published.document.version != about.version:
            stored = get_stored_version(connection, namespace, name, about.version)
            published = load_workflow(stored.source, about.full_name)
        spec = _read_spec(published)
    if about is None or spec is None:
        if before is not None:
            store.delete_trigger(connection, before.trigger_id)
        return
    made = Trigger(
        trigger_id=make_id(now) if before is None else before.trigger_id,
        namespace=namespace,
        name=_PREFIX + name,
        kind=spec.kind,
        spec=fix_anchor(spec, now),
        owner_version=about.version,
        created_at=now,
        updated_at=now,
        updated_by=actor.actor_id,
        updated_by_name=actor.name,
    )
    if made.kind == "event":
        check_events(made.spec)
    else:
        read_timing(made.spec, now)
    if before is None:
        store.add_trigger(connection, plan_from(made, now))
    else:
        _replace(connection, before, made, now)


def _replace(connection: sa.Connection, before: Trigger, made: Trigger, now: datetime) -> None:
    """Let a trigger belong to another version; where that has the same schedule, the plan stays as it is."""
    changed = msgspec.structs.replace(
        before,
        kind=made.kind,
        spec=made.spec,
        owner_version=made.owner_version,
        revision=before.revision + 1,
        updated_at=made.updated_at,
        updated_by=made.updated_by,
        updated_by_name=made.updated_by_name,
    )
    anchor = before.spec.schedule.anchor
    has_same_schedule = msgspec.structs.replace(made.spec.schedule, anchor=anchor) == before.spec.schedule
    if has_same_schedule and made.spec.events == before.spec.events:
        spec = msgspec.structs.replace(made.spec, schedule=before.spec.schedule)
        store.update_trigger(connection, msgspec.structs.replace(changed, spec=spec))
    else:
        change_plan(connection, changed, now)


def _read_spec(workflow: Workflow) -> TriggerSpec | None:
    """Return what the schedule of a version says, if it has one. Raises `UsageError`."""
    written = workflow.schedule
    if written is None or (written.cron, written.every, written.after, written.on) == (None, None, None, None):
        return None
    document = workflow.document
    if written.on is not None:
        events = TriggerEvents(on=workflow.definition["schedule"]["on"], read=written.read)
        return TriggerSpec(workflow=document.name, version=document.version, events=events)
    schedule = TriggerSchedule(
        cron=written.cron, every=_write("every", written.every), after=_write("after", written.after)
    )
    return TriggerSpec(workflow=document.name, version=document.version, schedule=schedule)


def _write(what: str, duration: Duration | None) -> str | None:
    """Return a duration as triggers keep it. Raises `UsageError`."""
    if duration is None:
        return None
    if duration.expression is not None:
        raise UsageError(
            f"`schedule.{what}` is an expression, and there is no run yet to evaluate it in.",
            hint="Write a fixed duration, such as PT15M.",
        )
    try:
        milliseconds = duration.to_timedelta() // _MILLISECOND
    except ValueError as error:
        raise UsageError(f"`schedule.{what}` cannot be read: {error}.") from None
    return f"PT{milliseconds // 1000}.{milliseconds % 1000:03}S"
