"""Folding: what an event makes of the state, and what the outside has to do because of it.

Nothing is evaluated and nothing is refused here: an event has happened. The table at the end has one line for each kind
of event. An event that a step has made takes the step's item off the front of the queue; an event that a command has
made finds the entry that it names.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.effects import (
    ArmTimer,
    CancelAttempt,
    CancelChild,
    Effect,
    EndRun,
    PerformActivity,
    PublishEvent,
    StartChild,
)
from kapell.kernel.faults import make_lost_error, make_timeout_error
from kapell.kernel.references import make_reference
from kapell.language.program import NO_NODE, TO_END, TO_EXIT, TO_NEXT, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kapell.language.error_types import WorkflowError
    from kapell.language.program import Node, Program

_NONE: tuple[Effect, ...] = ()


def evolve(program: Program, state: st.State, event: ev.Event) -> Sequence[Effect]:
    """Fold one event into `state`, in place, and return what the outside has to do because of it.

    A host that recovers a run ignores what is returned, and asks `kapell.kernel.recovery` for what is open instead.
    """
    state.seq += 1
    return _FOLD[type(event)](program, state, event)


# -- the run ----------------------------------------------------------------------------------------------------------


def _run_started(program: Program, state: st.State, event: ev.RunStarted) -> Sequence[Effect]:
    _begin(state, event, event.raw_input)
    state.parent_run_id = event.parent_run_id
    if program.input_schema is None and program.input_from is None and program.timeout is None:
        _enter_first(program, state)
    else:
        state.ready.append(st.Begin())
    return _NONE


def _input_accepted(program: Program, state: st.State, event: ev.InputAccepted) -> Sequence[Effect]:
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
    return _arm(state.entries[st.ROOT], "run_timeout", event.deadline)


def _run_forked(program: Program, state: st.State, event: ev.RunForked) -> Sequence[Effect]:
    _begin(state, event, event.input)
    state.contexts[0] = event.context
    parent = st.ROOT
    for node_index, raw_input, value in event.chain:
        opened = _open_entry(
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


def _run_completed(program: Program, state: st.State, event: ev.RunCompleted) -> Sequence[Effect]:
    del program
    item = state.ready.popleft()
    assert isinstance(item, st.FinishRun)
    state.output = item.value if event.output is UNSET else event.output
    return _end(state, "completed", event.at)


def _run_cancelled(program: Program, state: st.State, event: ev.RunCancelled) -> Sequence[Effect]:
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


def _run_faulted(program: Program, state: st.State, event: ev.RunFaulted) -> Sequence[Effect]:
    """Stop everything, but keep where it stood: a repair goes on from here."""
    del program
    item = state.ready.popleft() if state.ready else None
    state.failed = item if isinstance(item, st.Fault) else None
    state.status = "faulted"
    state.ended_at = event.at
    state.error = event.error
    effects: list[Effect] = []
    for entry in state.entries.values():
        if _stop_attempt(entry, effects):
            assert entry.attempt is not None
            entry.attempt.state = "interrupted"
    effects.append(EndRun("faulted"))
    return effects


def _run_suspended(program: Program, state: st.State, event: ev.RunSuspended) -> Sequence[Effect]:
    del program, event
    state.status = "suspended"
    return _NONE


def _run_resumed(program: Program, state: st.State, event: ev.RunResumed) -> Sequence[Effect]:
    del program, event
    state.status = "running"
    effects = _rearm(state)
    effects.extend(
        PerformActivity(entry.entry, entry.attempt.number)
        for entry in state.entries.values()
        if entry.attempt is not None and entry.attempt.state == "held"
    )
    return effects


def _cancel_requested(program: Program, state: st.State, event: ev.CancelRequested) -> Sequence[Effect]:
    del program, event
    state.status = "cancelling"
    effects: list[Effect] = []
    for child in list(state.entries[st.ROOT].children):
        _close(state, child, effects)
    state.ready.clear()
    state.closing_children = [effect.child_run_id for effect in effects if isinstance(effect, CancelChild)]
    return effects


# -- tasks ------------------------------------------------------------------------------------------------------------


def _task_entered(program: Program, state: st.State, event: ev.TaskEntered) -> Sequence[Effect]:
    item = state.ready.popleft()
    assert isinstance(item, st.Enter)
    value = item.value if event.input is UNSET else event.input
    entry = _open_entry(program, state, item, event.entry, value, event.at)
    effects = _arm(entry, "timeout", event.deadline)
    return [*effects, *_OPEN[program.nodes[event.node].kind](program, state, entry, event)]


def _open_entry(program: Program, state: st.State, item: st.Enter, number: int, value: Any, at: int) -> st.Entry:
    parent = state.entries[item.parent]
    node = program.nodes[item.node]
    arrival = state.arrivals.get(node.index, 0) + 1
    state.arrivals[node.index] = arrival
    state.next_entry = number + 1
    entry = st.Entry(
        entry=number,
        node=node.index,
        parent=item.parent,
        reference=make_reference(program, parent, node),
        arrival=arrival,
        raw_input=item.value,
        input=value,
        scope=item.scope,
        variables=parent.variables,
        entered_at=at,
    )
    state.entries[number] = entry
    parent.children[number] = None
    return entry


def _open_list(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del event
    state.ready.append(st.Enter(program.nodes[entry.node].first, entry.entry, entry.input, entry.scope))
    return _NONE


def _open_function(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    spec = program.nodes[entry.node].spec
    state.ready.append(st.Enter(spec.first, entry.entry, event.value, entry.scope))
    return _NONE


def _open_for(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    assert isinstance(event.value, list)
    entry.collection = event.value
    _iterate(program, state, entry, 0, entry.input)
    return _NONE


def _open_fork(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del event
    branches = program.nodes[entry.node].spec.branches
    context = state.contexts[entry.scope]
    scopes = {}
    for position, branch in enumerate(branches):
        scope = state.next_scope
        state.next_scope += 1
        state.contexts[scope] = context
        scopes[position] = scope
        state.ready.append(st.Enter(branch, entry.entry, entry.input, scope))
    entry.forked = st.ForkProgress(remaining=len(branches), scopes=scopes)
    return _NONE


def _open_try(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    entry.tried = st.TryProgress(began_at=event.at)
    state.ready.append(st.Enter(program.nodes[entry.node].spec.first, entry.entry, entry.input, entry.scope))
    return _NONE


def _open_wait(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del program, state
    return _arm(entry, "wait", event.due)


def _open_activity(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del program, event
    state.ready.append(st.Perform(entry.entry))
    return _NONE


_OPEN: dict[Kind, Callable[[Program, st.State, st.Entry, ev.TaskEntered], Sequence[Effect]]] = {
    Kind.DO: _open_list,
    Kind.FUNCTION: _open_function,
    Kind.FOR: _open_for,
    Kind.FORK: _open_fork,
    Kind.TRY: _open_try,
    Kind.WAIT: _open_wait,
    Kind.ACTIVITY: _open_activity,
    Kind.WORKFLOW: _open_activity,
}


def _task_completed(program: Program, state: st.State, event: ev.TaskCompleted) -> Sequence[Effect]:
    item = state.ready.popleft()
    node = program.nodes[event.node]
    effects: list[Effect] = []
    if type(item) is st.Enter:
        parent, scope, output = item.parent, item.scope, item.value
        state.arrivals[event.node] = state.arrivals.get(event.node, 0) + 1
        state.next_entry = event.entry + 1
    else:
        assert isinstance(item, st.Finish)
        entry = _remove(state, state.entries[item.entry])
        parent, scope, output = entry.parent, entry.scope, item.value
    if event.output is not UNSET:
        output = event.output
    if event.context is not UNSET:
        state.contexts[scope] = event.context
    if node.kind is Kind.EMIT:
        effects.append(PublishEvent(output))
    _flow(program, state, node, parent, scope, output, node.then if event.to is None else event.to, effects)
    return effects


def _task_skipped(program: Program, state: st.State, event: ev.TaskSkipped) -> Sequence[Effect]:
    item = state.ready.popleft()
    assert isinstance(item, st.Enter)
    effects: list[Effect] = []
    _flow(program, state, program.nodes[event.node], item.parent, item.scope, item.value, TO_NEXT, effects)
    return effects


def _task_faulted(program: Program, state: st.State, event: ev.TaskFaulted) -> Sequence[Effect]:
    item = state.ready.popleft()
    effects: list[Effect] = []
    if isinstance(item, st.Enter):
        if event.entry:
            state.arrivals[event.node] = state.arrivals.get(event.node, 0) + 1
            state.next_entry = event.entry + 1
        state.ready.appendleft(st.Fault(item.parent, event.node, event.entry, item.value, item.scope, event.error))
        return effects
    assert isinstance(item, st.Finish | st.Iterate | st.Perform)
    _fail(state, state.entries[item.entry], event.error, effects)
    return effects


# -- where the flow goes ----------------------------------------------------------------------------------------------


def _flow(
    program: Program,
    state: st.State,
    node: Node,
    parent: int,
    scope: int,
    output: Any,
    target: int,
    effects: list[Effect],
) -> None:
    """Go on after `node` has ended with `output`."""
    around = state.entries[parent]
    if target == TO_END:
        for child in list(state.entries[st.ROOT].children):
            _close(state, child, effects)
        state.ready.clear()
        state.ready.append(st.FinishRun(output))
    elif around.forked is not None:
        _end_branch(program, state, around, node.position, output, effects)
    elif target >= 0:
        state.ready.append(st.Enter(target, parent, output, scope))
    elif target == TO_EXIT or node.next == NO_NODE:
        _end_list(program, state, around, output)
    else:
        state.ready.append(st.Enter(node.next, parent, output, scope))


def _end_list(program: Program, state: st.State, around: st.Entry, value: Any) -> None:
    if around.entry == st.ROOT:
        state.ready.append(st.FinishRun(value))
    elif program.nodes[around.node].kind is Kind.FOR:
        _iterate(program, state, around, around.iteration + 1, value)
    else:
        state.ready.append(st.Finish(around.entry, value))


def _iterate(program: Program, state: st.State, entry: st.Entry, index: int, value: Any) -> None:
    if index >= len(entry.collection):
        state.ready.append(st.Finish(entry.entry, value))
    elif program.nodes[entry.node].spec.condition is not None:
        _name_item(program, state, entry, index)
        state.ready.append(st.Iterate(entry.entry, index, value))
    else:
        _begin_iteration(program, state, entry, index, value)


def _begin_iteration(program: Program, state: st.State, entry: st.Entry, index: int, value: Any) -> None:
    _name_item(program, state, entry, index)
    state.ready.append(st.Enter(program.nodes[entry.node].spec.first, entry.entry, value, entry.scope))


def _name_item(program: Program, state: st.State, entry: st.Entry, index: int) -> None:
    spec = program.nodes[entry.node].spec
    entry.iteration = index
    outer = state.entries[entry.parent].variables
    entry.variables = {**outer, spec.each: entry.collection[index], spec.at: index}


def _iteration_started(program: Program, state: st.State, event: ev.IterationStarted) -> Sequence[Effect]:
    item = state.ready.popleft()
    assert isinstance(item, st.Iterate)
    _begin_iteration(program, state, state.entries[event.entry], event.index, item.value)
    return _NONE


def _loop_ended(program: Program, state: st.State, event: ev.LoopEnded) -> Sequence[Effect]:
    del program
    item = state.ready.popleft()
    assert isinstance(item, st.Iterate)
    state.ready.append(st.Finish(event.entry, item.value))
    return _NONE


def _end_branch(
    program: Program, state: st.State, fork: st.Entry, position: int, output: Any, effects: list[Effect]
) -> None:
    """Take a branch's output; at the join (or with the winner), give the outputs and the contexts to the fork."""
    progress = fork.forked
    assert progress is not None
    progress.outputs[position] = output
    progress.remaining -= 1
    if program.nodes[fork.node].spec.compete:
        for child in list(fork.children):
            _close(state, child, effects)
        _drop_ready(state, {fork.entry})
        _join_contexts(state, fork, [position])
        state.ready.append(st.Finish(fork.entry, output))
    elif progress.remaining == 0:
        positions = range(len(progress.scopes))
        _join_contexts(state, fork, positions)
        state.ready.append(st.Finish(fork.entry, [progress.outputs[index] for index in positions]))


