"""Parking: runs that only wait for a time or for events leave memory, and come back when these have come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.engine.recovery import WAKE
from kapell.engine.snapshots import park_snapshot
from kapell.engine.store import FOREVER, Batch
from kapell.kernel.events import from_micros, to_micros
from kapell.kernel.recovery import is_waiting

if TYPE_CHECKING:
    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.committer import Committer
    from kapell.engine.host import RunHost
    from kapell.engine.timers import Timers

_LOOK_SECONDS = 1.0
_MOST_AT_ONCE = 500


class Parking:
    """Looks, now and then, for runs in memory that wait long."""

    def __init__(
        self, *, host: RunHost, committer: Committer, timers: Timers, clock: Clock, shortest_wait_seconds: float
    ) -> None:
        """Park runs that have at least `shortest_wait_seconds` to wait."""
        self._host = host
        self._committer = committer
        self._timers = timers
        self._clock = clock
        self._shortest = int(shortest_wait_seconds * 1_000_000)

    async def watch(self) -> None:
        """Park what can be parked, once a second."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._committer.is_busy:
                self.park_idle()

    def park_idle(self) -> int:
        """Park runs that have been idle for a while, and return how many."""
        idle_before = self._clock.monotonic() - _LOOK_SECONDS
        earliest = to_micros(self._clock.now()) + self._shortest
        found: list[tuple[ActiveRun, int | None]] = []
        for active in self._host.runs.values():
            if active.idle_since is None or active.idle_since > idle_before or not self._is_quiet(active):
                continue
            due = min((due for entry in active.state.entries.values() for due in entry.timers.values()), default=None)
            if due >= earliest if due is not None else active.listens:
                found.append((active, due))
            if len(found) == _MOST_AT_ONCE:
                break
        if found:
            batches = [self._make_batch(active, due) for active, due in found]
            for active, _ in found:
                active.busy = True
            self._committer.commit(batches, lambda: self._release(found))
        return len(found)

    def _is_quiet(self, active: ActiveRun) -> bool:
        if active.work or active.busy or active.scheduled or active.closings or active.ended:
            return False
        return is_waiting(active.program, active.state) and self._host.deliveries.is_current(active)

    def _make_batch(self, active: ActiveRun, due: int | None) -> Batch:
        record = active.record
        record.status = "waiting"
        record.parked_until = FOREVER if due is None else from_micros(due)
        record.updated_at = self._clock.now()
        return Batch(
            run_id=active.run_id,
            first_seq=active.state.seq + 1,
            count=0,
            at=record.updated_at,
            body=b"",
            record=record,
            snapshot=park_snapshot(active),
        )

    def _release(self, found: list[tuple[ActiveRun, int | None]]) -> None:
        for active, due in found:
            active.busy = False
            if active.work or active.ended:  # since then it was asked for something, or somebody waits for its end
                self._host.resume_turn(active)
            else:
                self._host.let_go(active)
                if due is not None:
                    self._timers.arm(active.run_id, 0, WAKE, due)
