"""Telling a history task by task: what became of each, what it waited for, how often it was tried.

The story. Folding alone forgets a task when it has ended. So the teller looks at each event just before it is folded,
when the state still says which task it is about, and once more after: entries that are gone from the state by then,
and of which the event did not speak, were ended along with something else (the loser of a race, what lay within a
`try` that caught an error, all of a cancelled run).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.critical_path import CriticalPath
from kapell.kernel.evolve import evolve
from kapell.kernel.faults import make_lost_error, make_timeout_error
from kapell.kernel.references import make_reference
from kapell.kernel.task_stories import AttemptStory, RetryStory, TaskStory, Wait
from kapell.language.program import Kind
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kapell.kernel.task_stories import AttemptOutcome, StoryStatus
    from kapell.language.program import Program

_ITERATING = frozenset({Kind.FOR, Kind.LISTEN})
_FOR_TIME = Reason("waiting_for_time", "It waits for a time.")
_FOR_EVENT = Reason("waiting_for_event", "It waits for an event.")
_FOR_CHILD = Reason("waiting_for_child", "It waits for a child run.")


class TaskTeller:
    """Tells the history of one run, from its beginning; it can be told on as the run goes on.

    Attributes:
        stories: One for each time that the flow came to a task, in the order in which they began.
        state: The run's state after the last event that was told.
    """

    def __init__(self, program: Program) -> None:
        """Begin before the first event of a run of `program`."""
        self.program = program
        self.state = st.State()
        self.stories: list[TaskStory] = []
        self._open: dict[int, TaskStory] = {}
        self._faults: dict[tuple[int, int, int], TaskStory] = {}
        """Stories whose error looks for a `try`, by the item that carries the error."""
        self._path = CriticalPath(program)
        self._seq = 0

    def tell(self, events: Iterable[ev.Event]) -> None:
        """Fold the next events of the history."""
        for event in events:
            self._seq = self.state.seq + 1
            look = self._LOOK.get(type(event))
            failed = None if look is None else look(self, event)
            evolve(self.program, self.state, event)
            if failed is not None:
                self._remember_fault(failed)
            after = self._AFTER.get(type(event))
            if after is not None:
                after(self, event)
            if len(self._open) != max(len(self.state.entries) - 1, 0):
                self._end_forgotten(event.at)

    # -- beginnings and ends -------------------------------------------------------------------------------------------

    def _begin(self, node_index: int, parent: int, at: int, entry: int = 0) -> TaskStory:
        node, around = self.program.nodes[node_index], self.state.entries[parent]
        story = TaskStory(
            number=len(self.stories) + 1,
            seq=self._seq,
            node=node_index,
            reference=make_reference(self.program, around, node),
            name=node.name,
            kind=node.kind,
            parent=parent,
            began_at=at,
            entry=entry,
            iteration=around.iteration if self.program.nodes[around.node].kind in _ITERATING else None,
        )
        self.stories.append(story)
        self._path.add(story)
        return story

    def _end(self, story: TaskStory, status: StoryStatus, at: int) -> None:
        story.status, story.ended_at, story.seq = status, at, self._seq
        self._end_wait(story, at)

    def _fail(self, entry: int, error: Any, at: int, status: StoryStatus = "faulted") -> TaskStory:
        """End an open task with an error."""
        story = self._open.pop(entry)
        story.error = error
        self._end(story, status, at)
        self._end_attempt(story, "cancelled", at)
        return story

    def _end_forgotten(self, at: int) -> None:
        for entry in [entry for entry in self._open if entry not in self.state.entries]:
            story = self._open.pop(entry)
            if story.ended_at is None:
                self._end(story, "cancelled", at)
                self._end_attempt(story, "cancelled", at)
            elif story.status == "interrupted":  # a repair begins anew what is around it
                story.status, story.seq = "cancelled", self._seq

    def _end_wait(self, story: TaskStory, at: int) -> None:
        if story.wait is not None and story.wait.ended_at is None:
            story.wait.ended_at = at

    def _end_attempt(self, story: TaskStory, outcome: AttemptOutcome, at: int) -> None:
        attempt = story.attempts[-1] if story.attempts else None
        if attempt is not None and attempt.ended_at is None:
            attempt.outcome, attempt.ended_at = outcome, at

    # -- errors on their way up ----------------------------------------------------------------------------------------

    def _remember_fault(self, story: TaskStory) -> None:
        item = self.state.ready[0] if self.state.ready else None
        if isinstance(item, st.Fault):
            self._faults[item.parent, item.node, item.entry] = story

    def _find_fault(self) -> st.Fault | None:
        item = self.state.ready[0] if self.state.ready else None
        return item if isinstance(item, st.Fault) else None

    def _iter_chain(self, fault: st.Fault, above: int) -> Iterator[TaskStory]:
        """Yield the open tasks that an error has left on its way up to, and without, the entry `above`."""
        for entry in self.state.iter_ancestors(fault.parent):
            if entry.entry == above:
                return
            yield self._open[entry.entry]

    def _catch(self, fault: st.Fault, above: int, at: int) -> None:
        """Say of an error that it was caught, and end what it has left on its way."""
        failed = self._faults.pop((fault.parent, fault.node, fault.entry), None)
        if failed is not None:
            failed.status, failed.seq = "caught", self._seq
        for story in list(self._iter_chain(fault, above)):
            del self._open[story.entry]
            self._end(story, "caught", at)
        self._follow_fault(fault, above)

    def _follow_fault(self, fault: st.Fault, above: int) -> None:
        """Let the way that an error took, up to the entry `above`, be the one that counts."""
        inside = fault.node
        for entry in self.state.iter_ancestors(fault.parent):
            if entry.entry == above:
                return
            self._path.end_branch(entry.entry, inside, self._seq, decides=True)
            inside = entry.node

    # -- looking at events before they are folded ----------------------------------------------------------------------

    def _entered(self, event: ev.TaskEntered) -> None:
        item = self.state.ready[0]
        assert isinstance(item, st.Enter)
        story = self._open[event.entry] = self._begin(event.node, item.parent, event.at, event.entry)
        if story.kind is Kind.FOR and isinstance(event.value, list):
            story.items = len(event.value)
        elif story.kind is Kind.WAIT and event.due is not None:
            story.due, story.status = event.due, "waiting"
            story.wait = Wait(_FOR_TIME, event.at)
        elif story.kind is Kind.LISTEN:
            story.status, story.wait = "waiting", Wait(_FOR_EVENT, event.at)

    def _completed(self, event: ev.TaskCompleted) -> None:
        item = self.state.ready[0]
        if isinstance(item, st.Enter):
            story = self._begin(event.node, item.parent, event.at, event.entry)
        else:
            assert isinstance(item, st.Finish)
            story = self._open.pop(item.entry)
        story.reason = event.reason or story.reason
        self._end(story, "completed", event.at)
        self._path.complete_branch(story.parent, story.node, self._seq)

    def _skipped(self, event: ev.TaskSkipped) -> None:
        item = self.state.ready[0]
        assert isinstance(item, st.Enter)
        story = self._begin(event.node, item.parent, event.at)
        story.reason = event.reason
        self._end(story, "skipped", event.at)
        self._path.complete_branch(story.parent, story.node, self._seq)

    def _faulted(self, event: ev.TaskFaulted) -> TaskStory:
        item = self.state.ready[0]
        if isinstance(item, st.Enter):
            story = self._begin(event.node, item.parent, event.at, event.entry)
            story.error = event.error
            self._end(story, "faulted", event.at)
            return story
        assert isinstance(item, st.Finish | st.Iterate | st.Perform | st.Handle)
        return self._fail(item.entry, event.error, event.at)

    def _loop_ended(self, event: ev.LoopEnded) -> None:
        story = self._open[event.entry]
        story.reason, story.seq = event.reason, self._seq

    def _attempt_created(self, event: ev.AttemptCreated) -> None:
        story = self._open[event.entry]
        story.attempts = [*story.attempts, AttemptStory(event.attempt, event.at)]
        story.status, story.seq = "running", self._seq

    def _attempt_held(self, event: ev.AttemptHeld) -> None:
        story = self._open[event.entry]
        attempt = story.attempts[-1]
        self._end_wait(story, event.at)
        story.wait = Wait(event.reason, event.at)
        attempt.holds = [*attempt.holds, story.wait]
        attempt.outcome = "held"
        story.status, story.seq = "held", self._seq

    def _attempt_dispatched(self, event: ev.AttemptDispatched) -> None:
        story = self._open[event.entry]
        self._end_wait(story, event.at)
        story.attempts[-1].outcome = "open"
        story.status, story.seq = "running", self._seq

    def _attempt_ended(self, event: ev.AttemptEnded) -> TaskStory | None:
        story = self._open[event.entry]
        attempt = story.attempts[-1]
        attempt.started_at, attempt.error = event.started, event.error
        self._end_wait(story, event.at)
        self._end_attempt(story, "succeeded" if event.error is None else "failed", event.at)
        story.status, story.seq = "running", self._seq
        return None if event.error is None else self._fail(event.entry, event.error, event.at)

    def _attempt_lost(self, event: ev.AttemptLost) -> TaskStory | None:
        story = self._open[event.entry]
        self._end_wait(story, event.at)
        self._end_attempt(story, "lost", event.at)
        story.status, story.seq = "running", self._seq
        return None if event.again else self._fail(event.entry, make_lost_error(story.reference), event.at, "lost")

    def _child_started(self, event: ev.ChildStarted) -> None:
        story = self._open[event.entry]
        attempt = AttemptStory(len(story.attempts) + 1, event.at, child_run_id=event.child_run_id)
        story.attempts = [*story.attempts, attempt]
        story.seq = self._seq
        if self.program.nodes[story.node].spec.awaits:
            story.status, story.wait = "waiting", Wait(_FOR_CHILD, event.at)

    def _timer_fired(self, event: ev.TimerFired) -> TaskStory | None:
        if event.purpose in {"wait", "retry"}:
            story = self._open[event.entry]
            self._end_wait(story, event.at)
            story.status, story.seq = "running", self._seq
        elif event.purpose == "timeout":
            error = make_timeout_error(self._open[event.entry].reference, "The task")
            return self._fail(event.entry, error, event.at)
        return None

    def _event_received(self, event: ev.EventReceived) -> None:
        story = self._open[event.entry]
        if not event.until:
            story.items = (story.items or 0) + 1
        if self.program.nodes[story.node].spec.handler is not None and not event.until:
            self._end_wait(story, event.at)
            story.status = "running"
        story.seq = self._seq

    def _event_handled(self, event: ev.EventHandled) -> None:
        story = self._open[event.entry]
        story.reason, story.seq = event.reason or story.reason, self._seq
        if story.wait is not None and story.wait.ended_at is not None and not event.ends:
            story.waited += story.wait.ended_at - story.wait.began_at
            story.status, story.wait = "waiting", Wait(_FOR_EVENT, event.at)

    def _error_caught(self, event: ev.ErrorCaught) -> None:
        fault = self._find_fault()
        if fault is not None:
            self._catch(fault, event.entry, event.at)
        story = self._open[event.entry]
        story.seq = self._seq
        if event.action == "retry" and event.due is not None:
            retry = RetryStory(event.retries, event.at, event.due, event.error)
            story.retries = [*story.retries, retry]
            story.status, story.wait = "waiting", Wait(Reason("waiting_for_retry", event.reason.text), event.at)
        else:
            story.reason = event.reason

    def _branch_faulted(self, event: ev.BranchFaulted) -> None:
        fault = self._find_fault()
        if fault is not None:
            self._catch(fault, event.entry, event.at)
        self._path.end_branch(event.entry, event.node, self._seq)

    # -- the run as a whole --------------------------------------------------------------------------------------------

    def _run_faulted(self, event: ev.RunFaulted) -> None:
        fault = self._find_fault()
        around = set()
        if fault is not None:
            around = {story.entry for story in self._iter_chain(fault, st.ROOT)}
            self._follow_fault(fault, st.ROOT)
        for entry, story in self._open.items():
            self._end(story, "faulted" if entry in around else "interrupted", event.at)
            self._end_attempt(story, "interrupted", event.at)

    def _passed(self, event: ev.TaskPassed) -> None:
        self._mend("passed", event.reason)

    def _retried(self, event: ev.TaskRetried) -> None:
        self._mend("retried", event.reason)
        for entry in self.state.iter_subtree(event.entry) if event.entry else ():
            story = self._open[entry.entry]
            if story.status == "faulted":  # it begins anew as another entry
                story.reason = event.reason
                story.status, story.seq = "retried", self._seq

    def _mend(self, status: StoryStatus, reason: Reason) -> None:
        """Say what a person did about the task that the run faulted at."""
        failed = self.state.failed
        story = None if failed is None else self._faults.pop((failed.parent, failed.node, failed.entry), None)
        if story is not None:
            story.reason = reason
            story.status, story.seq = status, self._seq

    def _reopened(self, _event: ev.TaskRetried | ev.TaskPassed) -> None:
        """Let go on what the run's fault had ended, but is still in the state."""
        for number, story in self._open.items():
            entry = self.state.entries.get(number)
            if entry is None:
                continue
            story.ended_at, story.seq = None, self._seq
            is_listening = entry.listening is not None and entry.listening.wants
            is_waiting = is_listening or "wait" in entry.timers or "retry" in entry.timers
            story.status = "waiting" if is_waiting else "running"
            if is_waiting and story.wait is not None:
                story.wait.ended_at = None

    def _run_forked(self, event: ev.RunForked) -> None:
        for number, entry in self.state.entries.items():
            if number != st.ROOT:
                self._open[number] = self._begin(entry.node, entry.parent, event.at, number)

    _LOOK: ClassVar[dict[type[ev.Event], Callable[[Any, Any], TaskStory | None]]] = {
        ev.TaskEntered: _entered,
        ev.TaskCompleted: _completed,
        ev.TaskSkipped: _skipped,
        ev.TaskFaulted: _faulted,
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
        ev.TaskPassed: _passed,
        ev.TaskRetried: _retried,
        ev.RunFaulted: _run_faulted,
    }
    """What is read from an event before it is folded; the story of the task that it fails is returned."""

    _AFTER: ClassVar[dict[type[ev.Event], Callable[[Any, Any], None]]] = {
        ev.TaskRetried: _reopened,
        ev.TaskPassed: _reopened,
        ev.RunForked: _run_forked,
    }
    """What is read from the state that an event has led to."""
