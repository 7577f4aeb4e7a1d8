"""Recovery: what a new owner does with the runs that the last one left unfinished.

What had been under way is found in the state that the history folds to. Attempts that may have been performed are lost:
idempotent ones are made again, others become an error that a person can resolve. Child runs that a parent waits for are
found again or begun; those that no parent waits for any more are cancelled. Nothing is evaluated again.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from kapell.engine.loading import load_active
from kapell.engine.reader import THREADS
from kapell.engine.store import FOREVER
from kapell.errors import DamagedHistoryError, NotFoundError, StorageError, UsageError
from kapell.kernel import commands as c
from kapell.kernel.effects import PerformActivity
from kapell.kernel.events import to_micros
from kapell.kernel.recovery import find_open_work
from kapell.reasons import Reason
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.attempts import Attempts
    from kapell.engine.definitions import Definitions
    from kapell.engine.host import RunHost
    from kapell.engine.reader import StoreReader
    from kapell.engine.store import RunRecord
    from kapell.engine.timers import Timers
    from kapell.kernel.recovery import OpenWork
    from kapell.kernel.state import State

log = get_logger(__name__)

WAKE = "wake"
"""The purpose of the timer of a run that is not in memory: it is loaded, and then its own timers fire."""

_RETRY_SECONDS = 1.0
_RETRY_MICROSECONDS = 1_000_000

_WAKES_AT_ONCE = THREADS - 1
"""One thread is left to people: who commands a run need not wait until all that are due have been read."""


class _Door:
    """Where those who want the same run come in one by one, in the order in which they came."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class Recovery:
    """Takes unfinished runs into memory.

    A run is in memory once. At the start, and where reading is short, it is read and taken in without a pause.
    Elsewhere it is read in a thread, and meanwhile whoever wants the same run stands at its door: it is read once, and
    nobody overtakes those who came before. A run that is not in memory is not being written either, so that what was
    read holds until it is taken in.
    """

    def __init__(
        self,
        *,
        reader: StoreReader,
        epoch: int,
        clock: Clock,
        definitions: Definitions,
        host: RunHost,
        attempts: Attempts,
        timers: Timers,
    ) -> None:
        """Wire it."""
        self._store = reader.store
        self._reader = reader
        self._epoch = epoch
        self._clock = clock
        self._definitions = definitions
        self._host = host
        self._attempts = attempts
        self._timers = timers
        self._doors: dict[str, _Door] = {}
        self._wakes = asyncio.Semaphore(_WAKES_AT_ONCE)
        self.taken_in = 0
        """How many runs were taken into memory so far."""

    # -- at the start -------------------------------------------------------------------------------------------------

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
                if record.parked_until != FOREVER:
                    self._timers.arm(record.run_id, 0, WAKE, to_micros(record.parked_until))
                continue
            with self._leaving_alone(record.run_id):
                active = self._read(record.run_id)
                if active is not None:
                    self._take_in(active)
                    loaded.append(active)
        for active in loaded:
            with self._leaving_alone(active.run_id):
                self._take_up(active, reads_now=True)
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
            if self._host.is_closing:
                return
            log.exception("run_not_taken_up", run_id=run_id)
            self._give_up(run_id, error)

    def _give_up(self, run_id: str, error: Exception) -> None:
        active = self._host.runs.get(run_id)
        if active is not None:
            self._host.give_up(active, error)

    # -- later --------------------------------------------------------------------------------------------------------

    async def find(self, run_id: str) -> ActiveRun | None:
        """Take one run into memory as `load` does; `None` also if there is no such run."""
        try:
            return await self.load(run_id)
        except NotFoundError:
            return None

    async def load(self, run_id: str) -> ActiveRun | None:
        """Take one run into memory and take it up; `None` if its history is damaged.

        Until its next `await`, the caller finds the run in memory as it was returned.

        Raises:
            NotFoundError: There is no such run.
            KapellError: The engine has stopped working meanwhile.
        """
        if self._reader.is_inline:
            return self._load_now(run_id)
        if run_id in self._host.runs and run_id not in self._doors:
            return self._host.runs[run_id]
        async with self._pass_door(run_id):
            known = self._host.runs.get(run_id)
            if known is not None:
                return known
            active = await self._reader.read(self._read_existing, run_id)
            self._host.check_working()
            return None if active is None else self._enter(active)

    @asynccontextmanager
    async def _pass_door(self, run_id: str) -> AsyncIterator[None]:
        door = self._doors.setdefault(run_id, _Door())
        door.users += 1
        try:
            async with door.lock:
                yield
        finally:
            door.users -= 1
            if not door.users:
                del self._doors[run_id]

    def wake(self, run_id: str) -> None:
        """Take up a run whose time has come; later, if it cannot be read now."""
        if not self._reader.is_inline:
            self._host.begin(self._wake_in_turn(run_id))
            return
        with self._trying_to_wake(run_id):
            self._forget_if_ended(self._load_now(run_id))

    async def _wake_in_turn(self, run_id: str) -> None:
        async with self._wakes:
            with self._trying_to_wake(run_id):
                self._forget_if_ended(await self.load(run_id))

    def _forget_if_ended(self, active: ActiveRun | None) -> None:
        if active is not None:
            self._host.forget_if_ended(active)

    @contextmanager
    def _trying_to_wake(self, run_id: str) -> Iterator[None]:
        try:
            with self._leaving_alone(run_id), suppress(NotFoundError):
                yield
        except StorageError as error:
            log.warning("wake_delayed", run_id=run_id, message=error.message)
            self._timers.arm(run_id, 0, WAKE, to_micros(self._clock.now()) + _RETRY_MICROSECONDS)

    # -- one run ------------------------------------------------------------------------------------------------------

    def _load_now(self, run_id: str) -> ActiveRun | None:
        known = self._host.runs.get(run_id)
        if known is not None:
            return known
        active = self._read_existing(run_id)
        return None if active is None else self._enter(active)

    def _read_existing(self, run_id: str) -> ActiveRun | None:
        """Read a run as `_read` does. Raises `NotFoundError` if there is none, rather than to call it damaged."""
        self._store.get_record(run_id)
        return self._read(run_id)

    def _read(self, run_id: str) -> ActiveRun | None:
        """Read a run, on any thread. One whose history is damaged is closed with the reason, and the others go on."""
        try:
            return load_active(self._store, self._definitions, run_id)
        except (DamagedHistoryError, NotFoundError) as error:
            self._close_damaged(run_id, str(error))
            return None

    def _enter(self, active: ActiveRun) -> ActiveRun:
        self._take_in(active)
        if not active.state.is_ended:
            self._take_up(active, reads_now=self._reader.is_inline)
        return active

    def _take_in(self, active: ActiveRun) -> None:
        self._host.runs[active.run_id] = active
        self.taken_in += 1

    def _close_damaged(self, run_id: str, message: str) -> None:
        log.warning("run_damaged", run_id=run_id, message=message)
        try:
            self._store.close_damaged(self._epoch, run_id, message, self._clock.now())
        except StorageError as error:
            log.warning("run_not_closed", run_id=run_id, message=error.message)  # the next start tries again

    def _take_up(self, active: ActiveRun, *, reads_now: bool) -> None:
        work = find_open_work(active.state)
        for timer in work.timers:
            self._timers.arm(active.run_id, timer.entry, timer.purpose, timer.due)
        for entry, number in work.in_flight:
            idempotent = self._attempts.is_idempotent(active, entry, number)
            self._host.submit(active, c.LoseAttempt(entry=entry, attempt=number, idempotent=idempotent))
        self._take_up_children(active, work, reads_now=reads_now)
        for entry in work.listening:
            self._host.deliveries.resume(active, entry)
        if active.state.status == "running":
            self._host.readmit(active, [PerformActivity(entry, number) for entry, number in work.held])
            self._host.submit(active, c.Advance())
        elif active.state.status == "cancelling":
            self._host.releasing.end_children(active, active.state.closing_children)

    def _take_up_children(self, active: ActiveRun, work: OpenWork, *, reads_now: bool) -> None:
        for entry, number, child_run_id in work.children:
            parent = (active.run_id, entry, number)
            self._host.parents[child_run_id] = parent
            child = self._host.runs.get(child_run_id)
            if child is not None:
                self._answer_for_child(parent, child_run_id, child.state)
            elif reads_now:
                self._answer_for_child(parent, child_run_id, self._read_child(child_run_id))
            else:
                self._host.begin(self._look_at_child(parent, child_run_id))

    async def _look_at_child(self, parent: tuple[str, int, int], child_run_id: str) -> None:
        """Tell a run how its child ended, if that was before the run was taken up."""
        found: State | str | None = None
        with self._leaving_alone(parent[0]):
            while found is None:
                try:
                    found = await self._reader.read(self._read_child, child_run_id)
                except StorageError as error:
                    log.warning("child_delayed", run_id=child_run_id, message=error.message)
                    await asyncio.sleep(_RETRY_SECONDS)
            child = self._host.runs.get(child_run_id)
            if self._host.parents.get(child_run_id) == parent:  # otherwise it has ended meanwhile, and told
                self._answer_for_child(parent, child_run_id, found if child is None else child.state)

    def _read_child(self, run_id: str) -> State | str:
        """Return a child run's state, or why it cannot be read; on any thread."""
        try:
            return load_active(self._store, self._definitions, run_id).state
        except (NotFoundError, DamagedHistoryError) as error:
            return str(error)

    def _answer_for_child(self, parent: tuple[str, int, int], child_run_id: str, found: State | str) -> None:
        run_id, entry, number = parent
        if isinstance(found, str):
            # Its start stood in the transaction of its cause, so it can only be missing by damage.
            log.warning("child_missing", run_id=child_run_id, parent=run_id, message=found)
            active = self._host.runs.get(run_id)
            if active is not None:
                self._host.fail_attempt(active, entry, number, f"The child run {child_run_id} cannot be read: {found}")
        elif found.is_ended:
            self._host.parents.pop(child_run_id, None)
            self._host.releasing.tell_parent(parent, found)

    def _cancel_orphans(self, records: list[RunRecord]) -> None:
        """Cancel child runs whose parent had stopped waiting for them before it could say so."""
        for record in records:
            if record.parent_run_id is None or record.run_id in self._host.parents:
                continue
            parent = self._host.runs.get(record.parent_run_id)
            if parent is None and self._is_parked(record.parent_run_id, records):
                continue
            with self._leaving_alone(record.run_id):
                active = self._load_now(record.run_id)
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
