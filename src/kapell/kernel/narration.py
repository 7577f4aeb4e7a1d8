"""Telling a history: what each event means, as a sentence with the task that it is about.

An event alone says `entry 7`; which task that is, stands in the state that the events before it fold to. So a narrator
folds the history as it tells it. It is the one place where events become words: the history, the progress of a run and
the summary of a task all read from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.evolve import evolve
from kapell.kernel.forking import describe_activity
from kapell.kernel.moments import say_moment
from kapell.kernel.references import make_reference
from kapell.kernel.telling_listening import say_strategy
from kapell.language.program import Kind
from kapell.language.spans import say_length
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kapell.language.error_types import WorkflowError
    from kapell.language.program import Program


class Sentence(msgspec.Struct, frozen=True):
    """One event, told.

    Attributes:
        seq: The event's number.
        at: When it was decided, in microseconds since 1970-01-01 UTC.
        event: The event's name, such as `task_completed`.
        reference: The task that it is about; empty for the run as a whole.
        name: That task's name, or the workflow's.
        kind: What that task does, such as `fork`.
        depth: How many tasks are around it.
        text: What happened.
        reason: Why, where the event carries a reason.
        length: How long that took which ends here, in microseconds.
        is_bad: Whether it tells of an error that was not caught here.
    """

    seq: int
    at: int
    event: str
    reference: str
    name: str
    kind: Kind
    depth: int
    text: str
    reason: Reason | None = None
    length: int | None = None
    is_bad: bool = False


class Place(msgspec.Struct, frozen=True):
    """The task that an event is about: its node, its reference and its entry, if it has been entered."""

    node: int
    reference: str
    depth: int
    entry: st.Entry | None = None


class Narrator:
    """Tells the history of one run, from its beginning or from a state on."""

    def __init__(self, program: Program, state: st.State | None = None) -> None:
        """Begin.

        Args:
            program: The run's workflow.
            state: What the events before the first one to be told fold to; it is moved on, so it must be one's own.
        """
        self.program = program
        self.state = st.State() if state is None else state

    def tell(self, event: ev.Event) -> Sentence:
        """Fold the next event and return what it means."""
        told = self.say(event)
        self.fold(event)
        return told

    def fold(self, event: ev.Event) -> None:
        """Fold the next event."""
        evolve(self.program, self.state, event)

    def say(self, event: ev.Event) -> Sentence:
        """Return what the next event means, and go no further."""
        place = self.find_place(event)
        told = _TELL[type(event)](self, place, event)
        text, length = told if isinstance(told, tuple) else (told, None)
        node = self.program.nodes[place.node]
        return Sentence(
            seq=self.state.seq + 1,
            at=event.at,
            event=str(type(event).__struct_config__.tag),
            reference=place.reference,
            name=node.name or self.program.name,
            kind=node.kind,
            depth=place.depth,
            text=text,
            reason=getattr(event, "reason", None),
            length=length,
            is_bad=_is_bad(event),
        )

    def find_place(self, event: ev.Event) -> Place:
        """Return the task that the next event is about."""
        state = self.state
        number = getattr(event, "entry", None)
        entry = state.entries.get(number) if number is not None else None
        is_of_failed = isinstance(event, ev.TaskRetried | ev.TaskPassed) and (entry is None or not number)
        if is_of_failed and state.failed is not None:
            return self._place_below(state.failed.parent, state.failed.node)
        if entry is not None:
            return Place(entry.node, entry.reference, self._depth(entry), entry)
        item = state.ready[0] if state.ready else None
        if isinstance(item, st.Enter | st.Fault) and not isinstance(event, ev.RunFaulted):
            return self._place_below(item.parent, item.node)
        if isinstance(item, st.Fault) and item.node:
            return self._place_below(item.parent, item.node)
        return Place(0, "", 0)

    def _place_below(self, parent: int, node: int) -> Place:
        around = self.state.entries[parent]
        if node == 0:
            return Place(0, "", 0)
        reference = make_reference(self.program, around, self.program.nodes[node])
        return Place(node, reference, self._depth(around) + 1)

    def _depth(self, entry: st.Entry) -> int:
        return sum(1 for _ in self.state.iter_ancestors(entry.entry)) - 1

    def since_entered(self, place: Place, event: ev.Event) -> int | None:
        """Return how long ago the task was entered; `None` for one that takes a single step."""
        return None if place.entry is None else event.at - place.entry.entered_at


def _is_bad(event: ev.Event) -> bool:
    if isinstance(event, ev.AttemptEnded):
        return event.error is not None
    return isinstance(event, ev.TaskFaulted | ev.AttemptLost | ev.RunFaulted)


def narrate(program: Program, events: Iterable[ev.Event]) -> Iterator[Sentence]:
    """Tell a whole history."""
    narrator = Narrator(program)
    return (narrator.tell(event) for event in events)


_LONGEST_DETAIL = 500


def say_error(error: WorkflowError) -> str:
    """Return an error in one line; what processes wrote to it is shortened in the middle."""
    title = error.title or error.type
    detail = " ".join(error.detail.split())
    if len(detail) > _LONGEST_DETAIL:
        detail = f"{detail[: _LONGEST_DETAIL // 2]} ... {detail[-_LONGEST_DETAIL // 2 :]}"
    return f"{title}: {detail}" if detail else title


# -- a sentence for each kind of event ---------------------------------------------------------------------------------

Told = str | tuple[str, int | None]


def _run_started(narrator: Narrator, place: Place, event: ev.RunStarted) -> Told:
    del place
    program = narrator.program
    child = f", as a child of run {event.parent_run_id}" if event.parent_run_id else ""
    return f"The run of {program.namespace}/{program.name}:{program.version} starts{child}."


def _input_accepted(narrator: Narrator, place: Place, event: ev.InputAccepted) -> Told:
    del narrator, place
    limit = "" if event.deadline is None else f" The run must end by {say_moment(event.deadline, event.at)}."
    return f"The input is accepted.{limit}"


def _run_forked(narrator: Narrator, place: Place, event: ev.RunForked) -> Told:
    del place
    task = narrator.program.nodes[event.node]
    return f"The run starts at `{task.name}`, with the results that run {event.source_run_id} had by then."


def _task_entered(narrator: Narrator, place: Place, event: ev.TaskEntered) -> Told:
    node = narrator.program.nodes[place.node]
    limit = "" if event.deadline is None else f" It must end by {say_moment(event.deadline, event.at)}."
    return _say_entered(narrator, place, event, node) + limit


def _say_entered(narrator: Narrator, place: Place, event: ev.TaskEntered, node: Any) -> str:
    del narrator, place
    match node.kind:
        case Kind.WAIT:
            due = event.at if event.due is None else event.due
            return f"Waits {say_length(due - event.at)}, until {say_moment(due, event.at)}."
        case Kind.FOR:
            return f"Goes through {_count(len(event.value) if isinstance(event.value, list) else 0, 'item')}."
        case Kind.FORK:
            compete = ", of which the first to complete wins" if node.spec.compete else ""
            return f"Starts {_count(len(node.spec.branches), 'branch', 'branches')}{compete}."
        case Kind.LISTEN:
            return f"Waits for {say_strategy(node.spec.strategy)}."
        case Kind.ACTIVITY | Kind.WORKFLOW:
            return f"Begins: {describe_activity(node)}."
        case _:
            return "Begins."


def _task_completed(narrator: Narrator, place: Place, event: ev.TaskCompleted) -> Told:
    length = narrator.since_entered(place, event)
    if event.reason is not None:
        return event.reason.text, length
    exported = " Its export replaces the context." if event.context is not UNSET else ""
    return f"Completed{_after(length)}.{exported}", length


def _task_skipped(narrator: Narrator, place: Place, event: ev.TaskSkipped) -> Told:
    del narrator, place
    return event.reason.text


def _task_faulted(narrator: Narrator, place: Place, event: ev.TaskFaulted) -> Told:
    length = narrator.since_entered(place, event)
    return f"Faulted{_after(length)}. {say_error(event.error)}", length


def _iteration_started(narrator: Narrator, place: Place, event: ev.IterationStarted) -> Told:
    del narrator, place
    return f"Iteration {event.index} begins."


def _loop_ended(narrator: Narrator, place: Place, event: ev.LoopEnded) -> Told:
    del narrator, place
    return event.reason.text


def _branch_faulted(narrator: Narrator, _place: Place, event: ev.BranchFaulted) -> Told:
    branch = narrator.program.nodes[event.node].name
    return f"The branch `{branch}` is out of the race ({event.error.title}: {event.error.detail}); the others go on."


def _error_caught(narrator: Narrator, place: Place, event: ev.ErrorCaught) -> Told:
    del narrator, place
    what = f"Caught: {say_error(event.error)}"
    if not what.endswith("."):
        what += "."
    if event.action == "retry":
        return f"{what} {event.reason.text}"
    refused = "" if event.reason.code == "caught" else f" {event.reason.text}"
    then = "Its handler begins." if event.action == "handle" else "It ends with its input as output."
    return f"{what}{refused} {then}"


def _attempt_created(narrator: Narrator, place: Place, event: ev.AttemptCreated) -> Told:
    what = describe_activity(narrator.program.nodes[place.node])
    detail = say_target(event.arguments)
    again = f" {event.reason.text}" if event.reason is not None else ""
    return f"Attempt {event.attempt}: {what}{f' {detail}' if detail else ''}.{again}"


def say_target(arguments: Any) -> str:
    """Return in a few words what an activity works on: `GET https://...`, a command's first line; empty if unknown."""
    if not isinstance(arguments, dict):
        return ""
    endpoint = arguments.get("endpoint")
    uri = endpoint.get("uri") if isinstance(endpoint, dict) else endpoint
    if isinstance(uri, str):
        return f"{str(arguments.get('method', '')).upper()} {uri}".strip()
    for key in ("operationId", "command", "language"):
        written = arguments.get(key)
        if isinstance(written, str):
            first, *rest = written.strip().splitlines() or [""]
            return first + (" ..." if rest else "")
    return ""


