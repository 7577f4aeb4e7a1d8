"""Folding what a listening task gets: an event came, and what was to be done with it is done.

One event at a time: the next one is asked for when the one before has gone through the tasks of `foreach` and through
`until`. So the order of what a run consumes is the order in which the events arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from kapell.kernel import events as ev
from kapell.kernel import state as st
from kapell.kernel.closing import NOTHING
from kapell.kernel.consumption import Consumed
from kapell.kernel.effects import AwaitEvent, Effect, StopListening
from kapell.language.program import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.language.program import HandlerSpec, ListenSpec, Program, StrategySpec


def open_listening(program: Program, state: st.State, entry: st.Entry, event: ev.TaskEntered) -> Sequence[Effect]:
    """Let a task that has just begun want its first event; one that waits for none at all has its output."""
    strategy: StrategySpec = program.nodes[entry.node].spec.strategy
    if strategy.mode == "all" and not strategy.filters:
        state.ready.append(st.Finish(entry.entry, []))
        return NOTHING
    consumed = state.consumed.get(entry.node)
    cursor = state.position if consumed is None else max(state.position, consumed.floor)
    entry.listening = st.ListenProgress(cursor, expected=[] if event.value is UNSET else list(event.value))
    return (AwaitEvent(entry.entry),)


def fold_event_received(program: Program, state: st.State, event: ev.EventReceived) -> Sequence[Effect]:
    """The task has its next event: do with it what is to be done."""
    entry = state.entries[event.entry]
    progress = entry.listening
    assert progress is not None
    spec: ListenSpec = program.nodes[entry.node].spec
    _consume(state, entry, progress, spec, event)
    if event.until:
        progress.until_satisfied.append(event.filter)
        assert spec.strategy.until_events is not None
        return _end(state, entry) if _is_met(spec.strategy.until_events, progress.until_satisfied) else _await(entry)
    if spec.strategy.mode == "all":
        progress.satisfied.append(event.filter)
    if spec.keeps_values:
        progress.values.append(event.value)
    progress.count += 1
    progress.wants = False
    if spec.handler is not None:
        _begin_handling(state, entry, spec.handler, event.value)
        return NOTHING
    if spec.keeps_outputs:
        progress.outputs.append(event.value)
    if spec.strategy.until is not None:
        state.ready.append(st.Handle(entry.entry, None))
        return NOTHING
    return _go_on(state, entry, spec.strategy)


def fold_event_handled(program: Program, state: st.State, event: ev.EventHandled) -> Sequence[Effect]:
    """Keep the output, and want the next event or none."""
    item = state.ready.popleft()
    assert isinstance(item, st.Handle)
    entry = state.entries[event.entry]
    progress = entry.listening
    assert progress is not None
    spec: ListenSpec = program.nodes[entry.node].spec
    entry.variables = state.entries[entry.parent].variables
    if event.context is not UNSET:
        state.contexts[entry.scope] = event.context
    if spec.handler is not None and spec.keeps_outputs:
        progress.outputs.append(item.value if event.output is UNSET else event.output)
    return _end(state, entry) if event.ends else _go_on(state, entry, spec.strategy)


def _consume(
    state: st.State, entry: st.Entry, progress: st.ListenProgress, spec: ListenSpec, event: ev.EventReceived
) -> None:
    consumed = state.consumed.get(entry.node)
    if consumed is None:
        consumed = state.consumed[entry.node] = Consumed()
    consumed.add(event.position, is_steady=spec.strategy.is_steady)
    progress.cursor = event.position
    for name, value in event.correlations.items():
        state.correlations.setdefault(name, value)


def _begin_handling(state: st.State, entry: st.Entry, handler: HandlerSpec, value: Any) -> None:
    """Enter the first task of `foreach`; its input is that of the listening task."""
    assert entry.listening is not None
    entry.iteration = entry.listening.count - 1
    outer = state.entries[entry.parent].variables
    entry.variables = {**outer, handler.each: value, handler.at: entry.iteration}
    if handler.first == NO_NODE:
        state.ready.append(st.Handle(entry.entry, value))
    else:
        state.ready.append(st.Enter(handler.first, entry.entry, entry.input, entry.scope))


def _go_on(state: st.State, entry: st.Entry, strategy: StrategySpec) -> Sequence[Effect]:
    """Want the next event, unless the task has all that it waits for."""
    assert entry.listening is not None
    is_open_ended = strategy.until is not None or strategy.until_events is not None
    if not is_open_ended and _is_met(strategy, entry.listening.satisfied):
        return _end(state, entry)
    return _await(entry)


def _is_met(strategy: StrategySpec, satisfied: list[int]) -> bool:
    """Tell whether a strategy has what it waits for, now that it has had an event."""
    return strategy.mode != "all" or len(satisfied) == len(strategy.filters)


def _await(entry: st.Entry) -> Sequence[Effect]:
    assert entry.listening is not None
    entry.listening.wants = True
    return (AwaitEvent(entry.entry),)


def _end(state: st.State, entry: st.Entry) -> Sequence[Effect]:
    assert entry.listening is not None
    state.ready.append(st.Finish(entry.entry, entry.listening.outputs))
    entry.listening = None
    return (StopListening(entry.entry),)
