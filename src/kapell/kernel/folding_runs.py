"""Folding the events of a run as a whole: its beginning, its end, its pauses and its repair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.closing import NOTHING, arm, close, rearm, stop_attempt
from kapell.kernel.consumption import copy_consumed
from kapell.kernel.effects import CancelChild, Effect, EndRun, PerformActivity, StopListening
from kapell.kernel.flow import follow
from kapell.kernel.folding_tasks import open_entry
from kapell.language.program import TO_NEXT, Kind, Program

if TYPE_CHECKING:
    from collections.abc import Sequence


def fold_run_started(program: Program, state: st.State, event: ev.RunStarted) -> Sequence[Effect]:
    """The run begins with its input, or with checking it."""
    _begin(state, event, event.raw_input)
    state.parent_run_id = event.parent_run_id
    state.depth = event.depth
    state.traceparent = event.traceparent
    if program.input_schema is None and program.input_from is None and program.timeout is None:
        _enter_first(program, state)
    else:
        state.ready.append(st.Begin())
    return NOTHING


def fold_input_accepted(program: Program, state: st.State, event: ev.InputAccepted) -> Sequence[Effect]:
    """The first task gets the transformed input."""
    state.ready.popleft()
    root = state.entries[st.ROOT]
    root.input = state.input = state.raw_input if event.input is UNSET else event.input
    _enter_first(program, state)
    return _limit_run(state, event)


def _enter_first(program: Program, state: st.State) -> None:
    state.ready.append(st.Enter(program.nodes[0].first, st.ROOT, state.input, 0))


def _limit_run(state: st.State, event: ev.InputAccepted | ev.RunForked) -> Sequence[Effect]:
    if event.deadline is not None:
        state.run_length = event.deadline - event.at
    return arm(state.entries[st.ROOT], "run_timeout", event.deadline)


def fold_run_forked(program: Program, state: st.State, event: ev.RunForked) -> Sequence[Effect]:
    """The run begins at a task, inside the tasks around it."""
    _begin(state, event, event.input)
    state.contexts[0] = event.context
    state.correlations = dict(event.correlations)
    state.consumed = {node: copy_consumed(consumed) for node, consumed in event.consumed.items()}
    parent = st.ROOT
    for node_index, raw_input, value in event.chain:
        opened = open_entry(
            program, state, st.Enter(node_index, parent, raw_input, 0), state.next_entry, value, event.at
        )
        if program.nodes[node_index].kind is Kind.TRY:
            opened.tried = st.TryProgress(began_at=event.at)
        parent = opened.entry
    state.ready.append(st.Enter(event.node, parent, event.value, 0))
    return _limit_run(state, event)


def _begin(state: st.State, event: ev.RunStarted | ev.RunForked, value: Any) -> None:
    state.run_id = event.run_id
    state.status = "running"
    state.started_at = event.at
    state.raw_input = event.raw_input
    state.input = value
    state.position = event.position
    state.contexts = {0: {}}
    state.entries = {
        st.ROOT: st.Entry(
            entry=st.ROOT,
            node=0,
            parent=st.ROOT,
            reference="",
            arrival=1,
            raw_input=event.raw_input,
            input=value,
            scope=0,
            variables={},
            entered_at=event.at,
        )
    }


def fold_run_completed(program: Program, state: st.State, event: ev.RunCompleted) -> Sequence[Effect]:
    """The last output is the run's."""
    del program
    item = state.ready.popleft()
    assert isinstance(item, st.FinishRun)
    state.output = item.value if event.output is UNSET else event.output
    return _end(state, "completed", event.at)


def fold_run_cancelled(program: Program, state: st.State, event: ev.RunCancelled) -> Sequence[Effect]:
    """Nothing of the run is left."""
    del program
    state.closing_children = []
    return _end(state, "cancelled", event.at)


def _end(state: st.State, status: str, at: int) -> Sequence[Effect]:
    state.status = status
    state.ended_at = at
    state.entries = {}
    state.contexts = {0: state.contexts.get(0)}
    state.ready.clear()
    return (EndRun(status),)


