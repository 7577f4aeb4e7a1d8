"""The engine: durable runs over one store, in one process.

`Engine` is what the layers above see. It becomes the owner of the runs in its store, takes up those that were left
unfinished, and carries runs out until it is closed.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.clock import SteadyClock
from kapell.engine.attempts import Attempts
from kapell.engine.committer import Committer
from kapell.engine.definitions import Definitions
from kapell.engine.host import RunHost, make_no_traceparent
from kapell.engine.inbox import Inbox
from kapell.engine.listening import CURSOR, Deliveries, Matcher, Tail
from kapell.engine.loading import iter_events, load_active
from kapell.engine.logbook import Logbook
from kapell.engine.maintenance.event_pruner import prune_events_regularly
from kapell.engine.maintenance.lease import LEASE_SECONDS, keep_lease
from kapell.engine.maintenance.parking import Parking
from kapell.engine.maintenance.pruner import prune_regularly
from kapell.engine.reader import StoreReader
from kapell.engine.recovery import WAKE, Recovery
from kapell.engine.store import ENDED
from kapell.engine.timers import LONGEST_SLEEP_SECONDS, Timers
from kapell.errors import ConflictError, KapellError, NotFoundError, StorageError, UsageError
from kapell.ids import make_run_id
from kapell.kernel import commands as c
from kapell.kernel.faults import describe_excess
from kapell.kernel.forking import plan_fork
from kapell.kernel.limits import Limits
from kapell.kernel.sizes import Known, find_excess
from kapell.language.error_types import WorkflowError
from kapell.reasons import Reason
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.admission import Admission
    from kapell.engine.definitions import Definition
    from kapell.engine.expression_helper import ExpressionHelper
    from kapell.engine.host import Listener, MakeTraceparent
    from kapell.engine.secrets import Secrets
    from kapell.engine.store import LogLine, RunStore
    from kapell.kernel.forking import ForkPlan, RepeatedEffect
    from kapell.kernel.state import State
    from kapell.language.model import Workflow
    from kapell.sdk import Activity

log = get_logger(__name__)

_ACQUIRE_SECONDS = 5.0
_ACQUIRE_RETRY_SECONDS = 0.05


class RunOutcome(msgspec.Struct, frozen=True):
    """How a run ended: `completed` with an output, `faulted` with an error, or `cancelled`."""

    run_id: str
    status: str
    output: Any = None
    error: WorkflowError | None = None


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an engine works.

    Attributes:
        limits: The limits of each run.
        retention: How long ended runs are kept; `None` keeps them for good.
        events_keep: How long events are kept; `None` keeps them for good.
        events_keep_most: How many events are kept at most; 0 keeps them all.
        shortest_parking_seconds: Runs that have at least so long to wait leave memory.
        longest_sleep_seconds: After how long the clock is looked at again, so that a jump ahead is noticed.
        drain_seconds: How long a close waits for attempts under way before it ends them.
    """

    limits: Limits
    retention: timedelta | None = None
    events_keep: timedelta | None = None
    events_keep_most: int = 0
    shortest_parking_seconds: float = 5.0
    longest_sleep_seconds: float = LONGEST_SLEEP_SECONDS
    drain_seconds: float = 2.0


