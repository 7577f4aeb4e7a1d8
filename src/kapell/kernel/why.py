"""Why a run stands where it stands, and why a task went the way it went: read from the reasons that were recorded.

Nothing is guessed. Each decision of a run has left its reason in the history (`kapell.reasons`); here they are
collected while the history is folded, and completed by what the state says about the present: what is open, and what it
waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.decide import find_failed_reference
from kapell.kernel.forking import describe_activity
from kapell.kernel.moments import say_moment
from kapell.kernel.narration import Narrator, Sentence, say_error, say_target
from kapell.kernel.telling_listening import list_types, say_filters, say_strategy
from kapell.language.error_types import LOST
from kapell.language.spans import say_length
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kapell.language.program import Program

_PRESENT = ("wait", "retry")


class Finding(msgspec.Struct, frozen=True):
    """A reason, and the task that it is about.

    Attributes:
        reference: The task; empty for the run as a whole.
        name: The task's name, or the workflow's.
        at: When it came to be, in microseconds since 1970-01-01 UTC.
        reason: The reason.
    """

    reference: str
    name: str
    at: int
    reason: Reason


class Explanation(msgspec.Struct, frozen=True):
    """Why something is as it is.

    Attributes:
        subject: The reference of the task that was asked for; empty for the run.
        status: The run's status.
        summary: The answer, in one sentence.
        present: What the run waits for, or how it ended and why.
        past: What was decided on the way, oldest first.
        options: What can be done now.
    """

    subject: str
    status: str
    summary: str
    present: list[Finding]
    past: list[Finding]
    options: list[Reason]


def explain_run(program: Program, events: Iterable[ev.Event], now: int) -> Explanation:
    """Explain where a run stands.

    Args:
        program: The run's workflow.
        events: Its history.
        now: The present moment, in microseconds since 1970-01-01 UTC.
    """
    story = _Story(program)
    story.read(events)
    present = story.find_present(now)
    return Explanation(
        subject="",
        status=story.state.status,
        summary=story.summarise(now),
        present=present,
        past=story.findings,
        options=story.list_options(),
    )


def explain_task(program: Program, events: Iterable[ev.Event], now: int, task: str) -> Explanation | None:
    """Explain what became of a task, or why it has not been reached; `None` if the workflow has no such task.

    Args:
        program: The run's workflow.
        events: Its history.
        now: The present moment, in microseconds since 1970-01-01 UTC.
        task: The task's reference in the run or in the document, or its name.
    """
    nodes = {node.index for node in program.nodes if task in (node.reference, node.name) and node.index}
    story = _Story(program)
    story.read(events)
    if not nodes and task not in story.visits:
        return None
    wanted = {reference for reference, visit in story.visits.items() if visit.node in nodes or reference == task}
    present = [finding for finding in story.find_present(now) if _is_at_or_below(finding.reference, wanted)]
    return Explanation(
        subject=task,
        status=story.state.status,
        summary=story.summarise_task(task, wanted, nodes, now),
        present=present,
        past=[finding for finding in story.findings if _is_at_or_below(finding.reference, wanted)],
        options=story.list_options() if present else [],
    )


def _is_at_or_below(reference: str, wanted: set[str]) -> bool:
    return any(reference == one or reference.startswith(f"{one}/") for one in wanted)


class _Visit(msgspec.Struct):
    """What became of a task, the last time that the flow came to it."""

    node: int
    outcome: str
    detail: str
    at: int
    seq: int
    times: int = 0


class _Story:
    """A history that is read once: the reasons in it, what became of each task, and the state at its end."""

    def __init__(self, program: Program) -> None:
        self._narrator = Narrator(program)
        self._program = program
        self.findings: list[Finding] = []
        self.visits: dict[str, _Visit] = {}
        self._held: dict[int, Reason] = {}
        self._retrying: dict[int, ev.ErrorCaught] = {}
        self._halted: Reason | None = None
        self._faulted: ev.RunFaulted | None = None

    @property
    def state(self) -> st.State:
        return self._narrator.state

    # -- reading ------------------------------------------------------------------------------------------------------

    def read(self, events: Iterable[ev.Event]) -> None:
        for event in events:
            place = self._narrator.find_place(event)
            self._visit(place.node, place.reference, event)
            sentence = self._narrator.tell(event)
            if sentence.reason is not None:
                self._note(sentence, event, sentence.reason)
            self._keep(event)

    def _visit(self, node: int, reference: str, event: ev.Event) -> None:
        """Keep what an event says of the task at `reference`, before it is folded."""
        outcome = _find_outcome(event)
        if outcome is None or not reference:
            return
        visit = self.visits.setdefault(reference, _Visit(node, *outcome, event.at, 0))
        visit.outcome, visit.detail, visit.at, visit.seq = *outcome, event.at, self.state.seq
        # A task of one step is entered and ended by one event.
        if isinstance(event, ev.TaskEntered | ev.TaskSkipped) or (
            isinstance(event, ev.TaskCompleted | ev.TaskFaulted) and event.entry not in self.state.entries
        ):
            visit.times += 1

    def _note(self, sentence: Sentence, event: ev.Event, reason: Reason) -> None:
        """Keep a reason, in the words of the sentence: it says what the reason is for."""
        told = Reason(reason.code, sentence.text, reason.facts)
        self.findings.append(Finding(sentence.reference, sentence.name, event.at, told))

    def _keep(self, event: ev.Event) -> None:
        match event:
            case ev.AttemptHeld():
                self._held[event.entry] = event.reason
            case ev.ErrorCaught(action="retry"):
                self._retrying[event.entry] = event
            case ev.RunSuspended() | ev.CancelRequested():
                self._halted = event.reason
            case ev.RunFaulted():
                self._faulted = event

    # -- the present --------------------------------------------------------------------------------------------------

    def find_present(self, now: int) -> list[Finding]:
        """Return what holds the run up now, or what ended it."""
        state = self.state
        found: list[Finding] = []
        if state.status == "faulted" and self._faulted is not None:
            return list(self._explain_fault(self._faulted))
        if self._halted is not None and state.status in {"suspended", "cancelling", "cancelled"}:
            found.append(self._about_run(Reason(state.status, self._say_halted(state.status, self._halted))))
        if not state.is_ended:
            for entry in state.entries.values():
                reason = self._explain_open(entry, now)
                if reason is not None:
                    node = self._program.nodes[entry.node]
                    found.append(Finding(entry.reference, node.name or self._program.name, entry.entered_at, reason))
            if state.ready and state.status == "running":
                found.append(self._about_run(_READY))
        return found

    def _about_run(self, reason: Reason) -> Finding:
        return Finding("", self._program.name, self.state.ended_at or self.state.started_at, reason)

    def _say_halted(self, status: str, reason: Reason) -> str:
        words = {"suspended": "The run is suspended", "cancelling": "The run is being cancelled"}
        return f"{words.get(status, 'The run was cancelled')}: {reason.text}"

    def _explain_open(self, entry: st.Entry, now: int) -> Reason | None:
        """Return what an open task waits for; `None` for one that only holds others."""
        for purpose in _PRESENT:
            if purpose in entry.timers:
                return self._explain_timer(entry, purpose, now)
        if entry.listening is not None:
            return self._explain_listening(entry, entry.listening, now) if entry.listening.wants else None
        attempt = entry.attempt
        if attempt is None or not self._program.nodes[entry.node].spec.awaits:
            return None
        node = self._program.nodes[entry.node]
        if attempt.state == "held":
            reason = self._held.get(entry.entry)
            text = "It waits to be admitted." if reason is None else reason.text
            facts = {} if reason is None else reason.facts
            return Reason("waiting_for_slot" if reason is None else reason.code, text, facts)
        if attempt.state != "open":
            return None
        if attempt.child_run_id is not None:
            text = f"It waits for the child run {attempt.child_run_id} ({describe_activity(node)})."
            return Reason("waiting_for_child", text, {"run_id": attempt.child_run_id})
        target = say_target(attempt.arguments)
        what = describe_activity(node) + (f" {target}" if target else "")
        text = f"Attempt {attempt.number} is under way for {say_length(now - entry.entered_at)}: {what}."
        return Reason("under_way", text + self._say_limit(entry, now), {"attempt": attempt.number})

    def _explain_timer(self, entry: st.Entry, purpose: str, now: int) -> Reason:
        due = entry.timers[purpose]
        left = f" ({say_length(due - now)} left)" if due > now else ", which is over"
        until = f"until {say_moment(due, now)}{left}"
        facts = {"due": ev.from_micros(due).isoformat()}
        if self.state.status == "suspended":
            until += "; it goes on when the run is resumed"
        if purpose == "wait":
            return Reason("waiting_for_time", f"It waits {until}.", facts)
        caught = self._retrying.get(entry.entry)
        why = "" if caught is None else f" {_sentence(say_error(caught.error))} {caught.reason.text}"
        return Reason("waiting_for_retry", f"It waits {until} to try again.{why}", facts)

    def _explain_listening(self, entry: st.Entry, progress: st.ListenProgress, now: int) -> Reason:
        strategy = self._program.nodes[entry.node].spec.strategy
        wanted = [
            spec
            for index, spec in enumerate(strategy.filters)
            if strategy.mode != "all" or index not in progress.satisfied
        ]
        what = f"an event {say_filters(wanted, 'or')}" if wanted else "any event"
        text = f"It waits for {what}, since {say_moment(entry.entered_at, now)}"
        if progress.count:
            text += f"; it has had {progress.count}"
        if strategy.until_events is not None:
            text += f"; it ends with {say_strategy(strategy.until_events)}"
        elif strategy.until is not None:
            text += f"; it ends when `{strategy.until.source}` holds"
        if self.state.status == "suspended":
            text += "; it goes on when the run is resumed"
        facts = {"types": list_types(wanted), "received": progress.count, "position": progress.cursor}
        return Reason("waiting_for_event", f"{text}.{self._say_limit(entry, now)}", facts)

    def _say_limit(self, entry: st.Entry, now: int) -> str:
        due = entry.timers.get("timeout")
        return "" if due is None else f" Its timeout is at {say_moment(due, now)}."

    def _explain_fault(self, fault: ev.RunFaulted) -> Iterator[Finding]:
        reference = find_failed_reference(self._program, self.state) or fault.error.instance
        node = self.state.failed.node if self.state.failed is not None else 0
        name = self._program.nodes[node].name or self._program.name
        facts = {"error": fault.error.to_json()}
        yield Finding(reference, name, fault.at, Reason("faulted", _sentence(say_error(fault.error)), facts))
        for reason in fault.reasons:
            yield Finding(reference, name, fault.at, reason)
        if not fault.reasons:
            text = "No `try` stands around it that could have caught the error."
            yield Finding(reference, name, fault.at, Reason("no_try", text))

    # -- the answer ---------------------------------------------------------------------------------------------------

    def summarise(self, now: int) -> str:
        """Return where the run stands, in a sentence."""
        state = self.state
        length = say_length((state.ended_at or now) - state.started_at)
        if state.status == "faulted":
            name = self._program.nodes[state.failed.node].name if state.failed is not None else ""
            where = f" at the task `{name}`" if name else ""
            return f"The run faulted{where} after {length}."
        if state.status in {"completed", "cancelled"}:
            return f"The run {'was ' if state.status == 'cancelled' else ''}{state.status} after {length}."
        words = {"suspended": "is suspended", "cancelling": "is being cancelled"}
        return f"The run {words.get(state.status, 'is under way')}, {length} after its start."

    def summarise_task(self, task: str, wanted: set[str], nodes: set[int], now: int) -> str:
        """Return what became of a task, in a sentence."""
        if not wanted:
            return f"The task `{task}` has not been reached: {self._say_not_reached(nodes)}"
        reference = max(wanted, key=lambda one: self.visits[one].seq)
        visit = self.visits[reference]
        times = f", {visit.times} times in all" if visit.times > 1 else ""
        places = f" (last at {reference}; {len(wanted)} places in all)" if len(wanted) > 1 else ""
        ago = say_moment(visit.at, now)
        text = _OUTCOME_TEXTS[visit.outcome].format(task=task, at=ago)
        detail = f" {_sentence(visit.detail)}" if visit.detail else ""
        return f"{text}{times}{places}.{detail}"

    def _say_not_reached(self, nodes: set[int]) -> str:
        if self.state.status == "faulted":
            return "the run faulted before."
        if self.state.is_ended:
            turned = self._find_turn(nodes)
            return turned or f"the run {self.state.status} without coming to it."
        return self._find_turn(nodes) or "the run is still before it."

    def _find_turn(self, nodes: set[int]) -> str:
        """Return where the flow turned away from a task: the last switch, skip or end around it."""
        around = {self._program.nodes[node].parent for node in nodes}
        for finding in reversed(self.findings):
            visit = self.visits.get(finding.reference)
            if visit is not None and self._program.nodes[visit.node].parent in around and finding.reason.code in _TURNS:
                return f"at `{finding.name}` the flow went another way. {finding.reason.text}"
        return ""

    def list_options(self) -> list[Reason]:
        """Return what a person can do with the run now."""
        state = self.state
        match state.status:
            case "faulted" if state.failed is not None:
                reference = find_failed_reference(self._program, state)
                options = [Reason("retry", "Try the task again, once the cause is gone.", {"reference": reference})]
                if state.failed.node:
                    options.append(Reason("skip", "Count the task as done and go on.", {"reference": reference}))
                if state.error is not None and state.error.type == LOST:
                    text = "Find out first whether the lost attempt did its work: if it did, skip it; if not, retry it."
                    options.insert(0, Reason("resolve_lost", text))
                return options
            case "suspended":
                return [Reason("resume", "Let the run go on."), Reason("cancel", "End the run.")]
            case "running":
                return [Reason("suspend", "Start nothing more for now."), Reason("cancel", "End the run.")]
        return []


_READY = Reason("ready", "The next step is ready: it is made as soon as a process works on this run.")

_TURNS = {"case_matched", "default_case", "no_case_matched", "condition_false"}


def _find_outcome(event: ev.Event) -> tuple[str, str] | None:
    """Return what an event makes of its task, and a word on it; `None` if it says nothing of the kind."""
    match event:
        case ev.TaskEntered():
            return "entered", ""
        case ev.TaskCompleted():
            return "completed", ""
        case ev.TaskSkipped():
            return "skipped", event.reason.text
        case ev.TaskPassed():
            return "passed", ""
        case ev.TaskFaulted():
            return "faulted", say_error(event.error)
        case ev.AttemptEnded() if event.error is not None:
            return "faulted", say_error(event.error)
        case ev.AttemptLost() if not event.again:
            return "faulted", event.reason.text
        case ev.TimerFired(purpose="timeout"):
            return "faulted", "Its timeout ran out."
        case _:
            return None


_OUTCOME_TEXTS = {
    "entered": "The task `{task}` is under way since {at}",
    "completed": "The task `{task}` completed at {at}",
    "skipped": "The task `{task}` was skipped at {at}",
    "faulted": "The task `{task}` faulted at {at}",
    "passed": "The task `{task}` was counted as done by a person at {at}",
}


def _sentence(text: Any) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
