"""Folding the events of tasks: entered, completed, skipped, gone round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.closing import NOTHING, arm, remove
from kapell.kernel.effects import Effect, PublishEvent
from kapell.kernel.flow import begin_iteration, follow, iterate
from kapell.kernel.folding_listening import open_listening
from kapell.kernel.references import make_reference
from kapell.language.program import TO_NEXT, Kind, Program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def fold_task_entered(program: Program, state: st.State, event: ev.TaskEntered) -> Sequence[Effect]:
    """The task is open from here on."""
    item = state.ready.popleft()
    assert isinstance(item, st.Enter)
    value = item.value if event.input is UNSET else event.input
    entry = open_entry(program, state, item, event.entry, value, event.at)
    effects = arm(entry, "timeout", event.deadline)
    return [*effects, *_OPEN[program.nodes[event.node].kind](program, state, entry, event)]


def open_entry(program: Program, state: st.State, item: st.Enter, number: int, value: Any, at: int) -> st.Entry:
    """Put an entry into the tree, as the number `number`."""
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
    return NOTHING


def _open_function(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    spec = program.nodes[entry.node].spec
    state.ready.append(st.Enter(spec.first, entry.entry, event.value, entry.scope))
    return NOTHING


def _open_for(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    assert isinstance(event.value, list)
    entry.collection = event.value
    iterate(program, state, entry, 0, entry.input)
    return NOTHING


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
    return NOTHING


def _open_try(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    entry.tried = st.TryProgress(began_at=event.at)
    state.ready.append(st.Enter(program.nodes[entry.node].spec.first, entry.entry, entry.input, entry.scope))
    return NOTHING


def _open_wait(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del program, state
    return arm(entry, "wait", event.due)


def _open_activity(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    del program, event
    state.ready.append(st.Perform(entry.entry))
    return NOTHING


_OPEN: dict[Kind, Callable[[Program, st.State, st.Entry, ev.TaskEntered], Sequence[Effect]]] = {
    Kind.DO: _open_list,
    Kind.FUNCTION: _open_function,
    Kind.FOR: _open_for,
    Kind.FORK: _open_fork,
    Kind.TRY: _open_try,
    Kind.WAIT: _open_wait,
    Kind.LISTEN: open_listening,
    Kind.ACTIVITY: _open_activity,
    Kind.WORKFLOW: _open_activity,
}


def fold_task_completed(program: Program, state: st.State, event: ev.TaskCompleted) -> Sequence[Effect]:
    """The flow goes on with the output."""
    item = state.ready.popleft()
    node = program.nodes[event.node]
    effects: list[Effect] = []
    if type(item) is st.Enter:
        parent, scope, output = item.parent, item.scope, item.value
        state.arrivals[event.node] = state.arrivals.get(event.node, 0) + 1
        state.next_entry = event.entry + 1
    else:
        assert isinstance(item, st.Finish)
        entry = remove(state, state.entries[item.entry])
        parent, scope, output = entry.parent, entry.scope, item.value
    if event.output is not UNSET:
        output = event.output
    if event.context is not UNSET:
        state.contexts[scope] = event.context
    if node.kind is Kind.EMIT:
        effects.append(PublishEvent(output if event.emitted is None else event.emitted))
    follow(program, state, node, parent, scope, output, node.then if event.to is None else event.to, effects)
    return effects


def fold_task_skipped(program: Program, state: st.State, event: ev.TaskSkipped) -> Sequence[Effect]:
    """The flow goes on to the next task in order (decision 7)."""
    item = state.ready.popleft()
    assert isinstance(item, st.Enter)
    effects: list[Effect] = []
    follow(program, state, program.nodes[event.node], item.parent, item.scope, item.value, TO_NEXT, effects)
    return effects


def fold_iteration_started(program: Program, state: st.State, event: ev.IterationStarted) -> Sequence[Effect]:
    """The `while` held: the iteration begins."""
    item = state.ready.popleft()
    assert isinstance(item, st.Iterate)
    begin_iteration(program, state, state.entries[event.entry], event.index, item.value)
    return NOTHING


def fold_loop_ended(program: Program, state: st.State, event: ev.LoopEnded) -> Sequence[Effect]:
    """The `while` did not hold: the loop ends."""
    del program
    item = state.ready.popleft()
    assert isinstance(item, st.Iterate)
    state.ready.append(st.Finish(event.entry, item.value))
    return NOTHING
