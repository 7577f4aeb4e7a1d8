"""Runs as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kapell.engine.store import RunRecord, RunStatus
from kapell.language.error_types import WorkflowError


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
        text: What happened, as a sentence.
        reference: The task that it is about; empty for the run.
        event: The event as it is stored; null for who may not see the data.
    """

    seq: int
    text: str
    reference: str
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
    """A new run, and what will happen again in it."""

    run: RunView
    repeats: list[Any]


def view_run(record: RunRecord) -> RunView:
    """Return what lists show of a run."""
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
        waits_until=record.parked_until,
        error=record.error,
    )
