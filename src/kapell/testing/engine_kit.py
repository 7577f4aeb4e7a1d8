"""Run workflows in tests: the real engine over memory, on a clock that jumps, with activities that a test makes up.

    async with EngineKit({"http": lambda request: {"id": 7}}) as kit:
        ended = await kit.run(workflow_text, {"customer": "ada"})
        assert ended.outcome.output == {"id": 7}

Time passes only while `run`, `finish` or `advance` wait, and only when nothing is outstanding: no run that is ready, no
evaluation, no commit, no activity under way. A workflow that waits for a week is tested in milliseconds.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec

from kapell.engine.admission import SlotAdmission
from kapell.engine.engine import Engine, EngineOptions
from kapell.engine.event_store import StoredEvent
from kapell.engine.expression_helper import ExpressionHelper
from kapell.engine.loading import iter_events
from kapell.engine.secrets import SecretSource
from kapell.errors import KapellError
from kapell.ids import make_id
from kapell.kernel.events import RunForked, TaskCompleted, TaskEntered, TaskFaulted
from kapell.kernel.limits import Limits
from kapell.language import Workflow, load_workflow
from kapell.language.program import Kind
from kapell.sdk import ActivityError
from kapell.testing.memory_store import MemoryRunStore
from kapell.testing.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from kapell.engine.admission import Admission
    from kapell.engine.engine import RunOutcome
    from kapell.engine.store import RunStore
    from kapell.kernel.events import Event
    from kapell.kernel.state import State
    from kapell.language.program import Program
    from kapell.sdk import Activity, ActivityContext, ActivityRequest

    Perform = Callable[[ActivityRequest], Any]
    """What a fake activity does: returns (or awaits) an output or a `Takes`, or raises `ActivityError`."""

_SETTLING_TURNS = 12
_REAL_PAUSE_SECONDS = 0.001
_LONGEST_SLEEP_SECONDS = 1e8  # this clock jumps only when it is told to


class StuckError(KapellError):
    """Nothing moves a run on: no time that it waits for, nothing under way."""

    code = "stuck"


class Takes(NamedTuple):
    """What a fake activity returns to take its time on the kit's clock; `seconds=None` never ends by itself.

    Attributes:
        seconds: How long it takes.
        output: Its output then, or an `ActivityError` that it raises then.
    """

    seconds: float | None
    output: Any = None


class FakeActivity:
    """An activity that a test makes up, and that remembers what it was asked.

    Attributes:
        requests: Every request so far, in order.
        cancelled: The requests that were cancelled while under way.
        waiting: How many performances wait for nothing but the kit's clock.
    """

    def __init__(self, perform: Perform, clock: VirtualClock, *, idempotent: bool = False) -> None:
        """Do what `perform` says; `idempotent` is what it answers when an attempt was lost."""
        self._perform = perform
        self._clock = clock
        self._idempotent = idempotent
        self.requests: list[ActivityRequest] = []
        self.cancelled: list[ActivityRequest] = []
        self.waiting = 0

    def is_idempotent(self, request: ActivityRequest) -> bool:
        """Tell whether a lost attempt may be made again."""
        del request
        return self._idempotent

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:
        """Do it. Raises `ActivityError` where the made-up function does, or gave one to `Takes`."""
        del context
        self.requests.append(request)
        try:
            output = self._perform(request)
            if inspect.isawaitable(output):
                output = await output
            if isinstance(output, Takes):
                await self._wait(output.seconds)
                output = output.output
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise
        if isinstance(output, ActivityError):
            raise output
        return output

    async def _wait(self, seconds: float | None) -> None:
        self.waiting += 1
        try:
            if seconds is None:
                await asyncio.get_running_loop().create_future()
            else:
                await self._clock.sleep(seconds)
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        """Nothing is held."""


class Ended(NamedTuple):
    """What came of a run.

    Attributes:
        run_id: The run.
        outcome: How it ended.
        history: Its events, in order.
        emitted: The CloudEvents that it emitted, in order.
        tasks: The names of its tasks in the order in which they began; those that were skipped are left out.
    """

    run_id: str
    outcome: RunOutcome
    history: list[Event]
    emitted: list[dict[str, Any]]
    tasks: list[str]


class EngineKit:
    """The real engine, for tests: nothing of it is replaced but the disk, the clock and the outside world.

    Attributes:
        engine: The engine, to be commanded as usual.
        clock: Its clock.
        store: Its store.
        activities: The fake activities, by kind.
    """

    engine: Engine

    def __init__(  # noqa: PLR0913 -- each is one thing that a test may choose
        self,
        activities: Mapping[str, Perform | Activity] | None = None,
        *,
        workflows: Iterable[str | Workflow] = (),
        secrets: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        idempotent: Iterable[str] = (),
        admission: Admission | None = None,
        store: RunStore | None = None,
        shortest_parking_seconds: float = 1e9,
    ) -> None:
        """Prepare an engine; entering the context starts it.

        Args:
            activities: Kind (`http`, `shell`, ...) -> what it does: a function, or a real activity.
            workflows: What `run: workflow` can find, as text or as workflows.
            secrets: Name -> value, as the environment would give them.
            limits: The limits of each run.
            idempotent: Kinds of activities that are made again when an attempt was lost.
            admission: The gate of attempts; without one, every attempt starts at once.
            store: Where runs are kept; in memory without one.
            shortest_parking_seconds: Runs that have at least so long to wait leave memory; none do by default.
        """
        self.clock = VirtualClock()
        self.store: RunStore = MemoryRunStore() if store is None else store
        again = set(idempotent)
        self.activities = {
            kind: FakeActivity(perform, self.clock, idempotent=kind in again)
            for kind, perform in (activities or {}).items()
            if callable(perform)
        }
        self._real = {kind: activity for kind, activity in (activities or {}).items() if not callable(activity)}
        self._workflows = [_read(workflow) for workflow in workflows]
        self._secrets = {f"KAPELL_SECRET_{name}": value for name, value in (secrets or {}).items()}
        self._admission: Admission = SlotAdmission({}, {}) if admission is None else admission
        self._options = EngineOptions(
            limits=limits or Limits(),
            shortest_parking_seconds=shortest_parking_seconds,
            longest_sleep_seconds=_LONGEST_SLEEP_SECONDS,
            drain_seconds=0,
        )

    async def __aenter__(self) -> Self:
        """Start the engine."""
        self.engine = await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine; what is under way is ended, as at every close."""
        await self.engine.close()

    async def _start(self) -> Engine:
        engine = Engine(
            store=self.store,
            clock=self.clock,
            activities={**self.activities, **self._real},
            admission=self._admission,
            helper=ExpressionHelper(),
            secrets=SecretSource(environment=self._secrets),
            options=self._options,
        )
        engine.offer(self._workflows)
        await engine.start()
        return engine

    # -- runs ---------------------------------------------------------------------------------------------------------

    def start(self, workflow: str | Workflow, value: Any = None) -> str:
        """Begin a run and return its id. The input is an empty object if none is given."""
        return self.engine.start_run(_read(workflow), {} if value is None else value)

    async def run(self, workflow: str | Workflow, value: Any = None) -> Ended:
        """Carry a run out from its beginning to its end."""
        return await self.finish(self.start(workflow, value))

    async def finish(self, run_id: str) -> Ended:
        """Let time pass until a run has ended.

        Raises:
            StuckError: Nothing moves it on any more (it is suspended, for example).
        """
        ended = asyncio.ensure_future(self.engine.wait_run(run_id))
        try:
            while not ended.done():
                await self.settle()
                if not ended.done() and not self.clock.advance_to_next():
                    raise StuckError(f"Nothing moves run {run_id} on: {self._describe(run_id)}")
        finally:
            if not ended.done():
                ended.cancel()
        return self._report(run_id, await ended)

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, doing at each moment what is due then."""
        await self.settle()
        passed = asyncio.ensure_future(self.clock.sleep(seconds))
        await asyncio.sleep(0)
        while not passed.done():
            self.clock.advance_to_next()
            await self.settle()

    async def settle(self) -> None:
        """Wait, without letting time pass, until nothing is outstanding."""
        quiet_turns = 0
        while quiet_turns < _SETTLING_TURNS:
            if self._is_idle():
                quiet_turns += 1
                await asyncio.sleep(0)
            else:
                quiet_turns = 0
                await asyncio.sleep(0 if self.engine.is_idle else _REAL_PAUSE_SECONDS)

    async def crash(self) -> None:
        """Take the runs over by a second engine, as if the process of the first had died at this moment.

        What the first engine had not put on disk has not happened; what it had under way is lost.
        """
        died = self.engine
        if isinstance(self.store, MemoryRunStore):
            self.store = self.store.reopen()
        self.engine = await self._start()
        await died.close()

    async def send(
        self,
        kind: str,
        data: Any = None,
        *,
        source: str = "/test",
        event_id: str = "",
        subject: str | None = None,
        namespace: str = "default",
        tells: bool = True,
    ) -> int:
        """Store an event of the type `kind`, as if it had come from outside, and tell the engine.

        Args:
            kind: The event's type.
            data: Its data, a JSON value.
            source: Its source.
            event_id: Its id; a new one without it.
            subject: Its subject.
            namespace: Whose event it is.
            tells: Whether the engine is told; otherwise it finds the event when it looks next.

        Returns:
            The event's position; 0 if there was such an event already.
        """
        now = self.clock.now()
        event = {"specversion": "1.0", "id": event_id or make_id(now), "source": source, "type": kind, "data": data}
        stored = StoredEvent(
            arrived_at=now,
            namespace=namespace,
            source=source,
            event_id=event["id"],
            type=kind,
            subject=subject,
            via="api/test",
            body=msgspec.json.encode(event if subject is None else {**event, "subject": subject}),
        )
        (position,) = self.store.events.append([stored])
        if tells:
            self.engine.note_events(position)
        return position

    # -- looking ------------------------------------------------------------------------------------------------------

    def get_state(self, run_id: str) -> State:
        """Return the state of a run that is in memory, to be looked at only."""
        state = self.engine.find_state(run_id)
        if state is None:
            raise StuckError(f"Run {run_id} is not in memory.")
        return state

    def read_history(self, run_id: str) -> list[Event]:
        """Return a run's events as the store has them."""
        return [event for _, event in iter_events(self.store, run_id)]

    def get_program(self, run_id: str) -> Program:
        """Return the program of a run."""
        return self.engine.definitions.get(self.store.get_record(run_id).definition).program

    def _is_idle(self) -> bool:
        waiting = sum(activity.waiting for activity in self.activities.values())
        return self.engine.is_idle and self.engine.attempts_under_way == waiting

    def _report(self, run_id: str, outcome: RunOutcome) -> Ended:
        program, history = self.get_program(run_id), self.read_history(run_id)
        return Ended(run_id, outcome, history, list_emitted(program, history), list_tasks(program, history))

    def _describe(self, run_id: str) -> str:
        state = self.engine.find_state(run_id)
        if state is None:
            return "it is not in memory."
        open_tasks = ", ".join(entry.reference for entry in state.entries.values() if entry.reference)
        return f"it is {state.status}; open: {open_tasks or 'nothing'}."


def _read(workflow: str | Workflow) -> Workflow:
    return workflow if isinstance(workflow, Workflow) else load_workflow(workflow)


def list_tasks(program: Program, history: Sequence[Event]) -> list[str]:
    """Return the names of a run's tasks in the order in which they began."""
    begun: dict[int, str] = {}
    for event in history:
        if isinstance(event, RunForked):
            begun.update((entry, program.nodes[node].name) for entry, (node, _, _) in enumerate(event.chain, start=1))
        if isinstance(event, TaskEntered | TaskCompleted | TaskFaulted) and event.entry:
            begun.setdefault(event.entry, program.nodes[event.node].name)
    return list(begun.values())


def list_emitted(program: Program, history: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the CloudEvents that a run has emitted, in order."""
    completed = [event for event in history if isinstance(event, TaskCompleted)]
    emits = [event for event in completed if program.nodes[event.node].kind is Kind.EMIT]
    return [cast("dict[str, Any]", event.output) if event.emitted is None else event.emitted for event in emits]
