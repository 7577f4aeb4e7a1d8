"""Ending what is open: entries, their attempts, their timers, and what of them is ready."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kapell.kernel import state as st
from kapell.kernel.effects import ArmTimer, AwaitEvent, CancelAttempt, CancelChild, Effect, StopListening

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.error_types import WorkflowError

NOTHING: tuple[Effect, ...] = ()
"""No effect."""


def arm(entry: st.Entry, purpose: str, due: int | None) -> Sequence[Effect]:
    """Let the entry wait for a time, and return the effect of it; `None` is no time."""
    if due is None:
        return NOTHING
    entry.timers[purpose] = due
    return (ArmTimer(entry.entry, purpose, due),)


def rearm(state: st.State) -> list[Effect]:
    """Return the effects that make the outside wait again for every time and every event that is waited for."""
    effects: list[Effect] = []
    for entry in state.entries.values():
        effects.extend(ArmTimer(entry.entry, purpose, due) for purpose, due in entry.timers.items())
        if entry.listening is not None and entry.listening.wants:
            effects.append(AwaitEvent(entry.entry))
    return effects


def remove(state: st.State, entry: st.Entry) -> st.Entry:
    """Take an entry out of the tree, with the contexts of its branches."""
    del state.entries[entry.entry]
    state.entries[entry.parent].children.pop(entry.entry, None)
    if entry.forked is not None:
        for scope in entry.forked.scopes.values():
            state.contexts.pop(scope, None)
    return entry


def stop_attempt(entry: st.Entry, effects: list[Effect]) -> bool:
    """Ask for the end of what the entry has under way, and tell whether there was anything."""
    attempt = entry.attempt
    if attempt is None or attempt.state not in {"open", "held"}:
        return False
    if attempt.child_run_id is not None:
        effects.append(CancelChild(attempt.child_run_id))
    else:
        effects.append(CancelAttempt(entry.entry, attempt.number))
    return True


def stop_listening(state: st.State, entry: st.Entry, effects: list[Effect]) -> None:
    """Let the entry want no further event, if it listens; in a run that has faulted nothing listens any more."""
    if entry.listening is not None and state.status != "faulted":
        effects.append(StopListening(entry.entry))


def fail(state: st.State, entry: st.Entry, error: WorkflowError, effects: list[Effect]) -> None:
    """End an open entry with an error, which then looks for a `try` around it before anything else happens."""
    close(state, entry.entry, effects)
    state.ready.appendleft(st.Fault(entry.parent, entry.node, entry.entry, entry.raw_input, entry.scope, error))


def close(state: st.State, number: int, effects: list[Effect]) -> None:
    """End an entry and all within it: no attempt goes on, nothing of it stays ready."""
    closed = list(state.iter_subtree(number))
    for entry in closed:
        stop_attempt(entry, effects)
        stop_listening(state, entry, effects)
    for entry in reversed(closed):
        remove(state, entry)
    drop_ready(state, {entry.entry for entry in closed})


def clear_inside(state: st.State, entry: st.Entry, effects: list[Effect]) -> None:
    """End all that lies within an entry, and what of it is ready."""
    for child in list(entry.children):
        close(state, child, effects)
    drop_ready(state, {entry.entry})


def drop_ready(state: st.State, entries: set[int]) -> None:
    """Take the items of these entries out of the queue."""
    if state.ready:
        state.ready = deque(item for item in state.ready if _owner(item) not in entries)


def _owner(item: st.Item) -> int:
    if isinstance(item, st.Enter | st.Fault):
        return item.parent
    return st.ROOT if isinstance(item, st.Begin | st.FinishRun) else item.entry
