"""Routes of runs: start, list, look at, command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import Cursor, Limit, cut_page
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_entrance import KEY_LENGTH, LONGEST_WAIT, PERMISSION
from kapell.api.run_filters import AskedOfQuery, check_texts, make_filter
from kapell.api.run_views import (
    Asked,
    Fork,
    Forked,
    Retry,
    RunDetail,
    RunStart,
    RunView,
    Skip,
    view_run,
)
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.audit import AuditEntry
from kapell.engine.definitions import Definitions
from kapell.engine.loading import iter_events, load_active
from kapell.engine.selecting import make_cursor
from kapell.errors import ConflictError, NotFoundError
from kapell.kernel.concealing import conceal
from kapell.kernel.events import to_micros
from kapell.kernel.forking import RepeatedEffect, plan_fork
from kapell.kernel.recovery import fold
from kapell.kernel.state import State
from kapell.kernel.why import Explanation, explain_run, explain_task
from kapell.reasons import Reason

if TYPE_CHECKING:
    from kapell.api.callers import Caller
    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord

router = APIRouter(tags=["runs"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=KEY_LENGTH,
        description="The same key starts one run only, for seven days.",
    ),
]


@router.post("/runs", status_code=201, responses=gives(RunView, 201, "Started."), openapi_extra=takes(RunStart))
async def start_run(
    request: Request,
    caller: Any = needs(PERMISSION),
    idempotency_key: IdempotencyKey = None,
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for the run's end.")] = 0,
) -> Response:
    """Start a run of a published workflow. It is on disk when the answer comes; with `wait`, it may have ended."""
    del request, caller, idempotency_key, wait
    raise AssertionError("RunEntrance answers this request; the route describes it in the OpenAPI document")


@router.get("/runs", responses=gives(Page[RunView]))
async def list_runs(
    request: Request,
    asked: AskedOfQuery,
    caller: Any = needs("run.read"),
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List runs, the newest first: started last; or ended, or changed last, where only such times are asked for.

    A page of a search by text may have fewer runs than asked for, and still a `next`.
    """
    parts = parts_of(request)
    check_texts(cursor)
    where = await make_filter(parts, caller, asked)
    if where.text:
        found = await in_thread(parts.engine.store.search_runs, where, limit=limit, after=cursor)
        return answer(Page([view_run(record, caller) for record in found.records], found.next_after))
    records = await in_thread(parts.engine.store.list_runs, where, limit=limit + 1, after=cursor)
    page = cut_page(records, limit, lambda record: make_cursor(where, record))
    return answer(Page([view_run(record, caller) for record in page.items], page.next))


@router.get("/runs/{run_id}", responses=gives(RunDetail))
async def get_run(
    request: Request,
    run_id: str,
    caller: Any = needs("run.read"),
    wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for the run's end.")] = 0,
    data: Annotated[bool, Query(description="Whether input, output and error are wanted.")] = True,
) -> Response:
    """Show a run; with `wait`, when it has ended."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    record = await parts.wait_for_end(record, wait)
    if not (data and caller.may("run.data", record.namespace)):
        return answer(RunDetail(view_run(record, caller), has_data=False))
    await note_read(parts, caller, record)
    state = await in_thread(_load_state, parts, run_id)
    return answer(RunDetail(view_run(record, caller), True, state.raw_input, state.output, state.error))


def _load_state(parts: Parts, run_id: str) -> State:
    return load_active(parts.engine.store, Definitions(parts.engine.store), run_id).state


@router.get("/runs/{run_id}/state", responses=gives(dict[str, Any]))
async def get_state(
    request: Request,
    run_id: str,
    caller: Any = needs("run.data"),
    at: Annotated[int | None, Query(ge=1, description="The number of the event; left out, the last one.")] = None,
) -> Response:
    """Show the state that a run had after an event of its history, or has now: data, open tasks, timers."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    await note_read(parts, caller, record)
    return answer(await in_thread(_fold_until, parts, record, at))


def _fold_until(parts: Parts, record: RunRecord, at: int | None) -> dict[str, Any]:
    program = Definitions(parts.engine.store).get(record.definition).program
    numbered = iter_events(parts.engine.store, record.run_id)
    state = fold(program, (event for seq, event in numbered if at is None or seq <= at), State())
    entries = [
        {
            "entry": entry.entry,
            "reference": entry.reference,
            "input": entry.input,
            "attempt": None
            if entry.attempt is None
            else {"number": entry.attempt.number, "state": entry.attempt.state},
            "timers": entry.timers,
        }
        for entry in state.entries.values()
    ]
    return {
        "seq": state.seq,
        "status": state.status,
        "input": state.raw_input,
        "context": state.contexts.get(0),
        "output": state.output,
        "error": state.error,
        "open": entries,
    }


