"""The route of a run's tasks: what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_routes import get_visible, note_read
from kapell.api.task_views import RunTasks, view_tasks
from kapell.api.wire import answer, gives

if TYPE_CHECKING:
    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord

router = APIRouter(tags=["runs"])


@router.get("/runs/{run_id}/tasks", responses=gives(RunTasks))
async def list_tasks(
    request: Request,
    run_id: str,
    caller: Any = needs("run.read"),
    after: Annotated[
        int, Query(ge=0, description="Only tasks that have changed since this event: `seq` of the answer before.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="About how many at most.")] = 10_000,
) -> Response:
    """Say what became of each task of a run: when, how often tried, what it waited for, why it went wrong."""
    parts = parts_of(request)
    record = await get_visible(parts, run_id, caller)
    with_data = caller.may("run.data", record.namespace)
    if with_data:
        await note_read(parts, caller, record)
    found: Response = await in_thread(_answer_tasks, parts, record, after, limit, with_data=with_data)
    return found


def _answer_tasks(parts: Parts, record: RunRecord, after: int, limit: int, *, with_data: bool) -> Response:
    with parts.told_runs.tell(record) as teller:
        found = view_tasks(teller, after, limit, with_data=with_data)
    return answer(found)
