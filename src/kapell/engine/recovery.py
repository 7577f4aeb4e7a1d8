"""Recovery: what a new owner does with the runs that the last one left unfinished.

What had been under way is found in the state that the history folds to. Attempts that may have been performed are lost:
idempotent ones are made again, others become an error that a person can resolve. Child runs that a parent waits for are
found again or begun; those that no parent waits for any more are cancelled. Nothing is evaluated again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.engine.loading import load_active
from kapell.errors import DamagedHistoryError, NotFoundError, StorageError, UsageError
from kapell.kernel import commands as c
from kapell.kernel.effects import PerformActivity
from kapell.kernel.events import to_micros
from kapell.kernel.recovery import find_open_work
from kapell.reasons import Reason
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.attempts import Attempts
    from kapell.engine.definitions import Definitions
    from kapell.engine.host import RunHost
    from kapell.engine.store import RunRecord, RunStore
    from kapell.engine.timers import Timers
    from kapell.kernel.recovery import OpenWork

log = get_logger(__name__)

WAKE = "wake"
"""The purpose of the timer of a run that is not in memory: it is loaded, and then its own timers fire."""


class Recovery:
    """Takes unfinished runs into memory."""

    def __init__(
        self,
        *,
        store: RunStore,
        epoch: int,
        clock: Clock,
        definitions: Definitions,
        host: RunHost,
        attempts: Attempts,
        timers: Timers,
    ) -> None:
        """Wire it."""
        self._store = store
        self._epoch = epoch
        self._clock = clock
        self._definitions = definitions
        self._host = host
        self._attempts = attempts
        self._timers = timers

    def recover_all(self, only: Collection[str] | None = None) -> list[str]:
        """Take up every run that has not ended, and return their ids, oldest first. Waiting ones stay on disk.

        Args:
            only: Take up only these, and the child runs that they wait for.
        """
        records = self._store.list_unfinished()
        if only is not None:
            records = _select(records, only)
        now = self._clock.now()
        loaded = []
        for record in records:
            if record.parked_until is not None and record.parked_until > now:
                self._timers.arm(record.run_id, 0, WAKE, to_micros(record.parked_until))
                continue
            with self._leaving_alone(record.run_id):
                active = self._load(record)
                if active is not None:
                    loaded.append(active)
        for active in loaded:
            with self._leaving_alone(active.run_id):
                self._take_up(active)
        self._cancel_orphans(records)
        return [record.run_id for record in records]

    @contextmanager
    def _leaving_alone(self, run_id: str) -> Iterator[None]:
        """Leave a run as it is on disk if Kapell itself fails over it; the others are taken up all the same."""
        try:
            yield
        except StorageError:
            raise
        except UsageError as error:  # what opens its data is not here: once it is, the next start takes the run up
            log.warning("run_not_taken_up", run_id=run_id, message=error.message, hint=error.hint)
            self._give_up(run_id, error)
        except Exception as error:
            log.exception("run_not_taken_up", run_id=run_id)
            self._give_up(run_id, error)

    def _give_up(self, run_id: str, error: Exception) -> None:
        active = self._host.runs.get(run_id)
        if active is not None:
            self._host.give_up(active, error)

    def find(self, run_id: str) -> ActiveRun | None:
        """Take one run into memory as `load` does; `None` also if there is no such run."""
        try:
            return self.load(run_id)
        except NotFoundError:
            return None

    def load(self, run_id: str) -> ActiveRun | None:
        """Take one run into memory and take it up; `None` if its history is damaged. Raises `NotFoundError`."""
        known = self._host.runs.get(run_id)
        if known is not None:
            return known
        active = self._load(self._store.get_record(run_id))
        if active is not None and not active.state.is_ended:
            self._take_up(active)
        return active

    def _load(self, record: RunRecord) -> ActiveRun | None:
        """Read a run. One whose history is damaged is closed with the reason, and the others go on."""
        try:
            active = load_active(self._store, self._definitions, record.run_id)
        except (DamagedHistoryError, NotFoundError) as error:
            self._close_damaged(record.run_id, str(error))
            return None
        self._host.runs[record.run_id] = active
        return active

    def _close_damaged(self, run_id: str, message: str) -> None:
        log.warning("run_damaged", run_id=run_id, message=message)
        try:
            self._store.close_damaged(self._epoch, run_id, message, self._clock.now())
        except StorageError as error:
            log.warning("run_not_closed", run_id=run_id, message=error.message)  # the next start tries again

    def _take_up(self, active: ActiveRun) -> None:
        work = find_open_work(active.state)
        for timer in work.timers:
            self._timers.arm(active.run_id, timer.entry, timer.purpose, timer.due)
        for entry, number in work.in_flight:
            idempotent = self._attempts.is_idempotent(active, entry, number)
            self._host.submit(active, c.LoseAttempt(entry=entry, attempt=number, idempotent=idempotent))
        self._take_up_children(active, work)
        if active.state.status == "running":
            self._host.readmit(active, [PerformActivity(entry, number) for entry, number in work.held])
            self._host.submit(active, c.Advance())
        elif active.state.status == "cancelling":
            self._host.releasing.end_children(active, active.state.closing_children)

    def _take_up_children(self, active: ActiveRun, work: OpenWork) -> None:
        for entry, number, child_run_id in work.children:
            parent = (active.run_id, entry, number)
            self._host.parents[child_run_id] = parent
            try:
                child = self._host.runs.get(child_run_id) or load_active(self._store, self._definitions, child_run_id)
            except (NotFoundError, DamagedHistoryError) as error:
                # Its start stood in the transaction of its cause, so it can only be missing by damage.
                log.warning("child_missing", run_id=child_run_id, parent=active.run_id, message=str(error))
                self._host.fail_attempt(active, entry, number, f"The child run {child_run_id} cannot be read: {error}")
                continue
            if child.state.is_ended:
                self._host.parents.pop(child_run_id, None)
                self._host.releasing.tell_parent(parent, child.state)

    def _cancel_orphans(self, records: list[RunRecord]) -> None:
        """Cancel child runs whose parent had stopped waiting for them before it could say so."""
        for record in records:
            if record.parent_run_id is None or record.run_id in self._host.parents:
                continue
            parent = self._host.runs.get(record.parent_run_id)
            if parent is None and self._is_parked(record.parent_run_id, records):
                continue
            with self._leaving_alone(record.run_id):
                active = self.load(record.run_id)
                if active is not None and active.state.status in {"running", "suspended"}:
                    reason = Reason("parent", "The run that started it does not wait for it any more.")
                    self._host.submit(active, c.CancelRun(reason=reason))

    def _is_parked(self, run_id: str, records: list[RunRecord]) -> bool:
        return any(record.run_id == run_id and record.parked_until is not None for record in records)


def _select(records: list[RunRecord], run_ids: Collection[str]) -> list[RunRecord]:
    """Return the records of these runs and of all below them; parents stand before their children."""
    wanted = set(run_ids)
    for record in records:
        if record.parent_run_id in wanted:
            wanted.add(record.run_id)
    return [record for record in records if record.run_id in wanted]
