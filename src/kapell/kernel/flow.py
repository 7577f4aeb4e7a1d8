"""Where the flow goes: to the next task, around a loop, out of a branch, to the end (dsl.md, Task Flow)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kapell.kernel import state as st
from kapell.kernel.closing import close, drop_ready
from kapell.language.program import NO_NODE, TO_END, TO_EXIT, Kind, Node, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.kernel.effects import Effect


def follow(  # noqa: PLR0913, PLR0917 -- where the flow stands, and what it carries
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
            close(state, child, effects)
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
    kind = program.nodes[around.node].kind
    if around.entry == st.ROOT:
        state.ready.append(st.FinishRun(value))
    elif kind is Kind.FOR:
        iterate(program, state, around, around.iteration + 1, value)
    elif kind is Kind.LISTEN:
        state.ready.append(st.Handle(around.entry, value))
    else:
        state.ready.append(st.Finish(around.entry, value))


def iterate(program: Program, state: st.State, entry: st.Entry, index: int, value: Any) -> None:
    """Come to an iteration of a loop: its end, its `while`, or its first task."""
    if index >= len(entry.collection):
        state.ready.append(st.Finish(entry.entry, value))
    elif program.nodes[entry.node].spec.condition is not None:
        _name_item(program, state, entry, index)
        state.ready.append(st.Iterate(entry.entry, index, value))
    else:
        begin_iteration(program, state, entry, index, value)


def begin_iteration(program: Program, state: st.State, entry: st.Entry, index: int, value: Any) -> None:
    """Enter the first task of an iteration."""
    _name_item(program, state, entry, index)
    state.ready.append(st.Enter(program.nodes[entry.node].spec.first, entry.entry, value, entry.scope))


def _name_item(program: Program, state: st.State, entry: st.Entry, index: int) -> None:
    spec = program.nodes[entry.node].spec
    entry.iteration = index
    outer = state.entries[entry.parent].variables
    entry.variables = {**outer, spec.each: entry.collection[index], spec.at: index}


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
            close(state, child, effects)
        drop_ready(state, {fork.entry})
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
