"""Routes of triggers: they are made, changed, paused and fired; and why one has not fired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import Cursor, Limit, read_number, read_place, write_place
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import check_texts
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.errors import NotFoundError, UsageError
from kapell.triggers.model import Firing, PlannedFiring, Trigger, TriggerCheck, TriggerSpec

if TYPE_CHECKING:
    from kapell.api.callers import Caller
    from kapell.api.parts import Parts

router = APIRouter(tags=["triggers"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_CALENDAR = timedelta(days=366)
_USUAL_CALENDAR = timedelta(days=7)


class NewTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trigger that is to be made.

    Attributes:
        namespace: Its namespace, and that of its workflow.
        name: Its name, unique in the namespace.
        spec: What it does.
        is_paused: Whether it is paused at first.
    """

    namespace: str
    name: str
    spec: TriggerSpec
    is_paused: bool = False


class TriggerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trigger is to do from now on.

    Attributes:
        spec: What it does.
        revision: The revision that was changed.
    """

    spec: TriggerSpec
    revision: int


class TriggerDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trigger would do.

    Attributes:
        namespace: The namespace that it would be in.
        spec: What it would do.
    """

    namespace: str
    spec: TriggerSpec


class PauseReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a trigger is paused or resumed, for the audit log."""

    reason: str = ""


class FiredRun(msgspec.Struct, frozen=True):
    """The run that a trigger was fired for by hand; it starts within moments.

    Attributes:
        run_id: Its id.
    """

    run_id: str


class FiringCalendar(msgspec.Struct, frozen=True):
    """The firings that are planned in a span.

    Attributes:
        items: The firings, in order.
        is_whole: Whether these are all; otherwise they are the first of the span.
    """

    items: list[PlannedFiring]
    is_whole: bool


@router.post("/triggers/check", responses=gives(TriggerCheck), openapi_extra=takes(TriggerDraft))
async def check_trigger(
    request: Request, caller: Any = needs("trigger.read"), given: Any = body(TriggerDraft)
) -> Response:
    """Say whether a trigger could be made, and when it would fire; nothing is kept."""
    check_texts(given.namespace, given.spec.workflow, given.spec.version)
    await caller.require(given.namespace)
    return answer(await in_thread(parts_of(request).triggers.check, given.namespace, given.spec))


@router.get("/triggers", responses=gives(Page[Trigger]))
async def list_triggers(
    request: Request,
    caller: Any = needs("trigger.read"),
    namespace: Annotated[str | None, Query(description="Only this namespace.")] = None,
    workflow: Annotated[str | None, Query(description="Only those that start the workflow of this name.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List triggers by namespace and name; inputs only for who may see the data of runs."""
    check_texts(namespace, workflow, cursor)
    page = await in_thread(
        parts_of(request).triggers.list_triggers,
        namespaces=await _choose_namespaces(caller, namespace),
        workflow=workflow,
        limit=limit,
        after=read_place(cursor),
    )
    return answer(Page([_view(trigger, caller) for trigger in page.items], write_place(page.after)))


@router.post("/triggers", status_code=201, responses=gives(Trigger, 201), openapi_extra=takes(NewTrigger))
async def create_trigger(
    request: Request, caller: Any = needs("trigger.write"), given: Any = body(NewTrigger)
) -> Response:
    """Make a trigger. As it starts runs, it takes the permission to do so, too."""
    check_texts(given.namespace, given.name, given.spec.workflow, given.spec.version, given.spec.description)
    await caller.require(given.namespace)
    await caller.require(given.namespace, "run.start")
    service = parts_of(request).triggers
    made = await in_thread(
        service.create, given.namespace, given.name, given.spec, actor=caller.actor, is_paused=given.is_paused
    )
    return answer(_view(made, caller), 201)


@router.get("/triggers/{trigger_id}", responses=gives(Trigger))
async def get_trigger(request: Request, trigger_id: str, caller: Any = needs("trigger.read")) -> Response:
    """Show a trigger."""
    return answer(_view(await _get_own(parts_of(request), caller, trigger_id), caller))


@router.put("/triggers/{trigger_id}", responses=gives(Trigger), openapi_extra=takes(TriggerChange))
async def replace_trigger(
    request: Request, trigger_id: str, caller: Any = needs("trigger.write"), given: Any = body(TriggerChange)
) -> Response:
    """Let a trigger do something else, unless somebody else has changed it meanwhile."""
    parts = parts_of(request)
    check_texts(given.spec.workflow, given.spec.version, given.spec.description)
    trigger = await _get_own(parts, caller, trigger_id)
    await caller.require(trigger.namespace, "run.start")
    changed = await in_thread(
        parts.triggers.replace, trigger_id, given.spec, revision=given.revision, actor=caller.actor
    )
    return answer(_view(changed, caller))


@router.delete("/triggers/{trigger_id}", status_code=204, responses=gives(None, 204))
async def delete_trigger(request: Request, trigger_id: str, caller: Any = needs("trigger.write")) -> Response:
    """Drop a trigger and its history; its runs stay."""
    parts = parts_of(request)
    await _get_own(parts, caller, trigger_id)
    await in_thread(parts.triggers.delete, trigger_id, actor=caller.actor)
    return Response(status_code=204)


