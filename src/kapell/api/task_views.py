"""What became of a run's tasks, as the API shows it; what says nothing is left out, as a run may have thousands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kapell.kernel.concealing import HIDDEN
from kapell.kernel.events import from_micros
from kapell.kernel.task_stories import AttemptOutcome, StoryStatus

if TYPE_CHECKING:
    from kapell.kernel.task_stories import AttemptStory, RetryStory, TaskStory, Wait
    from kapell.kernel.telling_tasks import TaskTeller
    from kapell.language.error_types import WorkflowError

_MICRO = 1_000_000


class TaskWait(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time in which a task waited.

    Attributes:
        code: What for: `waiting_for_time`, `waiting_for_retry`, `waiting_for_child`, `waiting_for_slot` and so on.
        text: The same, as a sentence.
        began_at: Since when.
        ended_at: Until when; null while it lasts.
    """

    code: str
    text: str
    began_at: datetime
    ended_at: datetime | None = None


class TaskError(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of a task.

    Attributes:
        type: The kind of error.
        title: What this kind is called.
        detail: What happened this time; for who may not see the data, that it is hidden.
    """

    type: str
    title: str = ""
    detail: str = ""


class TaskAttempt(msgspec.Struct, frozen=True, omit_defaults=True):
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
    outcome: AttemptOutcome
    holds: list[TaskWait] = []
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    child_run_id: str | None = None


class TaskRetry(msgspec.Struct, frozen=True, omit_defaults=True):
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


class RunTask(msgspec.Struct, frozen=True, omit_defaults=True):
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
    status: StoryStatus
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


def view_tasks(teller: TaskTeller, after: int, limit: int, *, with_data: bool) -> RunTasks:
    """Return the tasks that have changed since the event `after`.

    Where there are more than `limit`, those are left out that changed last. What one event has changed is never torn
    apart, so there may be more than `limit` in the end.
    """
    changed = [story for story in teller.stories if story.seq > after]
    seq = teller.state.seq
    if len(changed) > limit:
        seq = sorted(story.seq for story in changed)[limit - 1]
        changed = [story for story in changed if story.seq <= seq]
    tasks = [_view_task(teller, story, with_data=with_data) for story in changed]
    return RunTasks(teller.state.status, seq, seq < teller.state.seq and len(changed) >= limit, tasks)


def _view_task(teller: TaskTeller, story: TaskStory, *, with_data: bool) -> RunTask:
    place = teller.program.nodes[story.node].reference
    children = [attempt.child_run_id for attempt in story.attempts if attempt.child_run_id is not None]
    return RunTask(
        number=story.number,
        seq=story.seq,
        reference=story.reference,
        name=story.name,
        kind=str(story.kind),
        status=story.status,
        began_at=from_micros(story.began_at),
        parent=story.parent,
        entry=story.entry,
        place="" if place == story.reference else place,
        ended_at=_moment(story.ended_at),
        seconds=None if story.ended_at is None else (story.ended_at - story.began_at) / _MICRO,
        is_critical=story.is_critical,
        iteration=story.iteration,
        items=story.items,
        due=_moment(story.due),
        wait=None if story.wait is None else _view_wait(story.wait),
        child_run_id=children[-1] if children else None,
        error=None if story.error is None else _view_error(story.error, with_data=with_data),
        reason="" if story.reason is None else story.reason.code,
        text="" if story.reason is None else story.reason.text,
        attempts=[_view_attempt(attempt) for attempt in story.attempts],
        retries=[_view_retry(retry, with_data=with_data) for retry in story.retries],
    )


def _view_attempt(attempt: AttemptStory) -> TaskAttempt:
    return TaskAttempt(
        number=attempt.number,
        created_at=from_micros(attempt.created_at),
        outcome=attempt.outcome,
        holds=[_view_wait(hold) for hold in attempt.holds],
        started_at=_moment(attempt.started_at),
        ended_at=_moment(attempt.ended_at),
        error="" if attempt.error is None else attempt.error.title or attempt.error.type,
        child_run_id=attempt.child_run_id,
    )


def _view_retry(retry: RetryStory, *, with_data: bool) -> TaskRetry:
    return TaskRetry(
        number=retry.number,
        caught_at=from_micros(retry.caught_at),
        due=from_micros(retry.due),
        delay_seconds=(retry.due - retry.caught_at) / _MICRO,
        error=_view_error(retry.error, with_data=with_data),
    )


def _view_wait(wait: Wait) -> TaskWait:
    return TaskWait(wait.reason.code, wait.reason.text, from_micros(wait.began_at), _moment(wait.ended_at))


def _view_error(error: WorkflowError, *, with_data: bool) -> TaskError:
    detail = error.detail if with_data or not error.detail else HIDDEN
    return TaskError(error.type, error.title, detail)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
