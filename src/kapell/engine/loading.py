"""Taking a run from disk into memory: its newest snapshot, and the events since, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.active import ActiveRun
from kapell.engine.snapshots import find_next_snapshot
from kapell.errors import DamagedHistoryError
from kapell.kernel.codec import decode_events, decode_state
from kapell.kernel.recovery import fold
from kapell.kernel.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.engine.definitions import Definitions
    from kapell.engine.store import RunStore
    from kapell.kernel.events import Event


def load_active(store: RunStore, definitions: Definitions, run_id: str) -> ActiveRun:
    """Return a run as it stands on disk.

    Raises:
        NotFoundError: There is no such run.
        DamagedHistoryError: Its history cannot be read, or does not fold.
    """
    stored = store.load_run(run_id)
    program = definitions.get(stored.record.definition).program
    state = State() if stored.snapshot is None else decode_state(stored.snapshot)
    if state.seq != stored.snapshot_seq:
        raise DamagedHistoryError(
            f"The history of run {run_id} is damaged: its snapshot of event {stored.snapshot_seq} is of {state.seq}.",
            hint="It was put there from another place, outside Kapell; restore it from a backup.",
        )
    for row in stored.rows:
        events = decode_events(row.body, store.get_payload)
        try:
            fold(program, events, state)
        except (LookupError, AssertionError, AttributeError, TypeError, ValueError) as error:
            raise DamagedHistoryError(
                f"The history of run {run_id} does not fit together at event {state.seq}.",
                hint="Its rows are left as they are; restore them from a backup, or start the run anew.",
            ) from error
    active = ActiveRun(stored.record, program, state)
    active.next_snapshot = find_next_snapshot(stored.snapshot_seq, len(stored.snapshot or b""))
    return active


def iter_events(store: RunStore, run_id: str, after_seq: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield a run's events with their numbers, from the one after `after_seq`. Raises `DamagedHistoryError`."""
    for row in store.iter_history(run_id, after_seq):
        for seq, event in enumerate(decode_events(row.body, store.get_payload), start=row.first_seq):
            if seq > after_seq:
                yield seq, event