@router.post("/triggers/{trigger_id}/pause", responses=gives(Trigger), openapi_extra=takes(PauseReason))
async def pause_trigger(
    request: Request, trigger_id: str, caller: Any = needs("trigger.write"), given: Any = body(PauseReason)
) -> Response:
    """Let a trigger start nothing until it is resumed; its history says what was left out."""
    parts = parts_of(request)
    await _get_own(parts, caller, trigger_id)
    paused = await in_thread(parts.triggers.pause, trigger_id, actor=caller.actor, reason=given.reason)
    return answer(_view(paused, caller))


@router.post("/triggers/{trigger_id}/resume", responses=gives(Trigger), openapi_extra=takes(PauseReason))
async def resume_trigger(
    request: Request, trigger_id: str, caller: Any = needs("trigger.write"), given: Any = body(PauseReason)
) -> Response:
    """Let a paused trigger start runs again; it is planned anew from now."""
    parts = parts_of(request)
    await _get_own(parts, caller, trigger_id)
    resumed = await in_thread(parts.triggers.resume, trigger_id, actor=caller.actor, reason=given.reason)
    return answer(_view(resumed, caller))


@router.post("/triggers/{trigger_id}/fire", status_code=202, responses=gives(FiredRun, 202))
async def fire_trigger(request: Request, trigger_id: str, caller: Any = needs("run.start")) -> Response:
    """Fire a trigger now, paused or not, whatever is under way; what is planned stays planned."""
    parts = parts_of(request)
    await _get_own(parts, caller, trigger_id)
    order = await in_thread(parts.triggers.fire, trigger_id, actor=caller.actor)
    return answer(FiredRun(order.run_id), 202)


@router.get("/triggers/{trigger_id}/firings", responses=gives(Page[Firing]))
async def list_firings(
    request: Request,
    trigger_id: str,
    caller: Any = needs("trigger.read"),
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List what became of a trigger's firings, the newest first: why there was a run, or was none."""
    parts = parts_of(request)
    number = read_number(cursor)
    await _get_own(parts, caller, trigger_id)
    before = None if number is None else _read_moment(number)
    found = await in_thread(parts.triggers.list_firings, trigger_id, limit=limit + 1, before=before)
    more = str((found[limit - 1].planned_at - _EPOCH) // _MICROSECOND) if len(found) > limit else None
    return answer(Page(found[:limit], more))


@router.get("/triggers/{trigger_id}/upcoming", responses=gives(list[PlannedFiring]))
async def list_upcoming(
    request: Request,
    trigger_id: str,
    caller: Any = needs("trigger.read"),
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 10,
) -> Response:
    """List the next firings of a trigger."""
    parts = parts_of(request)
    await _get_own(parts, caller, trigger_id)
    return answer(await in_thread(parts.triggers.list_upcoming, trigger_id, limit=limit))


@router.get("/calendar", responses=gives(FiringCalendar))
async def show_calendar(
    request: Request,
    caller: Any = needs("trigger.read"),
    since: Annotated[
        datetime | None, Query(description="Only firings planned then or later; now, if left out.")
    ] = None,
    until: Annotated[datetime | None, Query(description="Only firings planned before; 7 days on, if left out.")] = None,
    namespace: Annotated[str | None, Query(description="Only this namespace.")] = None,
) -> Response:
    """Show which firings are planned in a span, of all triggers that one may see; at most 2,000."""
    parts = parts_of(request)
    check_texts(namespace)
    namespaces = await _choose_namespaces(caller, namespace)
    begin, end = _read_span(since, until, parts.clock.now())
    items, has_more = await in_thread(parts.triggers.list_calendar, begin=begin, end=end, namespaces=namespaces)
    return answer(FiringCalendar(items, not has_more))


def _read_span(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            raise UsageError("A time has no offset.", hint="Write it as 2026-01-31T12:00:00Z.")
    try:
        begin = (since or now).astimezone(UTC)
        end = (until or begin + _USUAL_CALENDAR).astimezone(UTC)
    except OverflowError:
        raise UsageError("A time lies beyond the calendar.") from None
    if not timedelta() < end - begin <= _LONGEST_CALENDAR:
        raise UsageError("The span is empty, or longer than a year.", hint="Let `until` be after `since`.")
    return max(begin, now), end


def _read_moment(number: int) -> datetime:
    try:
        return _EPOCH + number * _MICROSECOND
    except OverflowError:
        raise UsageError("The cursor is none that was given out.", hint="Begin without a cursor.") from None


async def _choose_namespaces(caller: Caller, namespace: str | None) -> frozenset[str] | None:
    if namespace is None:
        return caller.namespaces
    await caller.require(namespace)
    return frozenset({namespace})


async def _get_own(parts: Parts, caller: Caller, trigger_id: str) -> Trigger:
    """Return a trigger that the caller may do this to; one that may not even be seen is not there."""
    check_texts(trigger_id)
    trigger: Trigger = await in_thread(parts.triggers.get, trigger_id)
    if not caller.may("trigger.read", trigger.namespace):
        raise NotFoundError(f"There is no trigger {trigger_id[:100]}.")
    await caller.require(trigger.namespace)
    return trigger


def _view(trigger: Trigger, caller: Caller) -> Trigger:
    """Return a trigger as the caller may see it: without its input, where that may not see the data of runs."""
    if caller.may("run.data", trigger.namespace):
        return trigger
    return msgspec.structs.replace(trigger, spec=msgspec.structs.replace(trigger.spec, input=None))
