"""Fork from here: a new run that keeps another one's results before a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.commands import ForkRun
from kapell.kernel.consumption import copy_consumed
from kapell.kernel.evolve import evolve
from kapell.kernel.references import make_reference
from kapell.language.program import Kind
from kapell.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kapell.language.program import Node, Program

_PLAIN = (Kind.DO, Kind.FUNCTION)


class RepeatedEffect(msgspec.Struct, frozen=True):
    """An attempt of the source run that the new run may make a second time."""

    reference: str
    what: str


class ForkPlan(msgspec.Struct, frozen=True):
    """What a fork would be.

    Attributes:
        command: The command that begins the new run.
        repeats: What the source run did at and after the task, and the new one may do again.
    """

    command: ForkRun
    repeats: list[RepeatedEffect]


def plan_fork(program: Program, events: Iterable[ev.Event], reference: str, run_id: str) -> ForkPlan | Reason:
    """Plan a run that begins at the task `reference` (its first entry) with what the source run knew then.

    Args:
        program: The workflow of both runs.
        events: The source run's history.
        reference: The task to begin with.
        run_id: The new run's id.

    Returns:
        The plan, or why it cannot be: the task was never reached, or it lies within `for`, `fork`, `try` or
        `listen`, where the state around it could not be given to the new run rightly.
    """
    state = st.State()
    command: ForkRun | None = None
    repeats: list[RepeatedEffect] = []
    for event in events:
        if command is None:
            found = _find_arrival(program, state, reference)
            if isinstance(found, Reason):
                return found
            if found is not None:
                command = _make_command(program, state, found, run_id)
        if command is not None and isinstance(event, ev.AttemptCreated | ev.ChildStarted):
            entry = state.entries[event.entry]
            repeats.append(RepeatedEffect(entry.reference, describe_activity(program.nodes[entry.node])))
        evolve(program, state, event)
    if command is None:
        return Reason("not_reached", f"The run never came to `{reference}`.")
    return ForkPlan(command, repeats)


def describe_activity(node: Node) -> str:
    """Return in a few words what a task's activity does, such as `call: http`."""
    if node.kind is Kind.WORKFLOW:
        return f"run: workflow {node.spec.name}"
    activity = node.spec.activity
    return f"call: {activity}" if activity in {"http", "openapi"} else f"run: {activity}"


def _find_arrival(program: Program, state: st.State, reference: str) -> st.Enter | Reason | None:
    if not state.ready or not isinstance(state.ready[0], st.Enter):
        return None
    item = state.ready[0]
    if make_reference(program, state.entries[item.parent], program.nodes[item.node]) != reference:
        return None
    for entry in state.iter_ancestors(item.parent):
        kind = program.nodes[entry.node].kind
        if kind not in _PLAIN:
            return Reason(
                "not_supported",
                f"`{reference}` lies within a `{kind}` (`{entry.reference}`). A run can be forked at a task outside of "
                "`for`, `fork`, `try` and `listen`: choose the task around it.",
            )
    return item


def _make_command(program: Program, state: st.State, item: st.Enter, run_id: str) -> ForkRun:
    around = [entry for entry in state.iter_ancestors(item.parent) if entry.entry != st.ROOT]
    del program
    return ForkRun(
        run_id=run_id,
        source_run_id=state.run_id,
        source_seq=state.seq,
        raw_input=state.raw_input,
        input=state.input,
        context=state.contexts[0],
        chain=[(entry.node, entry.raw_input, entry.input) for entry in reversed(around)],
        node=item.node,
        value=item.value,
        position=state.position,
        correlations=dict(state.correlations),
        consumed={number: copy_consumed(consumed) for number, consumed in state.consumed.items()},
    )
