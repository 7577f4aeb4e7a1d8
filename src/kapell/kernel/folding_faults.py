"""Folding what may go wrong: attempts and their outcomes, timers, errors and who catches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.closing import NOTHING, arm, clear_inside, close, fail
from kapell.kernel.effects import Effect, PerformActivity, StartChild
from kapell.kernel.faults import make_lost_error, make_timeout_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.program import Program


def fold_task_faulted(_program: Program, state: st.State, event: ev.TaskFaulted) -> Sequence[Effect]:
    """A step failed: the error looks for a `try` around the task."""
    item = state.ready.popleft()
    effects: list[Effect] = []
    if isinstance(item, st.Enter):
        if event.entry:
            state.arrivals[event.node] = state.arrivals.get(event.node, 0) + 1
            state.next_entry = event.entry + 1
        state.ready.appendleft(st.Fault(item.parent, event.node, event.entry, item.value, item.scope, event.error))
        return effects
    assert isinstance(item, st.Finish | st.Iterate | st.Perform | st.Handle)
    fail(state, state.entries[item.entry], event.error, effects)
    return effects


def fold_error_caught(program: Program, state: st.State, event: ev.ErrorCaught) -> Sequence[Effect]:
    """A `try` caught an error: what it held is ended, then it waits, handles or ends."""
    state.ready.popleft()
    entry = state.entries[event.entry]
    spec = program.nodes[entry.node].spec
    assert entry.tried is not None
    effects: list[Effect] = []
    clear_inside(state, entry, effects)
    entry.timers.pop("attempt_timeout", None)
    if event.action == "retry":
        entry.tried.retries = event.retries
        effects.extend(arm(entry, "attempt_timeout", event.attempt_deadline))
        effects.extend(arm(entry, "retry", event.due))
        return effects
    entry.tried.handling = True
    if event.action == "handle":
        outer = state.entries[entry.parent].variables
        entry.variables = {**outer, spec.variable: msgspec.to_builtins(event.error)}
        state.ready.append(st.Enter(spec.catch_first, entry.entry, entry.input, entry.scope))
    else:
        state.ready.append(st.Finish(entry.entry, entry.input))
    return effects


def fold_branch_faulted(_program: Program, state: st.State, event: ev.BranchFaulted) -> Sequence[Effect]:
    """The branch is out of the race."""
    state.ready.popleft()
    fork = state.entries[event.entry]
    assert fork.forked is not None
    fork.forked.remaining -= 1
    effects: list[Effect] = []
    for child in list(fork.children):
        if state.entries[child].node == event.node:
            close(state, child, effects)
    return effects


def fold_timer_fired(program: Program, state: st.State, event: ev.TimerFired) -> Sequence[Effect]:
    """A time came: go on, or fail what took too long."""
    entry = state.entries[event.entry]
    del entry.timers[event.purpose]
    effects: list[Effect] = []
    if event.purpose == "wait":
        state.ready.append(st.Finish(entry.entry, entry.input))
    elif event.purpose == "retry":
        spec = program.nodes[entry.node].spec
        state.ready.append(st.Enter(spec.first, entry.entry, entry.input, entry.scope))
    elif event.purpose == "timeout":
        fail(state, entry, make_timeout_error(entry.reference, "The task"), effects)
    elif event.purpose == "attempt_timeout":
        clear_inside(state, entry, effects)
        error = make_timeout_error(entry.reference, "A retry of the `try`")
        first = program.nodes[entry.node].spec.first
        state.ready.appendleft(st.Fault(entry.entry, first, 0, entry.input, entry.scope, error))
    else:
        error = make_timeout_error("", "The workflow")
        state.ready.appendleft(st.Fault(st.ROOT, 0, 0, state.raw_input, 0, error))
    return effects


def fold_attempt_created(program: Program, state: st.State, event: ev.AttemptCreated) -> Sequence[Effect]:
    """The attempt is open from here on."""
    del program
    state.ready.popleft()
    entry = state.entries[event.entry]
    known = entry.attempt.arguments if entry.attempt is not None else None
    arguments = known if event.arguments is UNSET else event.arguments
    entry.attempt = st.Attempt(event.attempt, event.key_number, "open", arguments)
    return (PerformActivity(event.entry, event.attempt),)


def fold_attempt_held(program: Program, state: st.State, event: ev.AttemptHeld) -> Sequence[Effect]:
    """The attempt waits."""
    del program
    attempt = state.entries[event.entry].attempt
    assert attempt is not None
    attempt.state = "held"
    return NOTHING


def fold_attempt_dispatched(program: Program, state: st.State, event: ev.AttemptDispatched) -> Sequence[Effect]:
    """The attempt may start now."""
    del program
    attempt = state.entries[event.entry].attempt
    assert attempt is not None
    attempt.state = "open"
    return (PerformActivity(event.entry, event.attempt),)


def fold_attempt_ended(program: Program, state: st.State, event: ev.AttemptEnded) -> Sequence[Effect]:
    """The outcome is known: go on with the output, or fail with the error.

    Work that the task does not wait for has ended, as far as the run is concerned, when it has begun; the task's output
    is its input then.
    """
    entry = state.entries[event.entry]
    assert entry.attempt is not None
    entry.attempt.state = "ended"
    effects: list[Effect] = []
    if event.error is not None:
        fail(state, entry, event.error, effects)
    elif program.nodes[entry.node].spec.awaits:
        state.ready.append(st.Finish(event.entry, None if event.output is UNSET else event.output))
    else:
        state.ready.append(st.Finish(event.entry, entry.input))
    return effects


def fold_attempt_lost(program: Program, state: st.State, event: ev.AttemptLost) -> Sequence[Effect]:
    """The outcome is unknown: make it again, or fail."""
    del program
    entry = state.entries[event.entry]
    assert entry.attempt is not None
    entry.attempt.state = "ended"
    effects: list[Effect] = []
    if event.again:
        state.ready.append(st.Perform(event.entry, again=True))
    else:
        fail(state, entry, make_lost_error(entry.reference), effects)
    return effects


def fold_child_started(program: Program, state: st.State, event: ev.ChildStarted) -> Sequence[Effect]:
    """The task waits for a child run, or only for its start."""
    del program
    state.ready.popleft()
    entry = state.entries[event.entry]
    number = 1 if entry.attempt is None else entry.attempt.number + 1
    entry.attempt = st.Attempt(number, number, "open", child_run_id=event.child_run_id)
    return (StartChild(event.entry, event.child_run_id, entry.node, event.input),)
