"""The spans of one run, made from its history.

The events are folded into a state beside the run's own, since it is the state that knows which task lies within which.
What a span says of a task is its name, its kind, numbers and codes: never inputs, outputs or the text of an error,
which may hold what a run works with.

When a run faults, its open spans end with it. A repair opens those again that go on, below a span of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.evolve import evolve
from kapell.language.error_types import TIMEOUT
from kapell.language.program import Kind
from kapell.tracing.contexts import make_attempt_id, make_span_id, read_traceparent

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.kernel.events import Event
    from kapell.language.error_types import WorkflowError
    from kapell.language.program import Node, Program
    from kapell.reasons import Reason
    from kapell.tracing.contexts import TraceContext

_MOST_NOTES = 128
"""A loop may go round a million times; the first so many notes of a span are kept."""

Facts = dict[str, Any]


class Note(msgspec.Struct, frozen=True):
    """Something that happened while a span was open. `at` is in microseconds since 1970-01-01 UTC."""

    at: int
    name: str
    facts: Facts


class Span(msgspec.Struct):
    """A span.

    Attributes:
        span_id: Its id.
        parent_id: The span around it; 0 for the trace's first.
        name: What it is called: one name for all runs of a workflow.
        begins_at: In microseconds since 1970-01-01 UTC.
        ends_at: The same; 0 while it is open.
        is_call: Whether another system is asked for something.
        facts: Its attributes.
        notes: What happened meanwhile.
        error: The type of the error that it ended with.
    """

    span_id: int
    parent_id: int
    name: str
    begins_at: int
    ends_at: int = 0
    is_call: bool = False
    facts: Facts = {}
    notes: list[Note] = []
    error: str = ""


class RunTrace:
    """Folds the events of one run, from the first, and gives the spans that end.

    Attributes:
        context: The run's trace.
        state: Where the run stands.
    """

    def __init__(self, program: Program, context: TraceContext) -> None:
        """Begin before the first event."""
        self.context = context
        self.state = st.State()
        self._program = program
        self._tasks: dict[int, Span] = {}
        self._attempts: dict[tuple[int, int], Span] = {}
        self._run: Span | None = None
        self._round = 0
        self._ended: list[Span] = []

    def fold(self, event: Event) -> list[Span]:
        """Fold one event in, and return the spans that ended with it."""
        self._ended = []
        waiting = self.state.ready[0] if self.state.ready else None
        number = getattr(event, "entry", 0)
        entry = self.state.entries.get(number)
        evolve(self._program, self.state, event)
        tell = _TELL.get(type(event))
        if tell is not None:
            tell(self, event, entry, waiting)
        if type(event) in _CLOSING:
            self._end_orphans(event.at)
        return self._ended

    # -- runs ----------------------------------------------------------------------------------------------------------

    def _begin_run(self, event: Any, _entry: Any, _waiting: Any) -> None:
        program, state = self._program, self.state
        facts = {
            "kapell.run.id": state.run_id,
            "kapell.workflow.namespace": program.namespace,
            "kapell.workflow.name": program.name,
            "kapell.workflow.version": program.version,
        }
        if state.parent_run_id is not None:
            facts["kapell.run.parent_id"] = state.parent_run_id
        name = f"run {program.namespace}/{program.name}"
        span_id = make_span_id(state.run_id, "run")
        self._run = Span(span_id, self.context.parent_id, name, event.at, facts=facts, notes=[])
        if type(event) is ev.RunForked:
            facts["kapell.run.forked_from"] = event.source_run_id
            for number in state.entries:
                if number != st.ROOT:
                    self._open_task(number, event.at)

    def _end_run(self, event: Any, _entry: Any, _waiting: Any) -> None:
        error: WorkflowError | None = getattr(event, "error", None)
        for span in [*self._attempts.values(), *reversed(self._tasks.values())]:
            self._end(span, event.at, None, outcome="interrupted")
        self._attempts.clear()
        self._tasks.clear()
        if self._run is not None:
            self._run.facts["kapell.run.status"] = self.state.status
            self._end(self._run, event.at, error)
            self._run = None

    def _begin_repair(self, event: Any, _entry: Any, _waiting: Any) -> None:
        state = self.state
        self._round += 1
        first = make_span_id(state.run_id, "run")
        self._run = Span(
            make_span_id(state.run_id, "run", self._round),
            first,
            f"repair {self._program.namespace}/{self._program.name}",
            event.at,
            facts={"kapell.run.id": state.run_id, "kapell.run.repair": event.__struct_config__.tag},
            notes=[],
        )
        for number in state.entries:
            if number != st.ROOT:
                self._open_task(number, event.at)

    def _note_run(self, event: Any, _entry: Any, _waiting: Any) -> None:
        if self._run is not None:
            self._note(self._run, event, _describe_reason(getattr(event, "reason", None)))

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def _open_task(self, number: int, at: int) -> None:
        entry = self.state.entries[number]
        node = self._program.nodes[entry.node]
        facts = {
            "kapell.task.reference": entry.reference,
            "kapell.task.kind": _name_kind(node),
            "kapell.task.arrival": entry.arrival,
        }
        span_id = self._make_id("task", number)
        self._tasks[number] = Span(span_id, self._find_parent(entry.parent), node.name, at, facts=facts, notes=[])

    def _enter_task(self, event: Any, _entry: Any, _waiting: Any) -> None:
        self._open_task(event.entry, event.at)

    def _complete_task(self, event: Any, _entry: Any, waiting: Any) -> None:
        span = self._tasks.pop(event.entry, None)
        if span is None:
            span = self._make_point(event, waiting, event.entry)
        if event.case is not None:
            span.facts["kapell.task.case"] = event.case
        span.facts |= _describe_reason(event.reason)
        self._end(span, event.at)

    def _fault_task(self, event: Any, _entry: Any, waiting: Any) -> None:
        span = self._tasks.pop(event.entry, None) if event.entry else None
        if span is None:
            span = self._make_point(event, waiting, f"fault {self.state.seq}")
        self._end(span, event.at, event.error)

    def _make_point(self, event: Any, waiting: Any, place: str | int) -> Span:
        """Return the span of a task that took one step only."""
        node = self._program.nodes[event.node]
        parent = self._find_parent(getattr(waiting, "parent", st.ROOT))
        facts = {"kapell.task.reference": node.reference, "kapell.task.kind": _name_kind(node)}
        return Span(self._make_id("task", place), parent, node.name, event.at, facts=facts, notes=[])

    def _skip_task(self, event: Any, _entry: Any, waiting: Any) -> None:
        span = self._tasks.get(getattr(waiting, "parent", st.ROOT)) or self._run
        if span is not None:
            reference = self._program.nodes[event.node].reference
            self._note(span, event, {"kapell.task.reference": reference} | _describe_reason(event.reason))

    def _note_task(self, event: Any, entry: Any, _waiting: Any) -> None:
        span = self._run if entry is None else self._tasks.get(entry.entry, self._run)
        if span is None:
            return
        facts = _describe_reason(getattr(event, "reason", None))
        for name in ("action", "retries", "index", "purpose", "event_id", "position"):
            if hasattr(event, name):
                facts[f"kapell.{name}"] = getattr(event, name)
        if (error := getattr(event, "error", None)) is not None:
            facts["error.type"] = error.type
        if getattr(event, "purpose", "") == "timeout":
            span.error = span.facts["error.type"] = TIMEOUT  # it ends with this event, and no other says so
        self._note(span, event, facts)

    # -- attempts ------------------------------------------------------------------------------------------------------

    def _create_attempt(self, event: Any, entry: Any, _waiting: Any) -> None:
        number = event.attempt if type(event) is ev.AttemptCreated else entry.attempt.number
        node = self._program.nodes[entry.node]
        facts: Facts = {"kapell.attempt.number": number, "kapell.task.reference": entry.reference}
        if type(event) is ev.ChildStarted:
            facts["kapell.child_run.id"] = event.child_run_id
        else:
            facts |= _describe_reason(event.reason) | _describe_call(node)
        span = Span(
            make_attempt_id(self.state.run_id, event.entry, number),
            self._find_parent(event.entry),
            f"{node.name} attempt",
            event.at,
            is_call=node.kind is Kind.ACTIVITY and node.spec.activity in _CALLS,
            facts=facts,
            notes=[],
        )
        self._attempts[event.entry, number] = span

    def _end_attempt(self, event: Any, _entry: Any, _waiting: Any) -> None:
        span = self._attempts.pop((event.entry, event.attempt), None)
        if span is None:
            return
        if event.started is not None:
            span.notes.append(Note(event.started, "started", {}))
        if event.error is not None and span.is_call and event.error.type.endswith("/communication"):
            span.facts["http.response.status_code"] = event.error.status
        self._end(span, event.at, event.error)

    def _lose_attempt(self, event: Any, _entry: Any, _waiting: Any) -> None:
        span = self._attempts.pop((event.entry, event.attempt), None)
        if span is not None:
            span.facts |= {"kapell.attempt.made_again": event.again} | _describe_reason(event.reason)
            span.error = "lost"
            self._end(span, event.at, outcome="lost")

    def _note_attempt(self, event: Any, _entry: Any, _waiting: Any) -> None:
        span = self._attempts.get((event.entry, event.attempt))
        if span is not None:
            self._note(span, event, _describe_reason(getattr(event, "reason", None)))

    # -- all of them ---------------------------------------------------------------------------------------------------

    def _make_id(self, kind: str, place: str | int) -> int:
        repair = (self._round,) if self._round else ()
        return make_span_id(self.state.run_id, kind, place, *repair)

    def _find_parent(self, entry: int) -> int:
        span = self._tasks.get(entry) or self._run
        return 0 if span is None else span.span_id

    def _note(self, span: Span, event: Event, facts: Facts) -> None:
        if len(span.notes) < _MOST_NOTES:
            span.notes.append(Note(event.at, str(event.__struct_config__.tag), facts))

    def _end(self, span: Span, at: int, error: WorkflowError | None = None, outcome: str = "") -> None:
        span.ends_at = at
        if error is not None:
            span.error = error.type
            span.facts |= {"error.type": error.type, "kapell.error.status": error.status}
        if outcome:
            span.facts["kapell.outcome"] = outcome
        self._ended.append(span)

    def _end_orphans(self, at: int) -> None:
        """End what went away with a task around it: branches that lost, what a timeout or an error broke off."""
        entries = self.state.entries
        for key in [key for key in self._attempts if not _is_open(entries.get(key[0]), key[1])]:
            self._end(self._attempts.pop(key), at, outcome="interrupted")
        for number in [number for number in reversed(self._tasks) if number not in entries]:
            self._end(self._tasks.pop(number), at, outcome="interrupted")


def find_traceparent(event: Event) -> str | None:
    """Return the `traceparent` that a run was started with, from its first event, if it is one."""
    text: str | None = getattr(event, "traceparent", None)
    return text if text is not None and read_traceparent(text) is not None else None


def _is_open(entry: st.Entry | None, number: int) -> bool:
    return entry is not None and entry.attempt is not None and entry.attempt.number == number


def _describe_reason(reason: Reason | None) -> Facts:
    return {} if reason is None else {"kapell.reason": reason.code}


def _describe_call(node: Node) -> Facts:
    method = node.definition.get("with", {}).get("method") if node.spec.activity == "http" else None
    return {"http.request.method": method.upper()} if isinstance(method, str) and method.isalpha() else {}


def _name_kind(node: Node) -> str:
    return str(node.spec.activity if node.kind is Kind.ACTIVITY else node.kind)


_CALLS = frozenset({"http", "openapi"})

_CLOSING = frozenset({ev.TaskCompleted, ev.TaskFaulted, ev.ErrorCaught, ev.BranchFaulted, ev.TimerFired})

_TELL: dict[type[Event], Callable[[RunTrace, Any, Any, Any], None]] = {
    ev.RunStarted: RunTrace._begin_run,
    ev.RunForked: RunTrace._begin_run,
    ev.TaskEntered: RunTrace._enter_task,
    ev.TaskCompleted: RunTrace._complete_task,
    ev.TaskFaulted: RunTrace._fault_task,
    ev.TaskSkipped: RunTrace._skip_task,
    ev.IterationStarted: RunTrace._note_task,
    ev.LoopEnded: RunTrace._note_task,
    ev.ErrorCaught: RunTrace._note_task,
    ev.BranchFaulted: RunTrace._note_task,
    ev.TimerFired: RunTrace._note_task,
    ev.EventReceived: RunTrace._note_task,
    ev.EventHandled: RunTrace._note_task,
    ev.AttemptCreated: RunTrace._create_attempt,
    ev.ChildStarted: RunTrace._create_attempt,
    ev.AttemptHeld: RunTrace._note_attempt,
    ev.AttemptDispatched: RunTrace._note_attempt,
    ev.AttemptEnded: RunTrace._end_attempt,
    ev.AttemptLost: RunTrace._lose_attempt,
    ev.RunSuspended: RunTrace._note_run,
    ev.RunResumed: RunTrace._note_run,
    ev.CancelRequested: RunTrace._note_run,
    ev.TaskRetried: RunTrace._begin_repair,
    ev.TaskPassed: RunTrace._begin_repair,
    ev.RunCompleted: RunTrace._end_run,
    ev.RunFaulted: RunTrace._end_run,
    ev.RunCancelled: RunTrace._end_run,
}
