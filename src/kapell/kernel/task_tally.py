"""Figures of the tasks of many runs: how often, how long, how often in vain, and what was waited for."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from kapell.language.program import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.kernel.task_stories import TaskStory, Wait
    from kapell.kernel.telling_tasks import TaskTeller

FAILED = frozenset({"faulted", "lost", "caught", "retried", "passed"})
"""The statuses of a task that had an error, whatever became of that."""

_STOPPED = frozenset({"cancelled", "interrupted"})
_MICRO = 1_000_000


class TaskFigures(msgspec.Struct, frozen=True):
    """What became of one task of a workflow in some runs.

    Attributes:
        place: Its reference in the document.
        name: Its name.
        kind: What it does, such as `fork`.
        count: How often it was performed; an iteration and a retry count, a skip does not.
        completed: How often it completed.
        failures: How often it had an error, also one that was caught.
        stopped: How often it was ended along with something else.
        skipped: How often its condition did not hold.
        retries: How often it was tried again: by a `try`, or since an attempt was lost.
        total_seconds: How long it took in all, waits included.
        p50_seconds: How long it took where it completed: the median; null where it never did.
        p95_seconds: The same of the slowest twentieth.
        waited_seconds: How long of that it waited, by what for: `waiting_for_slot`, `waiting_for_retry` and so on.
    """

    place: str
    name: str
    kind: str
    count: int
    completed: int
    failures: int
    stopped: int
    skipped: int
    retries: int
    total_seconds: float
    p50_seconds: float | None
    p95_seconds: float | None
    waited_seconds: dict[str, float]


class _Sums:
    """What is added up of one task; times in microseconds."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.retries = 0
        self.total = 0
        self.completed: list[int] = []
        self.waited: Counter[str] = Counter()


class TaskTally:
    """Adds up runs.

    Attributes:
        size: How many times tasks were counted: what memory it takes grows with that.
    """

    def __init__(self) -> None:
        """Begin with no run."""
        self.size = 0
        self._sums: dict[tuple[str, str, str], _Sums] = {}

    def add(self, teller: TaskTeller) -> None:
        """Add a run that was told to its end."""
        nodes = teller.program.nodes
        for story in teller.stories:
            if story.ended_at is None:
                continue
            self.size += 1
            sums = self._sums.setdefault((nodes[story.node].reference, story.name, str(story.kind)), _Sums())
            length = story.ended_at - story.began_at
            sums.statuses[story.status] += 1
            sums.retries += len(story.retries) + max(len(story.attempts) - 1, 0)
            sums.total += length
            if story.status == "completed":
                sums.completed.append(length)
            for code, waited in iter_waits(story):
                sums.waited[code] += waited

    def list_figures(self) -> list[TaskFigures]:
        """Return the figures of each task, the one that took the most time first."""
        found = [_make_figures(*task, sums) for task, sums in self._sums.items()]
        return sorted(found, key=lambda figures: (-figures.total_seconds, figures.place, figures.name))


def iter_waits(story: TaskStory) -> Iterator[tuple[str, int]]:
    """Yield what a task that has ended waited for, and how long, in microseconds."""
    ended_at = story.ended_at
    if ended_at is None:
        return
    for attempt in story.attempts:
        for hold in attempt.holds:
            yield _measure(hold, ended_at)
    for retry in story.retries:
        yield "waiting_for_retry", max(min(retry.due, ended_at) - retry.caught_at, 0)
    if story.wait is not None and story.kind in {Kind.WAIT, Kind.WORKFLOW, Kind.LISTEN}:
        code, waited = _measure(story.wait, ended_at)
        yield code, waited + story.waited


def _measure(wait: Wait, ended_at: int) -> tuple[str, int]:
    return wait.reason.code, (ended_at if wait.ended_at is None else wait.ended_at) - wait.began_at


def _make_figures(place: str, name: str, kind: str, sums: _Sums) -> TaskFigures:
    lengths = sorted(sums.completed)
    skipped = sums.statuses["skipped"]
    return TaskFigures(
        place=place,
        name=name,
        kind=kind,
        count=sums.statuses.total() - skipped,
        completed=len(lengths),
        failures=sum(sums.statuses[status] for status in FAILED),
        stopped=sum(sums.statuses[status] for status in _STOPPED),
        skipped=skipped,
        retries=sums.retries,
        total_seconds=sums.total / _MICRO,
        p50_seconds=_find_percentile(lengths, 0.5),
        p95_seconds=_find_percentile(lengths, 0.95),
        waited_seconds={code: micros / _MICRO for code, micros in sorted(sums.waited.items()) if micros},
    )


def _find_percentile(lengths: list[int], share: float) -> float | None:
    return lengths[math.ceil(share * len(lengths)) - 1] / _MICRO if lengths else None