def _join_contexts(state: st.State, fork: st.Entry, positions: Sequence[int]) -> None:
    """Let each branch contribute the top-level keys in which it differs from the context at the fork (decision 11)."""
    progress = fork.forked
    assert progress is not None
    base = state.contexts[fork.scope]
    joined = base
    for position in positions:
        branch = state.contexts[progress.scopes[position]]
        if branch is not base:
            joined = _join(base, joined, branch)
    state.contexts[fork.scope] = joined
    for scope in progress.scopes.values():
        state.contexts.pop(scope, None)
    progress.scopes = {}


def _join(base: Any, joined: Any, branch: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(branch, dict) and isinstance(joined, dict)):
        return branch
    changed = {key: value for key, value in branch.items() if key not in base or base[key] != value}
    removed = base.keys() - branch.keys()
    return {key: value for key, value in joined.items() if key not in removed} | changed


# -- faults -----------------------------------------------------------------------------------------------------------


def _fail(state: st.State, entry: st.Entry, error: WorkflowError, effects: list[Effect]) -> None:
    """End an open entry with an error, which then looks for a `try` around it before anything else happens."""
    _close(state, entry.entry, effects)
    state.ready.appendleft(st.Fault(entry.parent, entry.node, entry.entry, entry.raw_input, entry.scope, error))


