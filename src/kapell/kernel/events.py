"""What has happened in a run: the only truth. Folding these gives the state back, and nothing is evaluated again.

Each event carries the results of the expressions behind it. Where a field is left out (`UNSET`), the value is the one
that the step was about already, so that a large value is stored once.

The names of events and fields are the stored format: they may be added to, never renamed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from kapell.kernel.consumption import Consumed
from kapell.language.error_types import WorkflowError
from kapell.reasons import Reason


class Event(msgspec.Struct, tag_field="event", omit_defaults=True, gc=False, kw_only=True):
    """The base of all events.

    Attributes:
        at: When it was decided, in microseconds since 1970-01-01 UTC.
        payloads: Fields whose values are stored apart, and their hashes; empty but in storage.
    """

    at: int
    payloads: dict[str, str] = {}

    @property
    def moment(self) -> datetime:
        """When it was decided, aware, in UTC."""
        return from_micros(self.at)


class RunStarted(Event, tag="run_started", kw_only=True):
    """The run exists. `depth`, `traceparent` and `position` are those of the command."""

    run_id: str
    raw_input: Any
    parent_run_id: str | None = None
    depth: int = 0
    traceparent: str | None = None
    position: int = 0


class InputAccepted(Event, tag="input_accepted", kw_only=True):
    """The workflow's input satisfies its schema and was transformed; the workflow's timeout runs."""

    input: Any | UnsetType = UNSET
    deadline: int | None = None


class RunForked(Event, tag="run_forked", kw_only=True):
    """The run exists and begins in the middle of another run's history.

    Attributes:
        source_run_id: The run whose results it keeps.
        source_seq: The last event of that run that it keeps.
        chain: The tasks around the first one, outermost first: node, raw input and input of each.
        node: The task to go on from.
        value: That task's raw input.
        position: The run sees events that arrived behind this position, as the source run did.
        correlations: What the source run had extracted from events.
        consumed: What the source run's tasks had consumed, by node.
    """

    run_id: str
    source_run_id: str
    source_seq: int
    raw_input: Any
    input: Any
    context: Any
    chain: list[tuple[int, Any, Any]]
    node: int
    value: Any
    deadline: int | None = None
    position: int = 0
    correlations: dict[str, Any] = {}
    consumed: dict[int, Consumed] = {}


class TaskEntered(Event, tag="task_entered", kw_only=True):
    """A task that takes more than one step has begun.

    Attributes:
        node: Its node.
        entry: The number of this entry within the run, unique.
        input: Its transformed input, if that differs from the raw one.
        due: When its wait ends.
        deadline: When its timeout fires.
        value: What a `for` goes through, the arguments that a function's body gets as input, or the values that the
            correlations of a `listen` expect.
    """

    node: int
    entry: int
    input: Any | UnsetType = UNSET
    due: int | None = None
    deadline: int | None = None
    value: Any | UnsetType = UNSET


class TaskCompleted(Event, tag="task_completed", kw_only=True):
    """A task has its output; the flow goes on.

    Attributes:
        node: Its node.
        entry: The number of its entry (a task of one step gets it here).
        output: Its transformed output, if that is not the raw one.
        context: What `export.as` made of the context.
        to: Where a `switch` leads.
        case: The name of that case.
        emitted: The CloudEvent that the task emitted, if that is not its output.
        reason: Why it went this way, where there was a choice.
    """

    node: int
    entry: int
    output: Any | UnsetType = UNSET
    context: Any | UnsetType = UNSET
    to: int | None = None
    case: str | None = None
    emitted: dict[str, Any] | None = None
    reason: Reason | None = None


class TaskSkipped(Event, tag="task_skipped", kw_only=True):
    """A task was not performed, as its `if` was false; the flow goes on to the next in order (decision 7)."""

    node: int
    reason: Reason


class TaskFaulted(Event, tag="task_faulted", kw_only=True):
    """A task raised an error. `entry` is 0 for a task that had not been entered yet."""

    node: int
    entry: int
    error: WorkflowError


class IterationStarted(Event, tag="iteration_started", kw_only=True):
    """The `while` of a `for` was true: the next iteration begins."""

    entry: int
    index: int


class LoopEnded(Event, tag="loop_ended", kw_only=True):
    """The `while` of a `for` was false."""

    entry: int
    reason: Reason


class ErrorCaught(Event, tag="error_caught", kw_only=True):
    """A `try` caught an error.

    Attributes:
        entry: The entry of the `try`.
        error: What it caught.
        action: `retry`, `handle` (its `do` runs) or `end` (it ends with its input as output).
        due: When the retry begins.
        retries: Which retry this is, 1 for the first.
        attempt_deadline: When that retry is given up.
        reason: Why it retries, or retries no more.
    """

    entry: int
    error: WorkflowError
    action: str
    due: int | None = None
    retries: int = 0
    attempt_deadline: int | None = None
    reason: Reason


class BranchFaulted(Event, tag="branch_faulted", kw_only=True):
    """A branch of a competing fork faulted, and the others go on: one of them may still win.

    Attributes:
        entry: The entry of the fork.
        node: The branch.
        error: Its error.
    """

    entry: int
    node: int
    error: WorkflowError


class AttemptCreated(Event, tag="attempt_created", kw_only=True):
    """An activity is asked for. It is performed at once, unless an `AttemptHeld` follows.

    Attributes:
        entry: The task's entry.
        attempt: Which try of this entry it is.
        key_number: The last part of its idempotency key; it rises only after a known outcome.
        arguments: The evaluated arguments; what reads secrets is left as a marker. Left out where they are as before.
    """

    entry: int
    attempt: int
    key_number: int
    arguments: Any | UnsetType = UNSET
    reason: Reason | None = None


class AttemptHeld(Event, tag="attempt_held", kw_only=True):
    """The attempt waits, for a slot or whatever else the admission says."""

    entry: int
    attempt: int
    reason: Reason


class AttemptDispatched(Event, tag="attempt_dispatched", kw_only=True):
    """The attempt that had been held may start now."""

    entry: int
    attempt: int


class AttemptEnded(Event, tag="attempt_ended", kw_only=True):
    """The attempt has a known outcome: an output or an error.

    Attributes:
        started: When the work really began, in microseconds since 1970-01-01 UTC.
    """

    entry: int
    attempt: int
    output: Any | UnsetType = UNSET
    error: WorkflowError | None = None
    started: int | None = None


class AttemptLost(Event, tag="attempt_lost", kw_only=True):
    """The process that performed the attempt died; nobody knows the outcome."""

    entry: int
    attempt: int
    again: bool
    reason: Reason


class ChildStarted(Event, tag="child_started", kw_only=True):
    """A child run was asked for."""

    entry: int
    child_run_id: str
    input: Any


class TimerFired(Event, tag="timer_fired", kw_only=True):
    """A time has come: `wait`, `retry`, `timeout`, `attempt_timeout`, or `run_timeout` (entry 0)."""

    entry: int
    purpose: str


class EventReceived(Event, tag="event_received", kw_only=True):
    """A listening task consumed a CloudEvent. The attributes are those of `ReceiveEvent`."""

    entry: int
    position: int
    filter: int
    until: bool = False
    value: Any = None
    event_id: str = ""
    source: str = ""
    type: str = ""
    correlations: dict[str, Any] = {}


class EventHandled(Event, tag="event_handled", kw_only=True):
    """What a listening task does with an event is done, and its `until` was asked.

    Attributes:
        entry: The task's entry.
        output: What `foreach.output.as` made of the output of its tasks.
        context: What `foreach.export.as` made of the context.
        ends: Whether the `until` holds, so that the task listens no more.
        reason: Why it ends.
    """

    entry: int
    output: Any | UnsetType = UNSET
    context: Any | UnsetType = UNSET
    ends: bool = False
    reason: Reason | None = None


class RunSuspended(Event, tag="run_suspended", kw_only=True):
    """No attempt is started from here on; those under way run to their end."""

    reason: Reason


class RunResumed(Event, tag="run_resumed", kw_only=True):
    """The run goes on."""


class CancelRequested(Event, tag="cancel_requested", kw_only=True):
    """The run is to end; what it has under way is being ended."""

    reason: Reason


class TaskRetried(Event, tag="task_retried", kw_only=True):
    """A person asked for a faulted task once more. `input` replaces its raw input.

    Attributes:
        entry: The open entry that begins anew, or 0 for a faulted task that had not been entered.
    """

    entry: int
    input: Any | UnsetType = UNSET
    deadline: int | None = None
    reason: Reason


class TaskPassed(Event, tag="task_passed", kw_only=True):
    """A person let a faulted task count as done. `output` replaces its input as the output."""

    entry: int
    output: Any | UnsetType = UNSET
    deadline: int | None = None
    reason: Reason


class RunCompleted(Event, tag="run_completed", kw_only=True):
    """The run has ended well. `output` is left out when it is the last task's."""

    output: Any | UnsetType = UNSET