class Engine:
    """Durable runs over one store."""

    def __init__(
        self,
        *,
        store: RunStore,
        clock: Clock,
        activities: Mapping[str, Activity],
        admission: Admission,
        helper: ExpressionHelper,
        secrets: Secrets,
        options: EngineOptions,
    ) -> None:
        """Wire the engine; `start` makes it the owner of the runs in `store`."""
        self.store = store
        self.clock = SteadyClock(clock)
        self._activities = activities
        self._admission = admission
        self._helper = helper
        self._secrets = secrets
        self._options = options
        self._duties: list[asyncio.Task[None]] = []
        self._fatal: KapellError | None = None
        self._listeners: list[Listener] = []
        self._make_traceparent: MakeTraceparent = make_no_traceparent
        self.definitions = Definitions(store)
        self._reader = StoreReader(store)
        self.logbook = Logbook(store, self.clock)
        self.unfinished: list[str] = []
        """The runs that were taken up at the start, oldest first."""

    async def start(self, only: Collection[str] | None = None) -> None:
        """Become the owner of the runs, take up the unfinished ones, and begin to work.

        Args:
            only: Of the unfinished runs take up only these, with their child runs; the others stay as they are.

        Raises:
            StorageError: The store cannot be written.
        """
        owner = f"{socket.gethostname()}:{os.getpid()}"
        epoch = await self._acquire(owner)
        self._committer = Committer(self.store, epoch, self.clock, self._stop_working)
        self._timers = Timers(
            self.clock, self._fire_timer, self._options.longest_sleep_seconds, is_wanted=self._wants_timer
        )
        self._host = RunHost(
            clock=self.clock,
            committer=self._committer,
            definitions=self.definitions,
            admission=self._admission,
            timers=self._timers,
            helper=self._helper,
            limits=self._options.limits,
        )
        self._attempts = Attempts(
            host=self._host,
            activities=self._activities,
            admission=self._admission,
            helper=self._helper,
            secrets=self._secrets,
            logbook=self.logbook,
            clock=self.clock,
            max_value_bytes=self._options.limits.max_value_bytes,
        )
        self._host.attempts = self._attempts
        self._host.listeners = self._listeners
        self._host.make_traceparent = self._make_traceparent
        self._recovery = Recovery(
            reader=self._reader,
            epoch=epoch,
            clock=self.clock,
            definitions=self.definitions,
            host=self._host,
            attempts=self._attempts,
            timers=self._timers,
        )
        self._host.find_run = self._recovery.find
        await self._begin_listening(only)
        self._timers.start()
        self.unfinished = self._recovery.recover_all(only)
        log.info("runs_taken_over", owner=owner, epoch=epoch, unfinished=len(self.unfinished))
        self._begin_duties(epoch)

    async def _begin_listening(self, only: Collection[str] | None) -> None:
        """Let tasks hear the events behind the last that all of them have been given."""
        events = self.store.events
        latest = await self._reader.read(events.last_position)
        cursor: int | None = latest
        if only is None:
            cursor = await self._reader.read(events.find_cursor, CURSOR)
        tail = Tail(cursor or 0, latest)
        self._host.deliveries = Deliveries(
            host=self._host, reader=self._reader, helper=self._helper, clock=self.clock, tail=tail
        )
        self._matcher = Matcher(
            reader=self._reader,
            host=self._host,
            recovery=self._recovery,
            deliveries=self._host.deliveries,
            tail=tail,
            only=only,
        )

    async def _acquire(self, owner: str) -> int:
        """Become the owner, also when another process happens to write at this moment."""
        until = self.clock.monotonic() + _ACQUIRE_SECONDS
        while True:
            try:
                return self.store.acquire(owner, self.clock.now(), LEASE_SECONDS)
            except StorageError as error:
                if not error.retryable or self.clock.monotonic() > until:
                    raise
                await asyncio.sleep(_ACQUIRE_RETRY_SECONDS)

    def _begin_duties(self, epoch: int) -> None:
        inbox = Inbox(store=self.store, epoch=epoch, host=self._host, recovery=self._recovery)
        parking = Parking(
            host=self._host,
            committer=self._committer,
            timers=self._timers,
            clock=self.clock,
            shortest_wait_seconds=self._options.shortest_parking_seconds,
        )
        duties: list[Coroutine[Any, Any, None]] = [
            keep_lease(self.store, epoch, self.clock, self._stop_working),
            inbox.watch(),
            parking.watch(),
            self._matcher.watch(),
        ]
        if self._options.retention is not None:
            duties.append(prune_regularly(self.store, epoch, self.clock, self._options.retention))
        if self._options.events_keep is not None or self._options.events_keep_most:
            keep, most = self._options.events_keep, self._options.events_keep_most
            duties.append(prune_events_regularly(self.store.events, self.clock, keep, most))
        self._duties = [asyncio.get_running_loop().create_task(duty) for duty in duties]

    async def close(self, *, wait_for_background: bool = False) -> None:
        """Stop working. Runs that have not ended are carried on by the next start.

        Args:
            wait_for_background: Let processes that no task waits for run to their end first.
        """
        for duty in self._duties:
            duty.cancel()
        await asyncio.gather(*self._duties, return_exceptions=True)
        if wait_for_background and self._fatal is None:
            await self._attempts.drain(None)
        self._host.begin_draining()
        await self._attempts.drain(self._options.drain_seconds)
        await self._host.settle()
        with suppress(StorageError):  # the next start reads some events again then
            await self._matcher.keep_cursor()
        await self._host.close()
        await self._attempts.close()
        self._host.abandon(ConflictError("The engine was closed; the next start carries the run on."))
        await self._timers.close()
        self._committer.close()
        self._reader.close()
        await self._helper.close()
        for activity in self._activities.values():
            await activity.close()
        await self.logbook.settle()

    async def wait_for_background(self) -> None:
        """Return when every process has ended, also those that no task waits for."""
        await self._attempts.drain(None)

    # -- runs ---------------------------------------------------------------------------------------------------------

    async def prepare(self, workflow: Workflow) -> None:
        """Keep a workflow in the store, unless `start_run` may as well do it: no network lies between, or it is known.

        Raises:
            StorageError: The store refuses.
        """
        if not (self._reader.is_inline or self.definitions.is_last_added(workflow)):
            await self._reader.read(self.definitions.prepare, workflow)

    def start_run(
        self,
        workflow: Workflow,
        value: Any,
        *,
        run_id: str | None = None,
        traceparent: str | None = None,
        heard: Sequence[int] = (),
    ) -> str:
        """Begin a run and return its id.

        The run is on disk when a listener has been told of its first event, or when `wait_run` has returned. Of a crash
        before that no run is left: nothing of it has happened either. A workflow that is new to the engine is written
        to the store at once, on the caller's thread: where that takes long, `prepare` does it before.

        Args:
            workflow: A valid workflow.
            value: The raw input, a JSON value.
            run_id: The run's id, if the caller makes it.
            traceparent: The caller's trace, that the run becomes a part of (W3C Trace Context).
            heard: The positions of the events that it starts for, in order: it hears what came behind the last one.

        Raises:
            UsageError: The workflow has tasks that cannot run yet, or the input is too large.
        """
        self._check_alive()
        definition = self.definitions.add(workflow)
        if definition.unsupported:
            raise UsageError("\n".join(definition.unsupported))
        measured = Known()
        self._check_size("input", value, measured)
        run_id = run_id or make_run_id(self.clock.now())
        position = heard[-1] if heard else self._host.deliveries.position
        command = c.StartRun(run_id=run_id, input=value, traceparent=traceparent, position=position, heard=tuple(heard))
        active = self._host.start_run(run_id, definition, command)
        active.state.sizes = measured
        return run_id

    def offer(self, workflows: Sequence[Workflow]) -> None:
        """Let `run: workflow` find these workflows."""
        for workflow in workflows:
            self.definitions.offer(workflow)

    async def wait_run(self, run_id: str) -> RunOutcome:
        """Return how a run ended, once it has, and nothing of it is under way any more.

        Raises:
            NotFoundError: There is no such run.
            DamagedHistoryError: Its history cannot be read.
            KapellError: The engine had to stop working (another owner, for example).
        """
        while True:
            active = self._host.runs.get(run_id)
            if active is not None and not active.is_settled:
                return await self._wait_for_end(active)
            taken_in = self._recovery.taken_in
            record = await self._reader.read(self.store.get_record, run_id)
            if record.parked_until is not None:
                loaded = await self._recovery.load(run_id)
                if loaded is not None and not loaded.is_settled:
                    return await self._wait_for_end(loaded)
                if loaded is not None:
                    self._host.forget_if_ended(loaded)
            outcome = await self._reader.read(self.read_outcome, run_id)
            # One that has not ended is nobody's here, unless it has come into memory since it was looked for there.
            if outcome.status in ENDED or self._recovery.taken_in == taken_in:
                return outcome

    async def _wait_for_end(self, active: ActiveRun) -> RunOutcome:
        self._host.check_working()
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        active.ended.append(ended)
        try:
            await ended
        finally:
            if ended in active.ended:  # who has gone away keeps no run in memory
                active.ended.remove(ended)
        self._check_alive()
        return _make_outcome(active.state)

    def read_outcome(self, run_id: str) -> RunOutcome:
        """Return how a run ended, from disk; blocks. Raises `NotFoundError`, `DamagedHistoryError`."""
        return _make_outcome(load_active(self.store, self.definitions, run_id).state)

    async def cancel_run(self, run_id: str, text: str = "A person asked for it.") -> None:
        """Cancel a run; it has ended when `wait_run` returns. Raises `NotFoundError`, `ConflictError`."""
        await self._command(run_id, c.CancelRun(reason=Reason("asked", text)))

    async def suspend_run(self, run_id: str, text: str = "A person asked for it.") -> None:
        """Start no further attempts of a run. Raises `NotFoundError`, `ConflictError`."""
        await self._command(run_id, c.SuspendRun(reason=Reason("asked", text)))

    async def resume_run(self, run_id: str) -> None:
        """Let a suspended run go on. Raises `NotFoundError`, `ConflictError`."""
        await self._command(run_id, c.ResumeRun())

    async def retry_task(self, run_id: str, reference: str | None = None, value: Any = msgspec.UNSET) -> None:
        """Try a faulted run's task again, or one around it, with another input if one is given.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: The run has not faulted, or has no such task open.
            UsageError: The input is too large.
        """
        self._check_size("input", value)
        reason = Reason("asked", "A person asked for it.")
        await self._command(run_id, c.RetryTask(reference=reference, input=value, reason=reason))

    async def skip_task(self, run_id: str, output: Any = msgspec.UNSET) -> None:
        """Let a faulted run's task count as done. Raises `NotFoundError`, `ConflictError`, `UsageError`."""
        self._check_size("output", output)
        await self._command(run_id, c.SkipTask(output=output, reason=Reason("asked", "A person asked for it.")))

    async def fork_run(self, source_run_id: str, reference: str) -> tuple[str, list[RepeatedEffect]]:
        """Begin a new run that keeps a run's results before a task.

        Returns:
            The new run's id, and what the source run did from there on, which will happen again.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: The task was not reached, or lies where a fork cannot begin.
            KapellError: The engine has stopped working.
        """
        self._host.check_working()
        run_id = make_run_id(self.clock.now())
        definition, plan = await self._reader.read(self._plan_fork, source_run_id, reference, run_id)
        if isinstance(plan, Reason):
            raise ConflictError(plan.text)
        self._host.check_working()
        self._host.start_run(run_id, definition, plan.command)
        return run_id, plan.repeats

    def _plan_fork(self, source_run_id: str, reference: str, run_id: str) -> tuple[Definition, ForkPlan | Reason]:
        definition = self.definitions.pin(self.store.get_record(source_run_id).definition)
        events = (event for _, event in iter_events(self.store, source_run_id))
        return definition, plan_fork(definition.program, events, reference, run_id)

    def find_state(self, run_id: str) -> State | None:
        """Return the state of a run that is in memory, to be looked at only."""
        active = self._host.runs.get(run_id)
        return None if active is None else active.state

    # -- watching -----------------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of each run's events once they are durable: the run, the number of the first, the events.

        Who listens before the start is told also of what runs do that are taken up.
        """
        self._listeners.append(listener)

    def listen_to_logs(self, listener: Callable[[str, LogLine], None]) -> None:
        """Tell `listener` of each line that a run writes, as it writes it."""
        self.logbook.listeners.append(listener)

    def trace_with(self, make_traceparent: MakeTraceparent) -> None:
        """Let attempts and child runs tell others of their trace; to be called before the start."""
        self._make_traceparent = make_traceparent

    def listen_to_commits(self, listener: Callable[[int, float], None]) -> None:
        """Tell `listener`, which takes the place of any other, of each transaction: how many runs, how many seconds.

        To be called after the start.
        """
        self._committer.on_committed = listener

    def note_events(self, latest: int) -> None:
        """Look at once for events that were stored, up to this position."""
        self._matcher.note_news(latest)

    @property
    def is_idle(self) -> bool:
        """Whether no run has anything to do: only an outcome, a time or a command can move one on."""
        return self._host.is_idle and self._reader.is_idle and self._matcher.is_idle

    @property
    def attempts_under_way(self) -> int:
        """How many attempts at activities are under way."""
        return self._attempts.in_flight

    @property
    def attempts_waiting(self) -> int:
        """How many attempts at activities are held."""
        return self._admission.waiting

    @property
    def runs_in_memory(self) -> int:
        """How many runs are in memory."""
        return len(self._host.runs)

    @property
    def trouble(self) -> str | None:
        """Why the disk refuses what is to be written at present, if it does."""
        return self._committer.trouble

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _command(self, run_id: str, command: c.Command) -> None:
        self._check_alive()
        active = await self._recovery.load(run_id)
        if active is None:
            raise NotFoundError(f"The history of run {run_id} is damaged, so nothing can be done with it.")
        refused = await self._host.ask(active, command)
        if refused is not None:
            raise ConflictError(refused.text)

    def _wants_timer(self, run_id: str, entry: int, purpose: str) -> bool:
        if purpose == WAKE:
            return True
        active = self._host.runs.get(run_id)
        opened = None if active is None else active.state.entries.get(entry)
        return opened is not None and purpose in opened.timers

    def _fire_timer(self, run_id: str, entry: int, purpose: str) -> None:
        if purpose == WAKE:
            self._recovery.wake(run_id)
        else:
            self._host.fire_timer(run_id, entry, purpose)

    def _stop_working(self, error: KapellError) -> None:
        """Another owner has the runs, or nothing can be written for good: do nothing more, and say so."""
        if self._fatal is not None:
            return
        log.error("engine_stopped", message=error.message, hint=error.hint)
        self._fatal = error
        self._host.abandon(error)
        self._attempts.cancel_all()
        for duty in self._duties:
            duty.cancel()

    def _check_size(self, what: str, value: Any, measured: Known | None = None) -> None:
        limit = self._options.limits.max_value_bytes
        excess = "" if value is msgspec.UNSET else find_excess(value, limit, measured)
        if excess:
            raise UsageError(f"The {what} is not usable. {describe_excess(excess, limit)}")

    def _check_alive(self) -> None:
        if self._fatal is not None:
            raise self._fatal


def _make_outcome(state: State) -> RunOutcome:
    return RunOutcome(state.run_id, state.status, state.output, state.error)