def fold_run_faulted(program: Program, state: st.State, event: ev.RunFaulted) -> Sequence[Effect]:
    """Stop everything, but keep where it stood: a repair goes on from here."""
    del program
    item = state.ready.popleft() if state.ready else None
    state.failed = item if isinstance(item, st.Fault) else None
    state.status = "faulted"
    state.ended_at = event.at
    state.error = event.error
    effects: list[Effect] = []
    for entry in state.entries.values():
        if stop_attempt(entry, effects):
            assert entry.attempt is not None
            entry.attempt.state = "interrupted"
        if entry.listening is not None:
            effects.append(StopListening(entry.entry))
    effects.append(EndRun("faulted"))
    return effects


def fold_run_suspended(program: Program, state: st.State, event: ev.RunSuspended) -> Sequence[Effect]:
    """No step is made until the run is resumed."""
    del program, event
    state.status = "suspended"
    return NOTHING


def fold_run_resumed(program: Program, state: st.State, event: ev.RunResumed) -> Sequence[Effect]:
    """Times are waited for again, and held attempts ask again."""
    del program, event
    state.status = "running"
    effects = rearm(state)
    effects.extend(
        PerformActivity(entry.entry, entry.attempt.number)
        for entry in state.entries.values()
        if entry.attempt is not None and entry.attempt.state == "held"
    )
    return effects


def fold_cancel_requested(program: Program, state: st.State, event: ev.CancelRequested) -> Sequence[Effect]:
    """Everything under way is ended; the run is cancelled when that is confirmed."""
    del program, event
    state.status = "cancelling"
    effects: list[Effect] = []
    for child in list(state.entries[st.ROOT].children):
        close(state, child, effects)
    state.ready.clear()
    state.closing_children = [effect.child_run_id for effect in effects if isinstance(effect, CancelChild)]
    return effects


def fold_task_retried(program: Program, state: st.State, event: ev.TaskRetried) -> Sequence[Effect]:
    """The faulted task, or one around it, is entered anew."""
    del program
    effects: list[Effect] = []
    again = state.failed
    if event.entry:
        entry = state.entries[event.entry]
        close(state, entry.entry, effects)
        state.ready.appendleft(st.Enter(entry.node, entry.parent, _or(event.input, entry.raw_input), entry.scope))
    elif again is not None and again.node:
        state.ready.appendleft(st.Enter(again.node, again.parent, _or(event.input, again.value), again.scope))
    return [*effects, *_reopen(state, event)]


def fold_task_passed(program: Program, state: st.State, event: ev.TaskPassed) -> Sequence[Effect]:
    """The flow goes on after the faulted task."""
    failed = state.failed
    assert failed is not None
    effects: list[Effect] = []
    node = program.nodes[failed.node]
    follow(program, state, node, failed.parent, failed.scope, _or(event.output, failed.value), TO_NEXT, effects)
    return [*effects, *_reopen(state, event)]


def _reopen(state: st.State, event: ev.TaskRetried | ev.TaskPassed) -> list[Effect]:
    """Let a faulted run go on: what its fault interrupted is made again, and its timers run.

    The time that it stood still does not count for the timeouts of tasks; the workflow's own begins anew.
    """
    assert state.ended_at is not None
    stood_still = event.at - state.ended_at
    state.status = "running"
    state.ended_at = None
    state.error = None
    state.failed = None
    for entry in state.entries.values():
        for purpose in ("timeout", "attempt_timeout"):
            if purpose in entry.timers:
                entry.timers[purpose] += stood_still
        if entry.attempt is not None and entry.attempt.state == "interrupted":
            entry.attempt.state = "repairing"
            state.ready.append(st.Perform(entry.entry, again=True))
    if event.deadline is not None:
        state.entries[st.ROOT].timers["run_timeout"] = event.deadline
    return rearm(state)


def _or(value: Any, default: Any) -> Any:
    return default if value is UNSET else value
