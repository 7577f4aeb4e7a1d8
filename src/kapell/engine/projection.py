"""The projection of a run that list pages read: what of its state stands in its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kapell.kernel.events import from_micros

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.engine.store import RunRecord, RunStatus
    from kapell.kernel.state import State


def project_change(record: RunRecord, state: State, at: datetime, *, is_new: bool) -> RunRecord | None:
    """Bring a run's record up to date and return it, or `None` where nothing that it shows has changed."""
    if not is_new and record.status == state.status and record.parked_until is None:
        return None
    project(record, state, at)
    return record


def project(record: RunRecord, state: State, at: datetime) -> None:
    """Let the record say where the run stands."""
    record.status = cast("RunStatus", state.status)
    record.updated_at = at
    record.parked_until = None
    record.ended_at = None if state.ended_at is None else from_micros(state.ended_at)
    record.error = None if state.error is None else f"{state.error.title}: {state.error.detail}"