@router.get("/runs/{run_id}/why", responses=gives(Explanation))
async def explain(
    request: Request,
    run_id: str,
    caller: Any = needs("run.read"),
    task: Annotated[str | None, Query(description="A task's name or reference.")] = None,
) -> Response:
    """Say why a run stands where it stands, or what became of a task, and what can be done."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    with_data = caller.may("run.data", record.namespace)
    found = await in_thread(_explain, parts, record, task, with_data=with_data)
    if found is None:
        raise NotFoundError(f"The workflow has no task `{task}`.")
    return answer(found)


def _explain(parts: Parts, record: RunRecord, task: str | None, *, with_data: bool) -> Explanation | None:
    program = Definitions(parts.engine.store).get(record.definition).program
    events = (event if with_data else conceal(event) for _, event in iter_events(parts.engine.store, record.run_id))
    now = to_micros(parts.clock.now())
    return explain_run(program, events, now) if task is None else explain_task(program, events, now, task)


# -- commands ----------------------------------------------------------------------------------------------------------


@router.post("/runs/{run_id}/cancel", responses=gives(RunView), openapi_extra=takes(Asked))
async def cancel_run(
    request: Request, run_id: str, caller: Any = needs("run.control"), asked: Any = body(Asked)
) -> Response:
    """Cancel a run: its processes and the child runs that it waits for are ended."""
    parts = await record_command(request, run_id, caller, "run.cancel", asked.reason)
    await parts.engine.cancel_run(run_id, _say_who(caller, asked.reason))
    return await _show(parts, run_id, caller)


@router.post("/runs/{run_id}/suspend", responses=gives(RunView), openapi_extra=takes(Asked))
async def suspend_run(
    request: Request, run_id: str, caller: Any = needs("run.control"), asked: Any = body(Asked)
) -> Response:
    """Suspend a run: what is under way ends, and nothing new begins."""
    parts = await record_command(request, run_id, caller, "run.suspend", asked.reason)
    await parts.engine.suspend_run(run_id, _say_who(caller, asked.reason))
    return await _show(parts, run_id, caller)


@router.post("/runs/{run_id}/resume", responses=gives(RunView), openapi_extra=takes(Asked))
async def resume_run(
    request: Request, run_id: str, caller: Any = needs("run.control"), asked: Any = body(Asked)
) -> Response:
    """Let a suspended run go on."""
    parts = await record_command(request, run_id, caller, "run.resume", asked.reason)
    await parts.engine.resume_run(run_id)
    return await _show(parts, run_id, caller)


@router.post("/runs/{run_id}/retry", responses=gives(RunView), openapi_extra=takes(Retry))
async def retry_task(
    request: Request, run_id: str, caller: Any = needs("run.repair"), retry: Any = body(Retry)
) -> Response:
    """Try the failed task of a run again, or one around it, with another input if one is given."""
    parts = await record_command(request, run_id, caller, "run.retry", retry.reason, {"reference": retry.reference})
    await parts.engine.retry_task(run_id, retry.reference, retry.input)
    return await _show(parts, run_id, caller)


@router.post("/runs/{run_id}/skip", responses=gives(RunView), openapi_extra=takes(Skip))
async def skip_task(
    request: Request, run_id: str, caller: Any = needs("run.repair"), skip: Any = body(Skip)
) -> Response:
    """Let the failed task of a run count as done."""
    parts = await record_command(request, run_id, caller, "run.skip", skip.reason)
    await parts.engine.skip_task(run_id, skip.output)
    return await _show(parts, run_id, caller)


@router.get("/runs/{run_id}/fork", responses=gives(list[RepeatedEffect]))
async def preview_fork(
    request: Request,
    run_id: str,
    reference: Annotated[str, Query(description="The task to begin with.")],
    caller: Any = needs("run.repair"),
) -> Response:
    """Say what a fork that begins at a task may do once more; nothing is begun."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    return answer(await in_thread(_list_repeats, parts, record, reference))


def _list_repeats(parts: Parts, record: RunRecord, reference: str) -> list[RepeatedEffect]:
    program = Definitions(parts.engine.store).get(record.definition).program
    events = (event for _, event in iter_events(parts.engine.store, record.run_id))
    plan = plan_fork(program, events, reference, record.run_id)
    if isinstance(plan, Reason):
        raise ConflictError(plan.text)
    return list(plan.repeats)


@router.post("/runs/{run_id}/fork", status_code=201, responses=gives(Forked, 201), openapi_extra=takes(Fork))
async def fork_run(
    request: Request, run_id: str, caller: Any = needs("run.repair"), fork: Any = body(Fork)
) -> Response:
    """Begin a new run that keeps this one's results before a task."""
    parts = await record_command(request, run_id, caller, "run.fork", "", {"reference": fork.reference})
    new_id, repeats = await parts.engine.fork_run(run_id, fork.reference)
    with parts.live.expect_start(new_id) as on_disk:  # at once: what is awaited first might be over by then
        return answer(Forked(view_run(await on_disk, caller), list(repeats)), 201)


async def _show(parts: Parts, run_id: str, caller: Caller) -> Response:
    return answer(view_run(await find_record(parts, run_id), caller))


async def record_command(
    request: Request, run_id: str, caller: Caller, action: str, reason: str, details: dict[str, Any] | None = None
) -> Parts:
    """Check that the caller may do this to the run, and write it down before it is done."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    entry = AuditEntry.by(
        caller.actor, action, f"run/{run_id}", namespace=record.namespace, reason=reason, details=details or {}
    )
    await parts.record(entry)
    return parts


async def get_visible(parts: Parts, run_id: str, caller: Caller) -> RunRecord:
    """Return a run's record; to who may not see its namespace it is not there.

    Raises:
        NotFoundError: There is no such run, or none that the caller may see.
        ForbiddenError: The caller may see it, but not do this to it.
    """
    record = await find_record(parts, run_id)
    if not caller.may("run.read", record.namespace):
        raise NotFoundError(f"There is no run {run_id}.")
    await caller.require(record.namespace)
    return record


async def note_read(parts: Parts, caller: Caller, record: RunRecord) -> None:
    """Record that the caller looks at a run's data."""
    await parts.reads.note(caller.actor, "run.read_data", f"run/{record.run_id}", record.namespace)


async def find_record(parts: Parts, run_id: str) -> RunRecord:
    """Return a run's record. Raises `NotFoundError`."""
    record: RunRecord = await in_thread(parts.engine.store.get_record, run_id)
    return record


def _say_who(caller: Caller, reason: str) -> str:
    return f"{caller.actor.name} asked for it{': ' + reason if reason else '.'}"
