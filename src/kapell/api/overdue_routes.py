"""The route of runs that take much longer than the runs of the same workflow have taken before."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response

from kapell.api.callers import needs
from kapell.api.paging import Limit
from kapell.api.parts import in_thread, parts_of
from kapell.api.run_filters import check_texts
from kapell.api.run_views import RunView, view_run
from kapell.api.statistics_routes import find_percentile, list_durations
from kapell.api.wire import answer, gives
from kapell.engine.counting import DAY
from kapell.engine.rows import EPOCH
from kapell.engine.selecting import STATUSES
from kapell.engine.store import ENDED, CountFilter, RunFilter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kapell.engine.store import RunRecord, RunStore, WorkflowFilter

router = APIRouter(tags=["runs"])

_PAST = timedelta(days=30)
_TIMES = 2
_AT_LEAST = timedelta(minutes=1)
_UNFINISHED = frozenset(STATUSES) - ENDED
_LOOKED_THROUGH = 1000
"""So many unfinished runs are looked through one by one; of more, each workflow is asked for those that are late."""

_OF_EACH = 200


class Expectation(msgspec.Struct, frozen=True):
    """How long runs of a workflow take: `seconds` is the p95 of so many `runs` that completed."""

    seconds: float
    runs: int

    @property
    def limit(self) -> timedelta:
        """From which age on a run is overdue."""
        return max(_TIMES * timedelta(seconds=self.seconds), _AT_LEAST)


class OverdueRun(msgspec.Struct, frozen=True):
    """An unfinished run that takes much longer than usual.

    Attributes:
        run: The run.
        taken_seconds: How long it has taken so far.
        expected_seconds: How long the slowest twentieth of the runs of its workflow took at least, waits included, of
            those that completed in the last 30 days; within 10 %.
        completed_runs: How many those are.
    """

    run: RunView
    taken_seconds: float
    expected_seconds: float
    completed_runs: int


class OverdueRuns(msgspec.Struct, frozen=True):
    """Runs that are overdue.

    Attributes:
        items: The runs, first those that exceed what is expected the most times over.
        has_more: Whether there are more than were asked for.
    """

    items: list[OverdueRun]
    has_more: bool


@router.get("/runs/overdue", responses=gives(OverdueRuns))
async def list_overdue(
    request: Request,
    caller: Any = needs("run.read"),
    namespace: Annotated[str | None, Query(description="Only workflows of this namespace.")] = None,
    name: Annotated[str | None, Query(description="Only workflows of this name.")] = None,
    limit: Limit = 50,
) -> Response:
    """List unfinished runs that have taken more than a minute, and more than twice as long as is expected of them.

    Expected is the p95 of the runs of the same workflow that completed in the last 30 days. Where none has, no run is
    overdue.
    """
    check_texts(namespace, name)
    if namespace is not None:
        await caller.require(namespace)
    parts = parts_of(request)
    where = RunFilter(namespace=namespace, namespaces=caller.namespaces, name=name, statuses=_UNFINISHED)
    return answer(await in_thread(find_overdue, parts.engine.store, where, parts.clock.now(), limit))


def find_overdue(store: RunStore, where: RunFilter, now: datetime, limit: int) -> OverdueRuns:
    """Return the unfinished runs among those of a filter that are overdue at the moment `now`."""
    expected = read_expectations(store, where, now)
    found = [
        _view(record, expected[record.namespace, record.name], now)
        for record in _iter_late(store, where, expected, now)
    ]
    found.sort(key=lambda each: (-each.taken_seconds / each.expected_seconds, each.run.run_id))
    return OverdueRuns(found[:limit], len(found) > limit)


def read_expectations(store: RunStore, where: WorkflowFilter, now: datetime) -> dict[tuple[str, str], Expectation]:
    """Return how long runs of each workflow (namespace and name) take."""
    day = timedelta(seconds=DAY)
    today = now - (now - EPOCH) % day
    asked = CountFilter(
        span_seconds=DAY,
        since=today - _PAST,
        until=today + day,
        level="workflow",
        namespace=where.namespace,
        namespaces=where.namespaces,
        name=where.name,
    )
    counts: dict[tuple[str, str], Counter[int]] = {}
    for each in store.count_by_subject(asked):
        counts.setdefault((each.namespace, each.name), Counter())[each.what] += each.count
    found = {}
    for workflow, of_workflow in counts.items():
        durations = list_durations(of_workflow)
        seconds = find_percentile(durations, 0.95)
        if seconds is not None:
            found[workflow] = Expectation(seconds, sum(count for _, count in durations))
    return found


def _iter_late(
    store: RunStore, where: RunFilter, expected: dict[tuple[str, str], Expectation], now: datetime
) -> Iterator[RunRecord]:
    if not expected:
        return
    soonest = min(expectation.limit for expectation in expected.values())
    begun = msgspec.structs.replace(where, started_before=now - soonest)
    records = store.list_runs(begun, limit=_LOOKED_THROUGH)
    if len(records) < _LOOKED_THROUGH:
        for record in records:
            expectation = expected.get((record.namespace, record.name))
            if expectation is not None and now - record.created_at > expectation.limit:
                yield record
        return
    for (namespace, name), expectation in expected.items():
        late = msgspec.structs.replace(begun, namespace=namespace, name=name, started_before=now - expectation.limit)
        yield from store.list_runs(late, limit=_OF_EACH)


def _view(record: RunRecord, expectation: Expectation, now: datetime) -> OverdueRun:
    taken = (now - record.created_at).total_seconds()
    view = view_run(record, None)  # who has not ended has no error
    return OverdueRun(view, taken, expectation.seconds, expectation.runs)
