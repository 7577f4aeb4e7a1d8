"""Firings to come, of one trigger or of many."""

from __future__ import annotations

import heapq
from datetime import timedelta
from typing import TYPE_CHECKING

from kapell.triggers.model import PlannedFiring
from kapell.triggers.timing import read_timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from kapell.triggers.model import Trigger
    from kapell.triggers.timing import Timing

_MICROSECOND = timedelta(microseconds=1)


def list_moments(timing: Timing, first: datetime | None, limit: int) -> list[datetime]:
    """Return planned moments from the first on; one that depends on the end of a run has no successor yet."""
    moments: list[datetime] = []
    while first is not None and len(moments) < limit:
        moments.append(first)
        first = None if timing.calendar is None else timing.calendar.find_next(first)
    return moments


def merge_plans(
    triggers: Sequence[Trigger], begin: datetime, end: datetime, limit: int
) -> tuple[list[PlannedFiring], bool]:
    """Return the firings of triggers in a span, in order; it costs as much as there are in the answer.

    Args:
        triggers: The triggers.
        begin: Only firings planned then or later.
        end: Only firings planned before.
        limit: How many at most.

    Returns:
        The firings, and whether there are more.
    """
    timings = {trigger.trigger_id: read_timing(trigger.spec, trigger.updated_at) for trigger in triggers}
    waiting = list(_iter_first(triggers, timings, begin, end))
    heapq.heapify(waiting)
    found: list[PlannedFiring] = []
    while waiting and len(found) < limit:
        planned_at, number = waiting[0]
        trigger = triggers[number]
        timing = timings[trigger.trigger_id]
        found.append(_describe(trigger, timing, planned_at))
        following = None if timing.calendar is None else timing.calendar.find_next(planned_at)
        if following is not None and following < end:
            heapq.heapreplace(waiting, (following, number))
        else:
            heapq.heappop(waiting)
    return found, bool(waiting)


def _iter_first(
    triggers: Sequence[Trigger], timings: dict[str, Timing], begin: datetime, end: datetime
) -> Iterable[tuple[datetime, int]]:
    for number, trigger in enumerate(triggers):
        first, calendar = trigger.planned_at, timings[trigger.trigger_id].calendar
        if first is not None and first < begin:
            first = None if calendar is None else calendar.find_next(begin - _MICROSECOND)
        if first is not None and first < end:
            yield first, number


def _describe(trigger: Trigger, timing: Timing, planned_at: datetime) -> PlannedFiring:
    return PlannedFiring(
        trigger_id=trigger.trigger_id,
        namespace=trigger.namespace,
        name=trigger.name,
        workflow=trigger.spec.workflow,
        planned_at=planned_at,
        due_at=timing.find_due(trigger.trigger_id, planned_at),
        is_paused=trigger.is_paused,
    )