def _attempt_held(narrator: Narrator, place: Place, event: ev.AttemptHeld) -> Told:
    del narrator, place
    return f"Attempt {event.attempt} waits. {event.reason.text}"


def _attempt_dispatched(narrator: Narrator, place: Place, event: ev.AttemptDispatched) -> Told:
    del narrator, place
    return f"Attempt {event.attempt} starts: what it waited for has come."


def _attempt_ended(narrator: Narrator, place: Place, event: ev.AttemptEnded) -> Told:
    del narrator, place
    length = None if event.started is None else event.at - event.started
    if event.error is None:
        return f"Attempt {event.attempt} succeeded{_after(length)}.", length
    return f"Attempt {event.attempt} failed{_after(length)}. {say_error(event.error)}", length


def _attempt_lost(narrator: Narrator, place: Place, event: ev.AttemptLost) -> Told:
    del narrator, place
    return f"Attempt {event.attempt} is lost. {event.reason.text}"


def _child_started(narrator: Narrator, place: Place, event: ev.ChildStarted) -> Told:
    spec = narrator.program.nodes[place.node].spec
    waits = "" if spec.awaits else ", and does not wait for it"
    return f"Starts the child run {event.child_run_id} of {spec.namespace}/{spec.name}:{spec.version}{waits}."


