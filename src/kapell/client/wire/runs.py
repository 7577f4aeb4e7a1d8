"""Runs, as the API tells of them and takes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from kapell.reasons import Reason

Moment = Annotated[datetime, msgspec.Meta(tz=True)]

ENDED = frozenset({"completed", "faulted", "cancelled", "damaged"})
"""The statuses of a run that has ended. A faulted run can be repaired, and then goes on."""


class Run(msgspec.Struct, frozen=True):
    """A run, as lists show it.

    Attributes:
        run_id: Its id.
        namespace: Its workflow's namespace.
        name: Its workflow's name.
        version: Its workflow's version.
        status: `running`, `waiting`, `suspended`, `cancelling`, or one of `ENDED`.
        created_at: When it was started.
        updated_at: When it last moved.
        ended_at: When it ended.
        parent_run_id: The run that started it, if one did.
        waits_until: Set while it waits for nothing but a time.
        error: Why it faulted, in a line.
    """

    run_id: str
    namespace: str
    name: str
    version: str
    status: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    parent_run_id: str | None
    waits_until: datetime | None
    error: str | None

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self.status in ENDED


class RunError(msgspec.Struct, frozen=True):
    """Why a run faulted (RFC 9457, as the workflow language has it)."""

    type: str
    status: int
    title: str = ""
    detail: str = ""
    instance: str = ""


class RunDetail(msgspec.Struct, frozen=True):
    """A run by itself.

    Attributes:
        run: What lists show of it.
        has_data: Whether the data is here: it is left out for who may not see it, or did not ask for it.
        input: The raw input.
        output: The output of a completed run.
        error: The error of a faulted one.
    """

    run: Run
    has_data: bool
    input: Any = None
    output: Any = None
    error: RunError | None = None


class OverdueRun(msgspec.Struct, frozen=True):
    """An unfinished run that takes much longer than usual.

    Attributes:
        run: The run.
        taken_seconds: How long it has taken so far.
        expected_seconds: How long the slowest twentieth of the runs of its workflow took at least, waits included, of
            those that completed in the last 30 days; within 10 %.
        completed_runs: How many those are.
    """

    run: Run
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


class RunDefinition(msgspec.Struct, frozen=True):
    """The workflow that a run is made of.

    Attributes:
        digest: What the definition hashes to, as published versions have it, too.
        document: The definition.
        source: The text that was published as this version; `None` where this very definition was not published, or the
            caller may not see workflows there.
    """

    digest: str
    document: dict[str, Any]
    source: str | None


class RunEvent(msgspec.Struct, frozen=True):
    """An event of a run's history.

    Attributes:
        seq: Its number, from 1 without a gap.
        at: When it was decided.
        type: Its type, such as `task_completed`.
        text: What happened, as a sentence.
        reference: The task that it is about; empty for the run.
        name: That task's name, or the workflow's.
        kind: What that task does, such as `fork`.
        depth: How many tasks are around it.
        reason: The code of the reason that it carries.
        seconds: How long that took which ends here.
        is_bad: Whether it tells of an error that was not caught here.
        event: The event as it is stored; `None` for who may not see the data.
    """

    seq: int
    at: datetime
    type: str
    text: str
    reference: str
    name: str
    kind: str
    depth: int
    reason: str | None
    seconds: float | None
    is_bad: bool
    event: Any


class RunChange(msgspec.Struct, frozen=True):
    """That some run has moved.

    Attributes:
        run_id: The run.
        namespace: Its workflow's namespace.
        name: Its workflow's name.
        version: Its workflow's version.
        seq: The number of its last event.
        type: That event's type.
        status: Where the run stands.
        created_at: When it was started.
        updated_at: When where it stands last became another.
        ended_at: When it ended; left empty while it has not.
        parent_run_id: The run that started it, if one did.
        waits_until: Until when it waits for nothing but that time.
    """

    run_id: str
    namespace: str
    name: str
    version: str
    seq: int
    type: str
    status: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    parent_run_id: str | None = None
    waits_until: datetime | None = None


class Missed(msgspec.Struct, frozen=True):
    """That changes were missed, and nobody knows how many: the connection was away for too long. Read lists anew."""


class Finding(msgspec.Struct, frozen=True):
    """A reason, and the task that it is about.

    Attributes:
        reference: The task; empty for the run as a whole.
        name: The task's name, or the workflow's.
        at: When it came to be, in microseconds since 1970-01-01 UTC.
        reason: The reason.
    """

    reference: str
    name: str
    at: int
    reason: Reason


class Explanation(msgspec.Struct, frozen=True):
    """Why a run stands where it stands, or what became of a task.

    Attributes:
        subject: The task that was asked for; empty for the run.
        status: The run's status.
        summary: The answer, in one sentence.
        present: What the run waits for, or how it ended and why.
        past: What was decided on the way, oldest first.
        options: What can be done now.
    """

    subject: str
    status: str
    summary: str
    present: list[Finding]
    past: list[Finding]
    options: list[Reason]


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that a task wrote while it ran.

    Attributes:
        seq: The line's number in its run.
        at: When it was written.
        reference: The task.
        entry: How often the flow had come to that task.
        attempt: Which try wrote it.
        stream: `stdout`, `stderr`, or `info` for Kapell's own words.
        text: The text, without the line's end.
    """

    at: datetime
    reference: str
    entry: int
    attempt: int
    stream: str
    text: str
    seq: int = 0


class RepeatedEffect(msgspec.Struct, frozen=True):
    """What a run has done and a fork of it may do once more.

    Attributes:
        reference: The task.
        what: What it does.
    """

    reference: str
    what: str


class Forked(msgspec.Struct, frozen=True):
    """A new run, and what may be done once more by it."""

    run: Run
    repeats: list[RepeatedEffect]


# -- bodies ------------------------------------------------------------------------------------------------------------


class RunStart(msgspec.Struct, frozen=True):
    """What is to be run."""

    namespace: str
    name: str
    version: str | None = None
    input: Any = msgspec.field(default_factory=dict)


class Asked(msgspec.Struct, frozen=True):
    """A word with a command."""

    reason: str = ""


class Retry(msgspec.Struct, frozen=True):
    """How a faulted run is to be tried again."""

    reference: str | None = None
    input: Any = msgspec.UNSET
    reason: str = ""


class Skip(msgspec.Struct, frozen=True):
    """How the failed task of a run is to be passed over."""

    output: Any = msgspec.UNSET
    reason: str = ""


class WantedRuns(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which runs are meant; what is left out does not restrict. Times are from `..._after` to before `..._before`.

    Attributes:
        status: Any of these.
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: The workflow's version.
        parent: The run that started them.
        top: Whether only runs are meant that no other run started.
        started_after: When they were started; like the others, aware.
        started_before: When they were started.
        ended_after: When they ended.
        ended_before: When they ended.
        updated_after: When they last changed their status.
        updated_before: When they last changed their status.
        text: Words, and "phrases" in quotes, of their input, name or error.
    """

    status: list[str] = []
    namespace: str | None = None
    name: str | None = None
    version: str | None = None
    parent: str | None = None
    top: bool = False
    started_after: Moment | None = None
    started_before: Moment | None = None
    ended_after: Moment | None = None
    ended_before: Moment | None = None
    updated_after: Moment | None = None
    updated_before: Moment | None = None
    text: str | None = None


class Fork(msgspec.Struct, frozen=True):
    """Where a new run is to begin."""

    reference: str
