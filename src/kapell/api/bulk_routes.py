"""Routes of bulk operations: preview a command for many runs, start it, watch it, stop it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.asked_runs import AskedRuns
from kapell.api.bulk_operations import MOST_RUNS, PERMISSIONS
from kapell.api.bulk_store import BulkAction, BulkOrder, BulkState, BulkTarget, Outcome, ReasonCount
from kapell.api.callers import needs
from kapell.api.paging import Cursor, Limit, cut_page, read_number
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import check_texts, make_filter
from kapell.api.run_views import RunView, view_run
from kapell.api.wire import Page, answer, body, gives, takes
from kapell.audit import AuditEntry
from kapell.errors import ForbiddenError, NotFoundError, UsageError

if TYPE_CHECKING:
    from kapell.api.bulk_store import Operation
    from kapell.api.callers import Caller
    from kapell.api.parts import Parts

router = APIRouter(tags=["bulk"])


class BulkAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be done to many runs.

    Attributes:
        action: The command that each of them is to be given.
        runs: Which runs; at least one restriction.
        reason: Why; kept in the history and in the audit log.
        output: What counts as the failed task's output, for `skip`.
    """

    action: BulkAction
    runs: AskedRuns
    reason: str = ""
    output: Any = msgspec.UNSET


class BulkView(msgspec.Struct, frozen=True):
    """A bulk operation.

    Attributes:
        bulk_id: Its id.
        state: `preview` until it is started, `running` until every run was seen to, or it was cancelled.
        action: The command that each run is given.
        runs: Which runs were asked for.
        reason: Why.
        asked_by: Who asked.
        matched: How many runs it is about: those that its preview found.
        done: How many have obeyed.
        refused: How many have not.
        left: How many have not been seen to yet.
        refusals: Why runs refused, the most frequent reasons first.
        created_at: When it was previewed.
        started_at: When it was started.
        ended_at: When it was over.
    """

    bulk_id: str
    state: BulkState
    action: BulkAction
    runs: AskedRuns
    reason: str
    asked_by: str
    matched: int
    done: int
    refused: int
    left: int
    refusals: list[ReasonCount]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class BulkPreview(msgspec.Struct, frozen=True):
    """What a bulk operation would do. It is kept for an hour, with the runs that it found.

    Attributes:
        bulk_id: What to start: `POST /bulk/{bulk_id}/start`.
        action: The command that each run would be given.
        matched: How many runs match, and would be given it; say this number when it is started.
        would_refuse: How many of them would refuse, as they stand now.
        refusals: Why they would.
        sample: Some of the runs, the newest.
    """

    bulk_id: str
    action: BulkAction
    matched: int
    would_refuse: int
    refusals: list[ReasonCount]
    sample: list[RunView]


class BulkStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That a preview was read.

    Attributes:
        expected: How many runs it showed as `matched`.
    """

    expected: int


@router.post("/runs/bulk", status_code=201, responses=gives(BulkPreview, 201), openapi_extra=takes(BulkAsked))
async def preview_bulk(request: Request, caller: Any = needs("run.control"), asked: Any = body(BulkAsked)) -> Response:
    """Find the runs that a command is to be given to, and show what it would do; nothing is done to them."""
    parts = parts_of(request)
    check_texts(asked.reason)
    if asked.runs == AskedRuns():
        raise UsageError("The filter `runs` restricts nothing.", hint="Say which runs are meant, for example a status.")
    if asked.output is not msgspec.UNSET and asked.action != "skip":
        raise UsageError(f"`output` goes with `skip`, and not with `{asked.action}`.")
    permission = PERMISSIONS[asked.action]
    held = parts.access.list_namespaces(caller.principal, permission)
    if asked.runs.namespace is not None or held == frozenset():
        await caller.require(asked.runs.namespace, permission)
    where = await make_filter(parts, caller, asked.runs)
    order = BulkOrder(
        action=asked.action,
        runs=asked.runs,
        reason=asked.reason,
        output=asked.output,
        principal=caller.principal,
        origin=caller.actor.origin,
    )
    found = await in_thread(parts.bulk.preview, order, where)
    operation = found.operation
    await _record(parts, caller, "bulk.preview", operation)
    preview = BulkPreview(
        bulk_id=operation.bulk_id,
        action=order.action,
        matched=operation.matched,
        would_refuse=sum(each.count for each in found.refusals),
        refusals=found.refusals,
        sample=[view_run(record, caller) for record in found.sample],
    )
    return answer(preview, 201, {"Location": f"/api/v1/bulk/{operation.bulk_id}"})


@router.post("/bulk/{bulk_id}/start", responses=gives(BulkView), openapi_extra=takes(BulkStart))
async def start_bulk(
    request: Request, bulk_id: str, caller: Any = needs("run.control"), start: Any = body(BulkStart)
) -> Response:
    """Give the command to the runs that a preview found; it goes on in the background."""
    parts = parts_of(request)
    operation = await _get_own(parts, caller, bulk_id)
    if operation.order.principal.principal_id != caller.principal.principal_id:
        raise ForbiddenError("A preview is started by who asked for it.", hint="Ask for a preview of your own.")
    await _record(parts, caller, "bulk.start", operation)
    return await _show(parts, await parts.bulk.start(bulk_id, start.expected))


@router.post("/bulk/{bulk_id}/cancel", responses=gives(BulkView))
async def cancel_bulk(request: Request, bulk_id: str, caller: Any = needs("run.control")) -> Response:
    """Stop a bulk operation: runs that have not been seen to are left alone, what was done stays done."""
    parts = parts_of(request)
    operation = await _get_own(parts, caller, bulk_id)
    await _record(parts, caller, "bulk.cancel", operation)
    return await _show(parts, await parts.bulk.cancel(bulk_id))


@router.get("/bulk", responses=gives(Page[BulkView]))
async def list_bulk(
    request: Request, caller: Any = needs("run.control"), limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """List bulk operations that were started, the newest first: one's own, or all for who may control all runs."""
    parts = parts_of(request)
    check_texts(cursor)
    owner = None if caller.namespaces is None else caller.principal.principal_id
    found = await in_thread(parts.bulk.store.list_page, owner, limit + 1, cursor)
    page = cut_page(found, limit, lambda operation: operation.bulk_id)
    return answer(Page([await _view(parts, operation) for operation in page.items], page.next))


@router.get("/bulk/{bulk_id}", responses=gives(BulkView))
async def get_bulk(request: Request, bulk_id: str, caller: Any = needs("run.control")) -> Response:
    """Show a bulk operation: how many runs have obeyed, have refused and are left."""
    parts = parts_of(request)
    return await _show(parts, await _get_own(parts, caller, bulk_id))


@router.get("/bulk/{bulk_id}/runs", responses=gives(Page[BulkTarget]))
async def list_bulk_runs(
    request: Request,
    bulk_id: str,
    caller: Any = needs("run.control"),
    outcome: Annotated[Outcome | None, Query(description="Only runs that this became of.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """List the runs of a bulk operation, and what became of each."""
    parts = parts_of(request)
    await _get_own(parts, caller, bulk_id)
    after = min(read_number(cursor) or 0, MOST_RUNS)
    found = await in_thread(parts.bulk.store.list_targets, bulk_id, after, limit + 1, outcome)
    return answer(cut_page(found, limit, lambda target: target.number))


async def _get_own(parts: Parts, caller: Caller, bulk_id: str) -> Operation:
    """Return an operation of the caller, or anybody's for who may control all runs. Raises `NotFoundError`."""
    check_texts(bulk_id)
    operation: Operation = await in_thread(parts.bulk.store.get, bulk_id)
    if caller.namespaces is not None and operation.order.principal.principal_id != caller.principal.principal_id:
        raise NotFoundError(f"There is no bulk operation {bulk_id}.", hint="Previews are kept for an hour.")
    return operation


async def _record(parts: Parts, caller: Caller, action: str, operation: Operation) -> None:
    details = {"action": operation.order.action, "matched": operation.matched}
    entry = AuditEntry.by(
        caller.actor,
        action,
        f"bulk/{operation.bulk_id}",
        namespace=operation.order.runs.namespace,
        reason=operation.order.reason,
        details=details,
    )
    await parts.record(entry)


async def _show(parts: Parts, operation: Operation) -> Response:
    return answer(await _view(parts, operation))


async def _view(parts: Parts, operation: Operation) -> BulkView:
    done, refused, refusals = await in_thread(parts.bulk.store.count_outcomes, operation.bulk_id)
    order = operation.order
    return BulkView(
        bulk_id=operation.bulk_id,
        state=operation.state,
        action=order.action,
        runs=order.runs,
        reason=order.reason,
        asked_by=order.principal.name,
        matched=operation.matched,
        done=done,
        refused=refused,
        left=operation.matched - done - refused,
        refusals=refusals,
        created_at=operation.created_at,
        started_at=operation.started_at,
        ended_at=operation.ended_at,
    )