def _timer_fired(narrator: Narrator, place: Place, event: ev.TimerFired) -> Told:
    del narrator, place
    return _TIMERS.get(event.purpose, "The workflow's timeout has run out.")


_TIMERS = {
    "wait": "The wait is over.",
    "retry": "The time of the retry has come.",
    "timeout": "The task's timeout has run out.",
    "attempt_timeout": "The retry has taken too long.",
}


def _event_received(narrator: Narrator, place: Place, event: ev.EventReceived) -> Told:
    del narrator, place
    ending = " It is one of those that end the listening." if event.until else ""
    return f"Received the event `{event.event_id}` of type `{event.type}` from `{event.source}`.{ending}"


def _event_handled(narrator: Narrator, place: Place, event: ev.EventHandled) -> Told:
    del narrator, place
    exported = " Its export replaces the context." if event.context is not UNSET else ""
    return (event.reason.text if event.reason is not None else "The event is dealt with.") + exported


def _run_suspended(narrator: Narrator, place: Place, event: ev.RunSuspended) -> Told:
    del narrator, place
    return f"The run is suspended: nothing more is started. {event.reason.text}"


def _run_resumed(narrator: Narrator, place: Place, event: ev.RunResumed) -> Told:
    del narrator, place, event
    return "The run goes on."


