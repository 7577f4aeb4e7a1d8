"""What an expression of a task could see at an event of a run's history.

The events are folded up to there. A task that is open then, or about to be entered, is looked at in that state; for one
that had its turn before, what it saw is kept from the moment before its last event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kapell.kernel.arguments import Surroundings
from kapell.kernel.narration import Narrator
from kapell.kernel.references import make_reference
from kapell.kernel.state import ROOT, Enter, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kapell.kernel.events import Event
    from kapell.language.program import Program


class RecordedData(msgspec.Struct, frozen=True):
    """What an expression could see.

    Attributes:
        seq: The event after which it could.
        document: What `.` was: the task's input, the raw one where it had not been entered; the workflow's input.
        at: Where the variables come from. It holds no secrets.
    """

    seq: int
    document: Any
    at: Surroundings


def find_recorded_data(
    program: Program, events: Iterable[tuple[int, Event]], reference: str = "", until: int | None = None
) -> RecordedData | None:
    """Return what an expression of a task could see.

    Args:
        program: The run's workflow.
        events: The run's history, with the numbers of the events.
        reference: The task's reference; empty for the workflow as a whole.
        until: The last event to count; `None` for all of them.

    Returns:
        The data; `None` where the flow had not come to the task.
    """
    narrator = Narrator(program)
    state = narrator.state
    found: RecordedData | None = None
    for seq, event in events:
        if until is not None and seq > until:
            break
        if reference and narrator.find_place(event).reference == reference:
            found = _look(program, state, reference) or found
        narrator.tell(event)
    return (_look(program, state, reference) or found) if reference else _look_at_run(program, state)


def _look_at_run(program: Program, state: State) -> RecordedData:
    at = Surroundings(
        program,
        state,
        program.nodes[0],
        reference="",
        scope=0,
        named={},
        raw_input=state.raw_input,
        started_at=state.started_at,
        input=state.input,
        output=state.output,
    )
    return RecordedData(state.seq, state.input, at)


def _look(program: Program, state: State, reference: str) -> RecordedData | None:
    """Return what an open task sees, or one that is about to be entered; the state goes on changing afterwards."""
    for entry in state.entries.values():
        if entry.entry != ROOT and entry.reference == reference:
            at = Surroundings(
                program,
                state,
                program.nodes[entry.node],
                reference=reference,
                scope=entry.scope,
                named=dict(state.entries[entry.parent].variables),
                raw_input=entry.raw_input,
                started_at=entry.entered_at,
                input=entry.input,
                context=state.contexts.get(entry.scope),
            )
            return RecordedData(state.seq, entry.input, at)
    for item in state.ready:
        if isinstance(item, Enter) and item.parent in state.entries:
            node, parent = program.nodes[item.node], state.entries[item.parent]
            if make_reference(program, parent, node) == reference:
                at = Surroundings(
                    program,
                    state,
                    node,
                    reference=reference,
                    scope=item.scope,
                    named=dict(parent.variables),
                    raw_input=item.value,
                    started_at=state.started_at,
                    input=item.value,
                    context=state.contexts.get(item.scope),
                )
                return RecordedData(state.seq, item.value, at)
    return None