def _error_caught(program: Program, state: st.State, event: ev.ErrorCaught) -> Sequence[Effect]:
    state.ready.popleft()
    entry = state.entries[event.entry]
    spec = program.nodes[entry.node].spec
    assert entry.tried is not None
    effects: list[Effect] = []
    _clear_inside(state, entry, effects)
    entry.timers.pop("attempt_timeout", None)
    if event.action == "retry":
        entry.tried.retries = event.retries
        effects.extend(_arm(entry, "attempt_timeout", event.attempt_deadline))
        effects.extend(_arm(entry, "retry", event.due))
        return effects
    entry.tried.handling = True
    if event.action == "handle":
        outer = state.entries[entry.parent].variables
        entry.variables = {**outer, spec.variable: msgspec.to_builtins(event.error)}
        state.ready.append(st.Enter(spec.catch_first, entry.entry, entry.input, entry.scope))
    else:
        state.ready.append(st.Finish(entry.entry, entry.input))
    return effects


def _timer_fired(program: Program, state: st.State, event: ev.TimerFired) -> Sequence[Effect]:
    entry = state.entries[event.entry]
    del entry.timers[event.purpose]
    effects: list[Effect] = []
    if event.purpose == "wait":
        state.ready.append(st.Finish(entry.entry, entry.input))
    elif event.purpose == "retry":
        spec = program.nodes[entry.node].spec
        state.ready.append(st.Enter(spec.first, entry.entry, entry.input, entry.scope))
    elif event.purpose == "timeout":
        _fail(state, entry, make_timeout_error(entry.reference, "The task"), effects)
    elif event.purpose == "attempt_timeout":
        _clear_inside(state, entry, effects)
        error = make_timeout_error(entry.reference, "A retry of the `try`")
        first = program.nodes[entry.node].spec.first
        state.ready.appendleft(st.Fault(entry.entry, first, 0, entry.input, entry.scope, error))
    else:
        error = make_timeout_error("", "The workflow")
        state.ready.appendleft(st.Fault(st.ROOT, 0, 0, state.raw_input, 0, error))
    return effects