def _cancel_requested(narrator: Narrator, place: Place, event: ev.CancelRequested) -> Told:
    del narrator, place
    return f"The run is being cancelled. {event.reason.text}"


def _task_retried(narrator: Narrator, place: Place, event: ev.TaskRetried) -> Told:
    del narrator, place
    other = ", with another input" if event.input is not UNSET else ""
    return f"Tried once more{other}. {event.reason.text}"


def _task_passed(narrator: Narrator, place: Place, event: ev.TaskPassed) -> Told:
    del narrator, place
    other = ", with an output that was given" if event.output is not UNSET else ""
    return f"Counted as done{other}. {event.reason.text}"


def _run_completed(narrator: Narrator, place: Place, event: ev.RunCompleted) -> Told:
    del place
    length = event.at - narrator.state.started_at
    return f"The run completed{_after(length)}.", length


def _run_faulted(narrator: Narrator, place: Place, event: ev.RunFaulted) -> Told:
    del place
    length = event.at - narrator.state.started_at
    where = f" at {event.error.instance}" if event.error.instance else ""
    reasons = "".join(f" {reason.text}" for reason in event.reasons)
    return f"The run faulted{where}{_after(length)}. {_sentence(say_error(event.error))}{reasons}", length


def _run_cancelled(narrator: Narrator, place: Place, event: ev.RunCancelled) -> Told:
    del place
    length = event.at - narrator.state.started_at
    return f"The run is cancelled{_after(length)}.", length


def _after(length: int | None) -> str:
    return "" if length is None else f" after {say_length(length)}"


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number} {word if number == 1 else words or f'{word}s'}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


_TELL: dict[type[ev.Event], Callable[[Narrator, Place, Any], Told]] = {
    ev.RunStarted: _run_started,
    ev.InputAccepted: _input_accepted,
    ev.RunForked: _run_forked,
    ev.TaskEntered: _task_entered,
    ev.TaskCompleted: _task_completed,
    ev.TaskSkipped: _task_skipped,
    ev.TaskFaulted: _task_faulted,
    ev.IterationStarted: _iteration_started,
    ev.LoopEnded: _loop_ended,
    ev.ErrorCaught: _error_caught,
    ev.BranchFaulted: _branch_faulted,
    ev.AttemptCreated: _attempt_created,
    ev.AttemptHeld: _attempt_held,
    ev.AttemptDispatched: _attempt_dispatched,
    ev.AttemptEnded: _attempt_ended,
    ev.AttemptLost: _attempt_lost,
    ev.ChildStarted: _child_started,
    ev.TimerFired: _timer_fired,
    ev.EventReceived: _event_received,
    ev.EventHandled: _event_handled,
    ev.RunSuspended: _run_suspended,
    ev.RunResumed: _run_resumed,
    ev.CancelRequested: _cancel_requested,
    ev.TaskRetried: _task_retried,
    ev.TaskPassed: _task_passed,
    ev.RunCompleted: _run_completed,
    ev.RunFaulted: _run_faulted,
    ev.RunCancelled: _run_cancelled,
}
