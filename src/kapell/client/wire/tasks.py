"""What became of a run's tasks, as the API tells of it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class TaskWait(msgspec.Struct, frozen=True):
    """A time in which a task waited.

    Attributes:
        code: What for: `waiting_for_time`, `waiting_for_retry`, `waiting_for_child`, `waiting_for_slot` and so on.
        text: The same, as a sentence.
        began_at: Since when.
        ended_at: Until when; `None` while it lasts.
    """

    code: str
    text: str
    began_at: datetime
    ended_at: datetime | None = None


class TaskError(msgspec.Struct, frozen=True):
    """An error of a task.

    Attributes:
        type: The kind of error.
        title: What this kind is called.
        detail: What happened this time; empty for who may not see the data.
    """

    type: str
    title: str = ""
    detail: str = ""


class TaskAttempt(msgspec.Struct, frozen=True):
    """A try of a task's activity, or the child run that a task has started.

    Attributes:
        number: Which try of the task it is.
        created_at: When it was asked for.
        outcome: How it ended, or where it stands.
        holds: When it was held before it could start, and what for.
        started_at: When the work really began, where that is known.
        ended_at: When it ended.
        error: The title of its error.
        child_run_id: The child run that it is.
    """

    number: int
    created_at: datetime
    outcome: str
    holds: list[TaskWait] = []
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    child_run_id: str | None = None


class TaskRetry(msgspec.Struct, frozen=True):
    """That a `try` caught an error and tries again.

    Attributes:
        number: Which retry it is, 1 for the first.
        caught_at: When the error was caught.
        due: When the retry begins.
        delay_seconds: How long that is.
        error: The error.
    """

    number: int
    caught_at: datetime
    due: datetime
    delay_seconds: float
    error: TaskError


class RunTask(msgspec.Struct, frozen=True):
    """What became of a task, one time that the flow came to it.

    Attributes:
        number: Its place in the run, from 1, in the order in which tasks began; its name in later answers.
        seq: The number of the last event that changed anything here.
        reference: Its reference within the run, with the numbers of iterations.
        name: Its name.
        kind: What it does, such as `fork`.
        status: Where it stands, or how it ended. `held` waits for a slot, `waiting` for a time or a child run; `caught`
            had an error that a `try` caught, or that put it out of a race; `interrupted` was under way when the run
            faulted; `passed` and `retried` faulted, and a person counted it as done or let it begin anew.
        began_at: When the flow came to it.
        parent: The entry of the task around it; 0 for the workflow itself.
        entry: Its own entry, which tasks within it name as `parent`; 0 for a task that was never entered.
        place: Its reference in the document, where that differs from `reference`.
        ended_at: When it ended.
        seconds: How long it took, waits included.
        is_critical: Whether it lies on the way that took the run its time: of the branches of a `fork` only the one
            that ended last does, or the one that decided it; while some are open, the first of them.
        iteration: Which iteration it belongs to, for a task in the list of a `for`.
        items: How many items a `for` goes through.
        due: When a `wait` ends.
        wait: What it waits for, or waited for last.
        child_run_id: The child run that it has started last.
        error: Why it faulted.
        reason: The code of why it was skipped, passed or left, or went this way.
        text: The same, as a sentence.
        attempts: The tries of its activity.
        retries: The retries of a `try`.
    """

    number: int
    seq: int
    reference: str
    name: str
    kind: str
    status: str
    began_at: datetime
    parent: int = 0
    entry: int = 0
    place: str = ""
    ended_at: datetime | None = None
    seconds: float | None = None
    is_critical: bool = False
    iteration: int | None = None
    items: int | None = None
    due: datetime | None = None
    wait: TaskWait | None = None
    child_run_id: str | None = None
    error: TaskError | None = None
    reason: str = ""
    text: str = ""
    attempts: list[TaskAttempt] = []
    retries: list[TaskRetry] = []


class RunTasks(msgspec.Struct, frozen=True):
    """What became of the tasks of a run.

    Attributes:
        status: Where the run stands, by its history.
        seq: The event that this is the state after; `after` of the next request.
        has_more: Whether there is more to come at once, with `after` as `seq` says.
        tasks: The tasks that have changed, in the order in which they began.
    """

    status: str
    seq: int
    has_more: bool
    tasks: list[RunTask]


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
        p50_seconds: How long it took where it completed: the median; `None` where it never did.
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