# -- attempts and child runs ------------------------------------------------------------------------------------------


def _attempt_created(program: Program, state: st.State, event: ev.AttemptCreated) -> Sequence[Effect]:
    state.ready.popleft()
    entry = state.entries[event.entry]
    known = entry.attempt.arguments if entry.attempt is not None else None
    arguments = known if event.arguments is UNSET else event.arguments
    entry.attempt = st.Attempt(event.attempt, event.key_number, "open", arguments)
    if not program.nodes[entry.node].spec.awaits:
        state.ready.append(st.Finish(entry.entry, entry.input))
    return (PerformActivity(event.entry, event.attempt),)


def _attempt_held(program: Program, state: st.State, event: ev.AttemptHeld) -> Sequence[Effect]:
    del program
    attempt = state.entries[event.entry].attempt
    assert attempt is not None
    attempt.state = "held"
    return _NONE


def _attempt_dispatched(program: Program, state: st.State, event: ev.AttemptDispatched) -> Sequence[Effect]:
    del program
    attempt = state.entries[event.entry].attempt
    assert attempt is not None
    attempt.state = "open"
    return (PerformActivity(event.entry, event.attempt),)


def _attempt_ended(program: Program, state: st.State, event: ev.AttemptEnded) -> Sequence[Effect]:
    del program
    entry = state.entries[event.entry]
    assert entry.attempt is not None
    entry.attempt.state = "ended"
    effects: list[Effect] = []
    if event.error is None:
        state.ready.append(st.Finish(event.entry, None if event.output is UNSET else event.output))
    else:
        _fail(state, entry, event.error, effects)
    return effects


