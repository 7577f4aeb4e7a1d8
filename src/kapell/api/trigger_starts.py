"""Runs, as triggers start them and ask after them: by the same way as everybody's, with an audit record each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.audit import Actor
from kapell.kernel.listening import read_event

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.api.run_starts import RunStarts
    from kapell.engine.engine import Engine
    from kapell.engine.store import RunStore
    from kapell.triggers.model import StartOrder
    from kapell.workflows.published import PublishedWorkflows


class TriggerStarts:
    """Starts and cancels runs for triggers."""

    def __init__(self, run_starts: RunStarts, published: PublishedWorkflows, engine: Engine) -> None:
        """Start by `run_starts` what `published` finds."""
        self._run_starts = run_starts
        self._published = published
        self._engine = engine

    async def start(self, order: StartOrder) -> None:
        """Start a run, and return when it is on disk; one that is there already is left alone.

        Raises:
            ConflictError: The version is deprecated.
            DamagedHistoryError: The stored text is not what was published.
            NotFoundError: There is no such workflow, or an event that it is to start for is not kept any more.
            UsageError: It cannot run yet, or the input is too large.
            StorageError: It cannot be written at present.
        """
        wanted = (order.namespace, order.workflow, order.version)
        found = self._published.find_remembered(*wanted)
        if found is None:
            found = await asyncio.to_thread(self._published.get_startable, *wanted)
        actor = Actor(f"trigger/{order.trigger_id}", order.trigger_name, "schedule" if order.read is None else "event")
        name = f"workflow/{found.about.full_name}"
        await self._run_starts.start(
            actor,
            found.workflow,
            name,
            order.namespace,
            order.input if not order.events else await asyncio.to_thread(self._read_events, order),
            None,
            run_id=order.run_id,
            heard=order.events,
        )

    def _read_events(self, order: StartOrder) -> list[Any]:
        """Return the input of a run that events start: the array of them. Raises `NotFoundError`."""
        read = []
        for position in order.events:
            body = self._engine.store.events.get(position).body
            read.append(read_event(order.read or "envelope", msgspec.json.decode(body), body))
        return read

    async def cancel(self, run_id: str, text: str) -> None:
        """Cancel a run. Raises `NotFoundError`, `ConflictError`."""
        await self._engine.cancel_run(run_id, text)


class StoredRunEnds:
    """Tells from the store which runs have ended."""

    def __init__(self, store: RunStore) -> None:
        """Look into `store`."""
        self._store = store

    def find_end(self, run_id: str) -> datetime | None:
        """Return when a run has ended, or `None` while it is under way; blocks. Raises `NotFoundError`."""
        return self._store.get_record(run_id).ended_at
