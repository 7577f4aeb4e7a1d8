"""The run host: it owns the runs in memory, moves them, and puts what happened on disk before anything comes of it.

The story. Whatever happens to a run arrives as a command in the run's queue (`submit`), and the run in the host's. Once
a turn of the event loop the host takes the runs that have something to do, lets the kernel decide each of them
(`_move`), and appends what came of it, for all of them, in one transaction. Then it releases the effects (`_release`):
attempts start, timers are armed, whoever waits is told. An effect is never started before its cause is durable.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from kapell.engine.active import ActiveRun, Work
from kapell.engine.admission import AttemptId, Deny, Hold
from kapell.engine.measuring import measure
from kapell.engine.releasing import Releasing
from kapell.engine.store import RunRecord
from kapell.engine.turns import Made, Moved, encode_heavily
from kapell.errors import KapellError, NotFoundError
from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.kernel.codec import encode_events
from kapell.kernel.decide import decide
from kapell.kernel.evaluation import NO_ANSWERS, Answer
from kapell.kernel.events import to_micros
from kapell.kernel.limits import Limits
from kapell.kernel.state import State
from kapell.language.error_types import AUTHORIZATION, CONFIGURATION, RUNTIME, make_error
from kapell.language.expressions import make_helper_task
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from kapell.clock import Clock
    from kapell.engine.admission import Admission
    from kapell.engine.attempts import Attempts
    from kapell.engine.committer import Committer
    from kapell.engine.definitions import Definition, Definitions
    from kapell.engine.expression_helper import ExpressionHelper
    from kapell.engine.listening import Deliveries
    from kapell.engine.store import Batch
    from kapell.engine.timers import Timers
    from kapell.engine.turns import EncodeEvents
    from kapell.kernel.decide import Decision
    from kapell.kernel.evaluation import Evaluation
    from kapell.kernel.events import Event
    from kapell.reasons import Reason

    Listener = Callable[[ActiveRun, int, Sequence[Event]], None]
    """Told of a run's new events once they are durable: the run, the number of the first event, the events."""

    MakeTraceparent = Callable[[State, int, int], str | None]
    """Returns what an attempt tells others of its trace (W3C Trace Context): of a state, an entry, and its attempt."""

    FindRun = Callable[[str], Coroutine[Any, Any, ActiveRun | None]]
    """Takes a run into memory that is not there, and returns it; `None` if there is no such run."""

log = get_logger(__name__)

_DRAINING = Limits(max_events=1)
"""While draining, an outcome is recorded and nothing follows from it."""

_OUTCOMES = (c.EndAttempt, c.ConfirmCancel)
"""What is recorded while draining: how something ended that was under way."""

_BEGIN_CHILD = Limits(max_events=1)
"""Of a child run only the beginning stands in its parent's transaction: a workflow may run itself without end."""

_HEAVY_BYTES = 1024 * 1024
"""When the values of a turn come to more than this, they are written in a thread."""

_TURN_SECONDS = 0.010
"""How long the host decides before the event loop has its turn again."""


def make_no_traceparent(_state: State, _entry: int, _attempt: int) -> str | None:
    """Tell others nothing: runs are not traced."""
    return None


async def _find_none(_run_id: str) -> ActiveRun | None:
    return None