def _attempt_lost(program: Program, state: st.State, event: ev.AttemptLost) -> Sequence[Effect]:
    del program
    entry = state.entries[event.entry]
    assert entry.attempt is not None
    entry.attempt.state = "ended"
    effects: list[Effect] = []
    if event.again:
        state.ready.append(st.Perform(event.entry, again=True))
    else:
        _fail(state, entry, make_lost_error(entry.reference), effects)
    return effects


def _child_started(program: Program, state: st.State, event: ev.ChildStarted) -> Sequence[Effect]:
    state.ready.popleft()
    entry = state.entries[event.entry]
    number = 1 if entry.attempt is None else entry.attempt.number + 1
    entry.attempt = st.Attempt(number, number, "open", child_run_id=event.child_run_id)
    if not program.nodes[entry.node].spec.awaits:
        entry.attempt.state = "ended"
        state.ready.append(st.Finish(entry.entry, entry.input))
    return (StartChild(event.entry, event.child_run_id, entry.node, event.input),)


# -- repair -----------------------------------------------------------------------------------------------------------


def _task_retried(program: Program, state: st.State, event: ev.TaskRetried) -> Sequence[Effect]:
    del program
    effects: list[Effect] = []
    again = state.failed
    if event.entry:
        entry = state.entries[event.entry]
        _close(state, entry.entry, effects)
        state.ready.appendleft(st.Enter(entry.node, entry.parent, _or(event.input, entry.raw_input), entry.scope))
    elif again is not None and again.node:
        state.ready.appendleft(st.Enter(again.node, again.parent, _or(event.input, again.value), again.scope))
    return [*effects, *_reopen(state, event.deadline)]


