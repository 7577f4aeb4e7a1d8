"""Snapshots: they bound how many events a recovery has to fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.kernel.codec import encode_state
from kapell.kernel.sizes import exceeds

if TYPE_CHECKING:
    from kapell.engine.active import ActiveRun
    from kapell.kernel.state import State

_EVENTS = 1000
_BYTES_PER_EVENT = 100
"""A large state is written less often: what snapshots write stays in step with what the events write."""

_LARGEST_BYTES = 1024 * 1024
"""A larger state is not written at all: its tasks share values, which a snapshot would hold once for each of them."""

_WORTH_A_SNAPSHOT = 100
"""Events from which on a run that leaves memory is read quicker from a snapshot."""


def is_snapshot_due(active: ActiveRun) -> bool:
    """Tell whether so much has happened since the last snapshot that another is worth its bytes."""
    if not active.next_snapshot:
        active.next_snapshot = find_next_snapshot(0, 0)
    return active.state.seq >= active.next_snapshot and not active.state.is_ended


def take_snapshot(active: ActiveRun) -> bytes | None:
    """Return the run's state as bytes, if it is small enough, and say when the next is due."""
    snapshot = None if _is_large(active.state) else encode_state(active.state)
    active.next_snapshot = find_next_snapshot(active.state.seq, len(snapshot or b""))
    return snapshot


def park_snapshot(active: ActiveRun) -> bytes | None:
    """Return a snapshot for a run that leaves memory, if that is quicker to read than its history."""
    if active.state.seq < _WORTH_A_SNAPSHOT:
        return None
    return take_snapshot(active)


def find_next_snapshot(seq: int, size: int) -> int:
    """Return the event number at which a snapshot is due, after one of `size` bytes at the number `seq`."""
    return seq + max(_EVENTS, size // _BYTES_PER_EVENT)


def _is_large(state: State) -> bool:
    values = [state.raw_input, state.input, *state.contexts.values()]
    for entry in state.entries.values():
        values += (entry.raw_input, entry.input, entry.collection, entry.variables)
        if entry.attempt is not None:
            values.append(entry.attempt.arguments)
        if entry.forked is not None:
            values.extend(entry.forked.outputs.values())
    values.extend(getattr(item, "value", None) for item in state.ready)
    return exceeds(values, _LARGEST_BYTES)
