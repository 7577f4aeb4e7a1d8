"""Carrying a run on after its host died: what is open in a state that was folded from disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kapell.kernel.effects import ArmTimer
from kapell.kernel.evolve import evolve
from kapell.kernel.state import State
from kapell.language.program import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kapell.kernel.events import Event
    from kapell.language.program import Program


class OpenWork(msgspec.Struct, frozen=True):
    """What a run had under way.

    Attributes:
        in_flight: Attempts that may have been performed: entry and attempt.
        held: Attempts that had not been started: entry and attempt.
        children: Child runs that the run waits for: entry, attempt, child run id.
        timers: Times that it waits for; none while it is suspended.
        listening: Entries that want an event; none while it is suspended.
    """

    in_flight: list[tuple[int, int]]
    held: list[tuple[int, int]]
    children: list[tuple[int, int, str]]
    timers: list[ArmTimer]
    listening: list[int]


def fold(program: Program, events: Iterable[Event], state: State | None = None) -> State:
    """Return the state that the events lead to, from `state` or from nothing. Evaluates nothing."""
    folded = State() if state is None else state
    for event in events:
        evolve(program, folded, event)
    return folded


def find_open_work(state: State) -> OpenWork:
    """Return what a run had under way when its host died; nothing for a run that has ended."""
    work = OpenWork([], [], [], [], [])
    if state.status not in {"running", "suspended"}:
        return work
    for entry in state.entries.values():
        attempt = entry.attempt
        if attempt is not None:
            if attempt.state == "held":
                work.held.append((entry.entry, attempt.number))
            elif attempt.state == "open" and attempt.child_run_id is not None:
                work.children.append((entry.entry, attempt.number, attempt.child_run_id))
            elif attempt.state == "open":
                work.in_flight.append((entry.entry, attempt.number))
        if state.status == "running":
            work.timers.extend(ArmTimer(entry.entry, purpose, due) for purpose, due in entry.timers.items())
            if entry.listening is not None and entry.listening.wants:
                work.listening.append(entry.entry)
    return work


def is_waiting(program: Program, state: State) -> bool:
    """Tell whether nothing but a time or an event can move the run on, so that it may leave memory."""
    if state.status != "running" or state.ready:
        return False
    busy = {Kind.ACTIVITY, Kind.WORKFLOW}
    return all(program.nodes[entry.node].kind not in busy for entry in state.entries.values())
