"""The route of figures of tasks, made from the histories of runs that have ended."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from kapell.api.callers import needs
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import check_texts
from kapell.api.told_runs import tell_on
from kapell.api.wire import answer, gives
from kapell.engine.store import RunFilter
from kapell.errors import DamagedHistoryError, NotFoundError
from kapell.kernel.task_tally import TaskFigures, TaskTally
from kapell.kernel.telling_tasks import TaskTeller

if TYPE_CHECKING:
    from kapell.api.parts import Parts

router = APIRouter(tags=["runs"])

_READABLE = frozenset({"completed", "faulted", "cancelled"})
_DEFAULT_RUNS = 200
_MOST_RUNS = 1000
_LONGEST_SECONDS = 5.0
_MOST_TASKS = 500_000
"""So many take some 100 MB at worst."""

_PAUSE_SECONDS = 0.001


class TaskReport(msgspec.Struct, frozen=True):
    """What became of the tasks of a workflow.

    Attributes:
        runs: How many runs it rests on: the newest that have ended.
        is_partial: Whether there are more in the period: there were more than asked for, or they would take too long.
        oldest_start: When the oldest of these runs was started.
        newest_start: When the newest was.
        tasks: The tasks, the one that took the most time first.
    """

    runs: int
    is_partial: bool
    oldest_start: datetime | None
    newest_start: datetime | None
    tasks: list[TaskFigures]


@router.get("/reports/tasks", responses=gives(TaskReport))
async def report_tasks(
    request: Request,
    namespace: Annotated[str, Query(description="The workflow's namespace.")],
    name: Annotated[str, Query(description="The workflow's name.")],
    caller: Any = needs("run.read"),
    version: Annotated[str | None, Query(description="Only this version.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only runs that were started then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Only runs that were started before.")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_RUNS, description="How many runs at most.")] = _DEFAULT_RUNS,
) -> Response:
    """Add up what became of the tasks of a workflow: how often, how long, how often in vain, what was waited for.

    It rests on the newest runs that have ended, as many as are asked for and can be read in some seconds.
    """
    check_texts(namespace, name, version)
    await caller.require(namespace)
    parts = parts_of(request)
    where = RunFilter(
        namespace=namespace,
        name=name,
        version=version,
        statuses=_READABLE,
        started_after=since,
        started_before=until,
    )
    async with parts.one_report:
        return answer(await in_thread(make_report, parts, where, limit))


def make_report(parts: Parts, where: RunFilter, limit: int, *, seconds: float = _LONGEST_SECONDS) -> TaskReport:
    """Return the report of the newest runs of a filter, as many as can be read in so many seconds; one at least."""
    store, give_up_at = parts.engine.store, parts.clock.monotonic() + seconds
    records = store.list_runs(where, limit=limit + 1)
    tally = TaskTally()
    starts: list[datetime] = []
    is_partial = len(records) > limit
    for record in records[:limit]:
        if starts and (parts.clock.monotonic() > give_up_at or tally.size > _MOST_TASKS):
            is_partial = True
            break
        teller = TaskTeller(parts.engine.definitions.get(record.definition).program)
        try:
            tell_on(teller, store, record.run_id)
        except (DamagedHistoryError, NotFoundError):  # it is gone meanwhile, or others are told of it
            continue
        tally.add(teller)
        starts.append(record.created_at)
        time.sleep(_PAUSE_SECONDS)  # the event loop gets its turn
    return TaskReport(
        runs=len(starts),
        is_partial=is_partial,
        oldest_start=min(starts, default=None),
        newest_start=max(starts, default=None),
        tasks=tally.list_figures(),
    )