class RunHost:
    """The runs in memory."""

    def __init__(
        self,
        *,
        clock: Clock,
        committer: Committer,
        definitions: Definitions,
        admission: Admission,
        timers: Timers,
        helper: ExpressionHelper,
        limits: Limits,
    ) -> None:
        """Wire the host; `attempts` and `deliveries` are set right after, as each of them needs the host."""
        self._clock = clock
        self._committer = committer
        committer.on_idle = self._turn_if_needed
        self._definitions = definitions
        self._admission = admission
        self._helper = helper
        self._limits = limits
        self._queue: deque[ActiveRun] = deque()
        self._turn_is_due = False
        self._tasks: set[asyncio.Future[Any]] = set()
        self._asked: set[asyncio.Future[Reason | None]] = set()
        self.attempts: Attempts
        self.deliveries: Deliveries
        self.runs: dict[str, ActiveRun] = {}
        self.parents: dict[str, tuple[str, int, int]] = {}
        """Child run -> the run that waits for it, its entry and attempt."""
        self.listeners: list[Listener] = []
        self.make_traceparent: MakeTraceparent = make_no_traceparent
        self.find_run: FindRun = _find_none
        self.is_closing = False
        self._abandoned: Exception | None = None
        self._is_draining = False
        self._at = clock.now()
        self._now = to_micros(self._at)
        self.releasing = Releasing(self, timers)

    # -- what others ask of the host ----------------------------------------------------------------------------------

    def start_run(
        self, run_id: str, definition: Definition, command: c.StartRun | c.ForkRun, parent_run_id: str | None = None
    ) -> ActiveRun:
        """Take a new run into memory and let it begin at the next turn."""
        active = self._make_run(run_id, definition, parent_run_id)
        self.submit(active, command)
        return active

    def _make_run(self, run_id: str, definition: Definition, parent_run_id: str | None) -> ActiveRun:
        now = self._clock.now()
        program = definition.program
        record = RunRecord(
            run_id=run_id,
            namespace=program.namespace,
            name=program.name,
            version=program.version,
            definition=definition.digest,
            status="running",
            created_at=now,
            updated_at=now,
            parent_run_id=parent_run_id,
        )
        active = ActiveRun(record, program, State())
        self.runs[run_id] = active
        return active

    def submit(
        self,
        active: ActiveRun,
        command: c.Command,
        *,
        inbox_id: int | None = None,
        reply: asyncio.Future[Reason | None] | None = None,
    ) -> None:
        """Give a run a command; it has its turn soon."""
        active.work.append(Work(command, inbox_id=inbox_id, reply=reply))
        self._schedule(active)

    async def ask(self, active: ActiveRun, command: c.Command, *, inbox_id: int | None = None) -> Reason | None:
        """Give a run a command; return `None` once it is obeyed and durable, or why it changed nothing."""
        self.check_working()
        reply: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
        self._asked.add(reply)
        reply.add_done_callback(self._asked.discard)
        self.submit(active, command, inbox_id=inbox_id, reply=reply)
        return await reply

    def fire_timer(self, run_id: str, entry: int, purpose: str) -> None:
        """Tell a run in memory that a time has come."""
        active = self.runs.get(run_id)
        if active is not None:
            self.submit(active, c.FireTimer(entry=entry, purpose=purpose))

    def begin_draining(self) -> None:
        """Record outcomes from now on, but make no step that would begin anything."""
        self._is_draining = True

    async def settle(self) -> None:
        """Wait until the outcomes that are there are on disk, or the disk refuses."""
        while (self._queue or self._committer.is_busy) and not self.is_closing and self._committer.trouble is None:
            await asyncio.sleep(0)
            await self._committer.settle()

    def abandon(self, error: Exception) -> None:
        """Give all runs up: whoever waits for one is told why, and whoever comes later."""
        self.is_closing = True
        self._abandoned = self._abandoned or error
        waiting: list[asyncio.Future[Any]] = [*self._asked]
        for active in self.runs.values():
            waiting += active.ended
        _tell(waiting, error)

    def check_working(self) -> None:
        """Raise why all runs were given up, if they were."""
        if self._abandoned is not None:
            raise self._abandoned

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the turns that takes its time; it is ended with the host."""
        if self.is_closing:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget_if_ended(self, active: ActiveRun) -> None:
        """Let a run that has ended leave memory, if nothing of it is left."""
        if active.is_settled:
            self.let_go(active)
            active.tell_end()

    def let_go(self, active: ActiveRun) -> None:
        """Let a run leave memory; one that was loaded anew since then, for a repair, stays.

        An attempt that was under way when its run faulted goes on, and comes back to what has left memory already.
        """
        if self.runs.get(active.run_id) is active:
            del self.runs[active.run_id]
            if active.listens:
                self.deliveries.forget_run(active)

    async def close(self) -> None:
        """Move no run any more."""
        self.is_closing = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_idle(self) -> bool:
        """Whether no run has anything to do, nothing goes on beside the turns and nothing is being written."""
        return not (self._queue or self._turn_is_due or self._tasks or self._committer.is_busy)

    # -- the turn -----------------------------------------------------------------------------------------------------

    def _schedule(self, active: ActiveRun) -> None:
        active.idle_since = None
        if active.busy or active.scheduled or self.is_closing:
            return
        active.scheduled = True
        self._queue.append(active)
        self._need_turn()

    def _turn_if_needed(self) -> None:
        if self._queue:
            self._need_turn()

    def _need_turn(self) -> None:
        if not self._turn_is_due and not self._committer.is_busy:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        """Move the runs that have something to do, put what happened on disk, and release what comes of it."""
        self._turn_is_due = False
        if self._committer.is_busy or self.is_closing:
            return
        group: list[Moved] = []
        heavy = 0
        self._at = self._clock.now()
        self._now = to_micros(self._at)
        until = self._clock.monotonic() + _TURN_SECONDS
        while self._queue:
            active = self._queue.popleft()
            active.scheduled = False
            self._move_safely(active, group)
            heavy += active.state.sizes.heavy_bytes
            if heavy > _HEAVY_BYTES or self._clock.monotonic() > until:
                break
        for moved in group:
            moved.active.state.sizes.heavy_bytes = 0
        if heavy > _HEAVY_BYTES:
            self._commit_heavy(group)
        else:
            self._commit(group)

    def _commit(self, group: list[Moved]) -> None:
        made = self._make_batches(group, encode_events)
        group = self._drop_failed(made)
        if made.batches:
            for moved in group:
                moved.active.busy = True
            self._committer.commit(made.batches, lambda: self._finish_turn(group))
        else:
            self._finish_turn(group)

    def _commit_heavy(self, group: list[Moved]) -> None:
        """Write large values in a thread, piece by piece, so that the event loop goes on meanwhile."""
        made = Made()
        for moved in group:
            moved.active.busy = True

        def prepare() -> list[Batch]:
            self._make_batches(group, encode_heavily, made)
            return made.batches

        self._committer.commit_heavy(prepare, lambda: self._finish_turn(self._drop_failed(made)))

    def _finish_turn(self, group: list[Moved]) -> None:
        for moved in group:
            moved.active.busy = moved.needs is not None
        for moved in group:
            self._release(moved)
        self._turn_if_needed()

    def _move_safely(self, active: ActiveRun, group: list[Moved]) -> None:
        """Move a run; if Kapell itself fails over it, give up this run and what it began, and no other."""
        before = len(group)
        try:
            self._move(active, group)
        except Exception as error:
            log.exception("run_given_up", run_id=active.run_id)
            for moved in group[before:]:
                self.give_up(moved.active, error)
            del group[before:]

    def _make_batches(self, group: list[Moved], encode: EncodeEvents, made: Made | None = None) -> Made:
        made = made or Made()
        for moved in group:
            try:
                batch = moved.make_batch(self._at, encode)
            except Exception as error:
                log.exception("run_given_up", run_id=moved.active.run_id)
                made.failed.append((moved, error))
                continue
            made.moved.append(moved)
            if batch is not None:
                made.batches.append(batch)
        return made

    def _drop_failed(self, made: Made) -> list[Moved]:
        for moved, error in made.failed:
            self.give_up(moved.active, error)
        return made.moved

    def give_up(self, active: ActiveRun, error: Exception) -> None:
        """Let go of a run whose state in memory cannot be trusted any more; on disk it stands as it did before."""
        active.busy = True
        self.let_go(active)
        self.attempts.cancel_run(active.run_id)
        problem = KapellError(
            f"Run {active.run_id} cannot be carried on: {type(error).__name__}: {error}.",
            hint="This is a fault of Kapell; the log has the details. The next start takes the run up again.",
        )
        replies = [work.reply for work in active.work if work.reply is not None]
        _tell([*active.ended, *replies], problem)

    def _move(self, active: ActiveRun, group: list[Moved], limits: Limits | None = None) -> None:
        """Let the kernel decide a run's commands, until enough has happened or help is needed."""
        moved = Moved(active)
        group.append(moved)
        now = self._now
        limits = _DRAINING if self._is_draining else limits or self._limits
        while active.work and not _is_full(moved, limits):
            work = active.work.popleft()
            if self._is_draining and type(work.command) not in _OUTCOMES:
                continue
            moment = now if work.now is None else work.now
            decision = decide(active.program, active.state, work.command, moment, limits, work.answers)
            moved.events += decision.events
            came_of_effects = bool(decision.effects) and self._prepare(moved, decision.effects, moment, group)
            if decision.needs and came_of_effects:
                # Something else may stand first now: what was asked for is asked again when its turn comes.
                moved.works.append((work, decision.refused))
                active.work.appendleft(Work(c.Advance()))
                return
            if decision.needs:
                # What the helper has said holds for one step; after an event the numbering begins anew.
                answers = NO_ANSWERS if decision.events else work.answers
                moved.needs = (decision.needs, Work(c.Advance(), now=moment, answers=answers))
                moved.works.append((work, None))
                return
            moved.works.append((work, decision.refused))
            if decision.more and not self._is_draining:
                active.work.appendleft(Work(c.Advance()))
                return

    def _prepare(self, moved: Moved, effects: Sequence[fx.Effect], now: int, group: list[Moved]) -> bool:
        """Settle, before the commit, what belongs into the same transaction: admissions and the starts of children.

        Return whether anything happened to the run by it.
        """
        before = len(moved.events)
        pending = deque(effects)
        while pending:
            effect = pending.popleft()
            follow_up: c.Command | None = None
            if type(effect) is fx.PerformActivity:
                follow_up = self._admit(moved.active, effect)
            elif type(effect) is fx.StartChild:
                follow_up = self._begin_child(moved.active, effect, group)
            if follow_up is None:
                moved.effects.append(effect)
                continue
            decision = decide(moved.active.program, moved.active.state, follow_up, now, self._limits)
            moved.events += decision.events
            pending.extend(decision.effects)
            self._continue_later(moved, decision, now)
        return len(moved.events) > before

    def _continue_later(self, moved: Moved, decision: Decision, now: int) -> None:
        """A follow-up that is not at its end goes on as the run's next command."""
        if decision.needs or decision.more:
            moved.active.work.appendleft(Work(c.Advance(), now=now if decision.needs else None))

    def _admit(self, active: ActiveRun, effect: fx.PerformActivity) -> c.Command | None:
        entry = active.state.entries.get(effect.entry)
        if entry is None or entry.attempt is None or entry.attempt.number != effect.attempt:
            return None
        spec = active.program.nodes[entry.node].spec
        attempt = AttemptId(active.run_id, effect.entry, effect.attempt)
        if self.attempts.is_admitted(attempt):
            return None
        was_held = entry.attempt.state == "held"
        verdict = self._admission.ask(attempt, spec.activity, lambda: self._dispatch(attempt))
        if isinstance(verdict, Hold):
            hold = c.HoldAttempt(entry=effect.entry, attempt=effect.attempt, reason=verdict.reason)
            return c.Advance() if was_held else hold
        if isinstance(verdict, Deny):
            error = make_error(AUTHORIZATION, verdict.reason.text)
            return c.EndAttempt(entry=effect.entry, attempt=effect.attempt, error=error)
        self.attempts.note_admitted(attempt)
        return c.DispatchAttempt(entry=effect.entry, attempt=effect.attempt) if was_held else None

    def _dispatch(self, attempt: AttemptId) -> None:
        """Go on with an attempt that had to wait, now that there is a slot."""
        active = self.runs.get(attempt.run_id)
        if active is None:
            self._admission.leave(attempt)
            return
        self.attempts.note_admitted(attempt)
        self.submit(active, c.DispatchAttempt(entry=attempt.entry, attempt=attempt.attempt))

    def _begin_child(self, parent: ActiveRun, effect: fx.StartChild, group: list[Moved]) -> c.Command | None:
        """Begin a child run in the transaction of its cause, so that neither is there without the other."""
        spec = parent.program.nodes[effect.node].spec
        entry = parent.state.entries.get(effect.entry)
        attempt = None if entry is None else entry.attempt
        if attempt is None or attempt.child_run_id != effect.child_run_id:
            return None  # the branch that asked for it has been dropped since
        try:
            definition = self._definitions.find_offered(spec.namespace, spec.name, spec.version)
        except NotFoundError as problem:
            error = make_error(CONFIGURATION, str(problem))
            return c.EndAttempt(entry=effect.entry, attempt=attempt.number, error=error)
        parent_run_id = None
        if spec.awaits:
            parent_run_id = parent.run_id
            self.parents[effect.child_run_id] = (parent.run_id, effect.entry, attempt.number)
        child = self._make_run(effect.child_run_id, definition, parent_run_id)
        depth = parent.state.depth + 1 if spec.awaits else 0
        start = c.StartRun(
            run_id=child.run_id,
            input=effect.input,
            parent_run_id=parent_run_id,
            depth=depth,
            position=self.deliveries.position,
            traceparent=self.make_traceparent(parent.state, effect.entry, attempt.number),
        )
        child.work.append(Work(start))
        self._move(child, group, _BEGIN_CHILD)
        return None if spec.awaits else c.EndAttempt(entry=effect.entry, attempt=attempt.number)

    # -- what comes of it ---------------------------------------------------------------------------------------------

    def _release(self, moved: Moved) -> None:
        active = moved.active
        if moved.events:
            self._tell_listeners(active, moved)
        if moved.effects:
            self.releasing.release(active, moved.effects)
        for work, refused in moved.works:
            self._reply(active, work, refused)
        if active.state.status == "cancelling":
            self.releasing.confirm_cancel(active)
        if moved.needs is not None:
            self._call_helper(active, *moved.needs)
        elif active.work:
            self._schedule(active)
        elif active.state.is_ended:
            self.forget_if_ended(active)
        else:
            active.idle_since = self._clock.monotonic()

    def _tell_listeners(self, active: ActiveRun, moved: Moved) -> None:
        for listener in self.listeners:
            try:
                listener(active, moved.first_seq, moved.events)
            except Exception:
                log.exception("listener_failed", run_id=active.run_id)

    def _reply(self, active: ActiveRun, work: Work, refused: Reason | None) -> None:
        if refused is not None and type(work.command) is c.DispatchAttempt:
            self.attempts.forget(AttemptId(active.run_id, work.command.entry, work.command.attempt))
        if work.reply is not None and not work.reply.done():
            work.reply.set_result(refused)

    # -- for recovery and maintenance ---------------------------------------------------------------------------------

    def readmit(self, active: ActiveRun, held: list[fx.PerformActivity]) -> None:
        """Ask the admission again for attempts that had not been started when the last owner died."""
        for effect in held:
            follow_up = self._admit(active, effect)
            if follow_up is not None:
                self.submit(active, follow_up)

    def fail_attempt(self, active: ActiveRun, entry: int, attempt: int, detail: str) -> None:
        """End an attempt with a runtime error."""
        self.submit(active, c.EndAttempt(entry=entry, attempt=attempt, error=make_error(RUNTIME, detail)))

    def resume_turn(self, active: ActiveRun) -> None:
        """Let a run that was held for a moment have its turn."""
        self._schedule(active)

    # -- the expression helper ----------------------------------------------------------------------------------------

    def _call_helper(self, active: ActiveRun, needs: tuple[Evaluation, ...], again: Work) -> None:
        active.busy = True
        self.begin(self._evaluate(active, needs, again))

    async def _evaluate(self, active: ActiveRun, needs: tuple[Evaluation, ...], again: Work) -> None:
        """Let the helper evaluate while the run's other commands wait, then come back to the same step."""
        try:
            tasks = [make_helper_task(need.expression, need.document, need.variables) for need in needs]
            results = await self._helper.evaluate(tasks)
            for result in results:
                await measure(result.value, self._limits.max_value_bytes, active.state.sizes)
        except Exception as error:
            log.exception("run_given_up", run_id=active.run_id)
            self.give_up(active, error)
            return
        answers = {need.slot: Answer(result.value, result.error) for need, result in zip(needs, results, strict=True)}
        # A step may need help more than once: what it has been told before stays told.
        again.answers = {**again.answers, **answers} if again.answers is not NO_ANSWERS else answers
        active.work.appendleft(again)
        active.busy = False
        self._schedule(active)


def _is_full(moved: Moved, limits: Limits) -> bool:
    """Whether enough has happened to a run for one turn."""
    events, heavy = moved.events, moved.active.state.sizes.heavy_bytes
    return bool(events) and (len(events) >= limits.max_events or heavy > limits.max_heavy_bytes)


def _tell(waiting: Sequence[asyncio.Future[Any]], error: Exception) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(error)
            future.exception()  # it counts as seen, also where nobody waits any more