class RunFaulted(Event, tag="run_faulted", kw_only=True):
    """An error was caught by nothing. The state is kept as it was, for repair.

    Attributes:
        error: The error.
        reasons: Why each `try` around it did not catch it, innermost first.
    """

    error: WorkflowError
    reasons: list[Reason] = []


class RunCancelled(Event, tag="run_cancelled", kw_only=True):
    """The run has ended because it was cancelled."""


AnyEvent = (
    RunStarted
    | InputAccepted
    | RunForked
    | TaskEntered
    | TaskCompleted
    | TaskSkipped
    | TaskFaulted
    | IterationStarted
    | LoopEnded
    | ErrorCaught
    | BranchFaulted
    | AttemptCreated
    | AttemptHeld
    | AttemptDispatched
    | AttemptEnded
    | AttemptLost
    | ChildStarted
    | TimerFired
    | EventReceived
    | EventHandled
    | RunSuspended
    | RunResumed
    | CancelRequested
    | TaskRetried
    | TaskPassed
    | RunCompleted
    | RunFaulted
    | RunCancelled
)

_MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Return the whole microseconds from 1970-01-01 UTC to an aware `moment`, exactly."""
    span = moment - _EPOCH
    return (span.days * 86_400 + span.seconds) * _MICRO + span.microseconds


def from_micros(micros: int) -> datetime:
    """Return the moment that many microseconds after 1970-01-01 UTC, aware."""
    seconds, rest = divmod(micros, _MICRO)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
