"""Snapshots: they bound how many events a recovery has to fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.kernel.codec import encode_state

if TYPE_CHECKING:
    from kapell.engine.active import ActiveRun

_EVENTS = 1000
_BYTES_PER_EVENT = 100
"""A large state is written less often: what snapshots write stays in step with what the events write."""


def is_snapshot_due(active: ActiveRun) -> bool:
    """Tell whether so much has happened since the last snapshot that another is worth its bytes."""
    if not active.next_snapshot:
        active.next_snapshot = active.state.seq + _EVENTS
    return active.state.seq >= active.next_snapshot and not active.state.is_ended


def take_snapshot(active: ActiveRun) -> bytes:
    """Return the run's state as bytes, and say when the next is due."""
    snapshot = encode_state(active.state)
    active.next_snapshot = active.state.seq + max(_EVENTS, len(snapshot) // _BYTES_PER_EVENT)
    return snapshot


def park_snapshot(active: ActiveRun) -> bytes | None:
    """Return a snapshot for a run that leaves memory, if that is quicker to read than its history."""
    if active.state.seq < _WORTH_A_SNAPSHOT:
        return None
    return take_snapshot(active)


_WORTH_A_SNAPSHOT = 100
