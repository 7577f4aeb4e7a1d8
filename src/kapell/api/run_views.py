"""Runs as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.engine.store import RunRecord, RunStatus
from kapell.kernel.concealing import conceal_line
from kapell.kernel.events import from_micros
from kapell.kernel.forking import RepeatedEffect
from kapell.language.error_types import WorkflowError

if TYPE_CHECKING:
    from kapell.api.callers import Caller
    from kapell.kernel.events import Event
    from kapell.kernel.narration import Sentence


class RunStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be run.

    Attributes:
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: Its version; left out, the newest one that is not deprecated.
        input: The raw input.
    """

    namespace: str
    name: str
    version: str | None = None
    input: Any = msgspec.field(default_factory=dict)


class RunView(msgspec.Struct, frozen=True):
    """A run in a list."""

    run_id: str
    namespace: str
    name: str
    version: str
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    parent_run_id: str | None
    waits_until: datetime | None
    error: str | None


class RunDetail(msgspec.Struct, frozen=True):
    """A run by itself; the data is left out for who may not see it.

    Attributes:
        run: What lists show of it.
        has_data: Whether the caller may see input, output and the error's details.
        input: The raw input.
        output: The output of a completed run.
        error: The error of a faulted one.
    """

    run: RunView
    has_data: bool
    input: Any = None
    output: Any = None
    error: WorkflowError | None = None


class NumberedEvent(msgspec.Struct, frozen=True):
    """An event of a run's history.

    Attributes:
        seq: Its number.
        at: When it was decided.
        type: Its type, such as `task_completed`.
        text: What happened, as a sentence.
        reference: The task that it is about; empty for the run.
        name: That task's name, or the workflow's.
        kind: What that task does, such as `fork`.
        depth: How many tasks are around it.
        reason: The code of the reason that it carries; null where it carries none.
        seconds: How long that took which ends here.
        is_bad: Whether it tells of an error that was not caught here.
        event: The event as it is stored; null for who may not see the data.
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


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word with a command.

    Attributes:
        reason: Why it is given; kept in the history and in the audit log.
    """

    reason: str = ""


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a faulted run is to be tried again.

    Attributes:
        reference: The task to begin with; left out, the one that failed.
        input: Another input for it.
        reason: Why.
    """

    reference: str | None = None
    input: Any = msgspec.UNSET
    reason: str = ""


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the failed task of a run is to be passed over.

    Attributes:
        output: What counts as its output.
        reason: Why.
    """

    output: Any = msgspec.UNSET
    reason: str = ""


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a new run is to begin that keeps this one's results."""

    reference: str


class Forked(msgspec.Struct, frozen=True):
    """A new run, and what may be done once more by it."""

    run: RunView
    repeats: list[RepeatedEffect]


def view_run(record: RunRecord, caller: Caller | None) -> RunView:
    """Return what lists show of a run, to a caller or to somebody who may not see its data."""
    error = record.error  # of a damaged run it says what is damaged, and no data
    if (
        error is not None
        and record.status != "damaged"
        and (caller is None or not caller.may("run.data", record.namespace))
    ):
        error = conceal_line(error)
    return RunView(
        run_id=record.run_id,
        namespace=record.namespace,
        name=record.name,
        version=record.version,
        status=record.status,
        created_at=record.created_at,
        updated_at=record.updated_at,
        ended_at=record.ended_at,
        parent_run_id=record.parent_run_id,
        waits_until=record.waits_until,
        error=error,
    )


def view_event(told: Sentence, event: Event | None) -> NumberedEvent:
    """Return an event as a narrator tells it, with the event itself for who may see it."""
    return NumberedEvent(
        seq=told.seq,
        at=from_micros(told.at),
        type=told.event,
        text=told.text,
        reference=told.reference,
        name=told.name,
        kind=str(told.kind),
        depth=told.depth,
        reason=None if told.reason is None else told.reason.code,
        seconds=None if told.length is None else told.length / 1_000_000,
        is_bad=told.is_bad,
        event=event,
    )