def _task_passed(program: Program, state: st.State, event: ev.TaskPassed) -> Sequence[Effect]:
    failed = state.failed
    assert failed is not None
    effects: list[Effect] = []
    node = program.nodes[failed.node]
    _flow(program, state, node, failed.parent, failed.scope, _or(event.output, failed.value), TO_NEXT, effects)
    return [*effects, *_reopen(state, event.deadline)]


def _reopen(state: st.State, deadline: int | None) -> list[Effect]:
    """Let a faulted run go on: what its fault interrupted is made again, and its timers run."""
    state.status = "running"
    state.ended_at = None
    state.error = None
    state.failed = None
    root = state.entries[st.ROOT]
    if deadline is not None:
        root.timers["run_timeout"] = deadline
    for entry in state.entries.values():
        if entry.attempt is not None and entry.attempt.state == "interrupted":
            entry.attempt.state = "ended"
            state.ready.append(st.Perform(entry.entry))
    return _rearm(state)


def _or(value: Any, default: Any) -> Any:
    return default if value is UNSET else value


# -- small pieces -----------------------------------------------------------------------------------------------------


def _arm(entry: st.Entry, purpose: str, due: int | None) -> Sequence[Effect]:
    if due is None:
        return _NONE
    entry.timers[purpose] = due
    return (ArmTimer(entry.entry, purpose, due),)


def _rearm(state: st.State) -> list[Effect]:
    return [
        ArmTimer(entry.entry, purpose, due) for entry in state.entries.values() for purpose, due in entry.timers.items()
    ]


def _remove(state: st.State, entry: st.Entry) -> st.Entry:
    del state.entries[entry.entry]
    state.entries[entry.parent].children.pop(entry.entry, None)
    if entry.forked is not None:
        for scope in entry.forked.scopes.values():
            state.contexts.pop(scope, None)
    return entry


def _stop_attempt(entry: st.Entry, effects: list[Effect]) -> bool:
    attempt = entry.attempt
    if attempt is None or attempt.state not in {"open", "held"}:
        return False
    if attempt.child_run_id is not None:
        effects.append(CancelChild(attempt.child_run_id))
    else:
        effects.append(CancelAttempt(entry.entry, attempt.number))
    return True


def _close(state: st.State, number: int, effects: list[Effect]) -> None:
    """End an entry and all within it: no attempt goes on, nothing of it stays ready."""
    closed = list(state.iter_subtree(number))
    for entry in closed:
        _stop_attempt(entry, effects)
    for entry in reversed(closed):
        _remove(state, entry)
    _drop_ready(state, {entry.entry for entry in closed})


def _clear_inside(state: st.State, entry: st.Entry, effects: list[Effect]) -> None:
    for child in list(entry.children):
        _close(state, child, effects)
    _drop_ready(state, {entry.entry})


def _drop_ready(state: st.State, entries: set[int]) -> None:
    if state.ready:
        state.ready = deque(item for item in state.ready if _owner(item) not in entries)


def _owner(item: st.Item) -> int:
    if isinstance(item, st.Enter | st.Fault):
        return item.parent
    return st.ROOT if isinstance(item, st.Begin | st.FinishRun) else item.entry


_FOLD: dict[type[ev.Event], Callable[[Program, st.State, Any], Sequence[Effect]]] = {
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
    ev.AttemptCreated: _attempt_created,
    ev.AttemptHeld: _attempt_held,
    ev.AttemptDispatched: _attempt_dispatched,
    ev.AttemptEnded: _attempt_ended,
    ev.AttemptLost: _attempt_lost,
    ev.ChildStarted: _child_started,
    ev.TimerFired: _timer_fired,
    ev.RunSuspended: _run_suspended,
    ev.RunResumed: _run_resumed,
    ev.CancelRequested: _cancel_requested,
    ev.TaskRetried: _task_retried,
    ev.TaskPassed: _task_passed,
    ev.RunCompleted: _run_completed,
    ev.RunFaulted: _run_faulted,
    ev.RunCancelled: _run_cancelled,
}
