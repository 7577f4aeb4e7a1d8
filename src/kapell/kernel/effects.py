"""What the outside has to do because of an event. The host starts an effect only when its event is on disk."""

from __future__ import annotations

from typing import Any

import msgspec


class PerformActivity(msgspec.Struct, frozen=True, gc=False):
    """Perform an attempt. The host asks its admission first."""

    entry: int
    attempt: int


class CancelAttempt(msgspec.Struct, frozen=True, gc=False):
    """End an attempt; nothing that comes after in this run may start before it is over."""

    entry: int
    attempt: int


class ArmTimer(msgspec.Struct, frozen=True, gc=False):
    """Wake the run at `due` (microseconds since 1970-01-01 UTC). A timer that is no longer wanted may fire in vain."""

    entry: int
    purpose: str
    due: int


class StartChild(msgspec.Struct, frozen=True, gc=False):
    """Start a child run, in the same transaction as its cause."""

    entry: int
    child_run_id: str
    node: int
    input: Any


class CancelChild(msgspec.Struct, frozen=True, gc=False):
    """Cancel a child run that its parent no longer waits for."""

    child_run_id: str


class PublishEvent(msgspec.Struct, frozen=True, gc=False):
    """Deliver a CloudEvent that the run has emitted."""

    event: dict[str, Any]


class AwaitEvent(msgspec.Struct, frozen=True, gc=False):
    """A listening task wants its next event: look for one behind its cursor (`kapell.kernel.listening`)."""

    entry: int


class StopListening(msgspec.Struct, frozen=True, gc=False):
    """A listening task wants no further event."""

    entry: int


class EndRun(msgspec.Struct, frozen=True, gc=False):
    """The run has ended: tell whoever waits for it."""

    status: str


Effect = (
    PerformActivity
    | CancelAttempt
    | ArmTimer
    | StartChild
    | CancelChild
    | PublishEvent
    | AwaitEvent
    | StopListening
    | EndRun
)
