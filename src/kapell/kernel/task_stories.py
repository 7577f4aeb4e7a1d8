"""What became of each task of a run, as values; `kapell.kernel.telling_tasks` reads them from the history."""

from __future__ import annotations

from typing import Literal

import msgspec

from kapell.language.error_types import WorkflowError
from kapell.language.program import Kind
from kapell.reasons import Reason

StoryStatus = Literal[
    "running",
    "waiting",
    "held",
    "completed",
    "skipped",
    "passed",
    "retried",
    "faulted",
    "lost",
    "caught",
    "interrupted",
    "cancelled",
]
"""Where a task stands, or how it ended.

`waiting` is for a time, an event or a child run, `held` for a slot. `faulted` and `lost` tell of an error that nothing
has caught; where a `try` has, or it only put a branch out of its race, it is `caught`. A faulted task that a person
counted as done is `passed`; one that a person let begin anew, which is another story, is `retried`. `interrupted` was
under way when the run faulted, and goes on when the run is repaired; `cancelled` does not.
"""

AttemptOutcome = Literal["open", "held", "succeeded", "failed", "lost", "interrupted", "cancelled"]


class Wait(msgspec.Struct):
    """A time in which a task waited.

    Attributes:
        reason: What for.
        began_at: Since when, in microseconds since 1970-01-01 UTC.
        ended_at: Until when; `None` while it lasts.
    """

    reason: Reason
    began_at: int
    ended_at: int | None = None


class AttemptStory(msgspec.Struct):
    """A try of an activity, or a child run.

    Attributes:
        number: Which try of this task it is.
        created_at: When it was asked for, in microseconds since 1970-01-01 UTC, as the other times.
        outcome: How it ended, or where it stands.
        holds: When it was held, and what for.
        started_at: When the work really began, where that is known.
        ended_at: When it ended.
        error: Why it failed.
        child_run_id: The child run that it is.
    """

    number: int
    created_at: int
    outcome: AttemptOutcome = "open"
    holds: list[Wait] = []
    started_at: int | None = None
    ended_at: int | None = None
    error: WorkflowError | None = None
    child_run_id: str | None = None


class RetryStory(msgspec.Struct, frozen=True):
    """That a `try` caught an error and tries again.

    Attributes:
        number: Which retry it is, 1 for the first.
        caught_at: When the error was caught, in microseconds since 1970-01-01 UTC.
        due: When the retry begins.
        error: The error.
    """

    number: int
    caught_at: int
    due: int
    error: WorkflowError


class TaskStory(msgspec.Struct):
    """What became of a task, one time that the flow came to it.

    Attributes:
        number: Its place among the stories of the run, from 1, in the order in which the tasks began.
        seq: The number of the last event that changed this story.
        node: Its node in the program.
        reference: Its reference within the run.
        name: Its name.
        kind: What it does.
        parent: The entry around it; 0 for the workflow itself.
        began_at: When the flow came to it, in microseconds since 1970-01-01 UTC, as all times.
        status: Where it stands.
        entry: Its entry; 0 where the task was never entered.
        ended_at: When it ended.
        is_critical: Whether it lies on the way that took the run its time: of the branches of a `fork`, only the one
            that ended last counts, or the one that decided it; while some are open, the first of them.
        iteration: Which iteration it belongs to, in the list of a `for` or of the `foreach` of a `listen`.
        items: How many items a `for` goes through, or how many events a `listen` has had.
        due: When a `wait` ends.
        wait: What it waits for or waited for last: a time, an event, a retry, a child run, a slot.
        waited: How long it had waited for events before that, in microseconds.
        attempts: The tries of its activity.
        retries: The retries of a `try`.
        error: Why it faulted.
        reason: Why it was skipped, passed, left, or went this way.
    """

    number: int
    seq: int
    node: int
    reference: str
    name: str
    kind: Kind
    parent: int
    began_at: int
    status: StoryStatus = "running"
    entry: int = 0
    ended_at: int | None = None
    is_critical: bool = True
    iteration: int | None = None
    items: int | None = None
    due: int | None = None
    wait: Wait | None = None
    waited: int = 0
    attempts: list[AttemptStory] = []
    retries: list[RetryStory] = []
    error: WorkflowError | None = None
    reason: Reason | None = None
