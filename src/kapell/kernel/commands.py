"""What can be asked of a run. A command that does not fit the run's state changes nothing and is told why."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from kapell.kernel.consumption import Consumed
from kapell.language.error_types import WorkflowError
from kapell.reasons import Reason


class Command(msgspec.Struct, tag_field="command", omit_defaults=True, frozen=True, kw_only=True):
    """The base of all commands."""


class StartRun(Command, tag="start", frozen=True, kw_only=True):
    """Begin. `input` is the raw input, a JSON value; `depth` says how many runs wait for it, one above another.

    `traceparent` names the span that the run is a part of (W3C Trace Context), if whoever starts it is traced.
    `position` is the last event that had been stored by then: the run sees what arrived behind it (decision 16).
    `heard` are the positions of the events that it starts for.
    """

    run_id: str
    input: Any
    parent_run_id: str | None = None
    depth: int = 0
    traceparent: str | None = None
    position: int = 0
    heard: tuple[int, ...] = ()


class ForkRun(Command, tag="fork", frozen=True, kw_only=True):
    """Begin in the middle of another run: see `kapell.kernel.forking`."""

    run_id: str
    source_run_id: str
    source_seq: int
    raw_input: Any
    input: Any
    context: Any
    chain: list[tuple[int, Any, Any]]
    node: int
    value: Any
    position: int = 0
    correlations: dict[str, Any] = {}
    consumed: dict[int, Consumed] = {}


class Advance(Command, tag="advance", frozen=True, kw_only=True):
    """Go on with what is ready."""


class FireTimer(Command, tag="fire_timer", frozen=True, kw_only=True):
    """A time has come."""

    entry: int
    purpose: str


class EndAttempt(Command, tag="end_attempt", frozen=True, kw_only=True):
    """An attempt has a known outcome. `started` is in microseconds since 1970-01-01 UTC."""

    entry: int
    attempt: int
    output: Any = None
    error: WorkflowError | None = None
    started: int | None = None


class LoseAttempt(Command, tag="lose_attempt", frozen=True, kw_only=True):
    """The process that performed an attempt died. `idempotent` says that another performance is harmless."""

    entry: int
    attempt: int
    idempotent: bool


class HoldAttempt(Command, tag="hold_attempt", frozen=True, kw_only=True):
    """An attempt must wait."""

    entry: int
    attempt: int
    reason: Reason


class DispatchAttempt(Command, tag="dispatch_attempt", frozen=True, kw_only=True):
    """A held attempt may start."""

    entry: int
    attempt: int


class ReceiveEvent(Command, tag="receive_event", frozen=True, kw_only=True):
    """A CloudEvent has come that a listening task waits for; `kapell.kernel.listening` makes this command.

    Attributes:
        entry: The task's entry.
        position: The event's position in the event store.
        filter: Which of the task's filters it satisfies.
        until: Whether that is a filter of its `until`.
        value: What is read of the event; nothing of one of `until`.
        event_id: Its `id`.
        source: Its `source`.
        type: Its `type`.
        correlations: The values that the filter extracts.
        reference: The task's reference, for the record of who consumed the event.
    """

    entry: int
    position: int
    filter: int
    until: bool = False
    value: Any = None
    event_id: str = ""
    source: str = ""
    type: str = ""
    correlations: dict[str, Any] = {}
    reference: str = ""


class SuspendRun(Command, tag="suspend", frozen=True, kw_only=True):
    """Start no further attempts."""

    reason: Reason


class ResumeRun(Command, tag="resume", frozen=True, kw_only=True):
    """Go on after a suspension."""


class CancelRun(Command, tag="cancel", frozen=True, kw_only=True):
    """End the run and what it has under way."""

    reason: Reason


class ConfirmCancel(Command, tag="confirm_cancel", frozen=True, kw_only=True):
    """Everything that a run under cancellation had under way is over."""


class RetryTask(Command, tag="retry", frozen=True, kw_only=True):
    """Try a faulted task again, or an open task around it (`reference`), with another raw input if one is given."""

    reference: str | None = None
    input: Any | UnsetType = UNSET
    reason: Reason


class SkipTask(Command, tag="skip", frozen=True, kw_only=True):
    """Let the faulted task count as done, with this output if one is given (its input otherwise)."""

    output: Any | UnsetType = UNSET
    reason: Reason


AnyCommand = (
    StartRun
    | ForkRun
    | Advance
    | FireTimer
    | EndAttempt
    | LoseAttempt
    | HoldAttempt
    | DispatchAttempt
    | ReceiveEvent
    | SuspendRun
    | ResumeRun
    | CancelRun
    | ConfirmCancel
    | RetryTask
    | SkipTask
)
