"""What a turn of a run has to do with events: what it emitted, what it listens for from now on, what it consumed.

It is written in the run's own transaction, so that no event is emitted twice or lost by a crash, and no task listens
that is not known to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from kapell.engine.event_store import EventUse, Listening, StoredEvent
from kapell.kernel import commands as c
from kapell.kernel import effects as fx
from kapell.kernel.listening import list_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kapell.engine.active import ActiveRun, Work
    from kapell.reasons import Reason


class Traffic(NamedTuple):
    """The parts of a `Batch` that are about events."""

    emitted: tuple[StoredEvent, ...] = ()
    listens: tuple[Listening, ...] = ()
    unlistens: tuple[int, ...] = ()
    uses: tuple[EventUse, ...] = ()


_NONE = Traffic()


def collect_traffic(
    active: ActiveRun, effects: Sequence[fx.Effect], works: Sequence[tuple[Work, Reason | None]], at: datetime
) -> Traffic:
    """Return what of a run's turn is about events; the run remembers what the store is told of its listening.

    Args:
        active: The run.
        effects: What its events ask for.
        works: Its commands, and why those changed nothing that were refused.
        at: The moment of the turn.
    """
    emitted: list[StoredEvent] = []
    awaits: dict[int, bool] = {}
    for effect in effects:
        if type(effect) is fx.PublishEvent:
            emitted.append(_store_emitted(active, effect.event, at))
        elif type(effect) is fx.AwaitEvent:
            awaits[effect.entry] = True
        elif type(effect) is fx.StopListening:
            awaits[effect.entry] = False
    uses = [use for work, refused in works if refused is None for use in _list_uses(work.command, at)]
    if not (emitted or awaits or uses):
        return _NONE
    listens, unlistens = _note_listening(active, awaits)
    return Traffic(tuple(emitted), tuple(listens), tuple(unlistens), tuple(uses))


def _list_uses(command: c.Command, at: datetime) -> Sequence[EventUse]:
    if type(command) is c.ReceiveEvent:
        return (EventUse(position=command.position, reference=command.reference, at=at),)
    if type(command) is c.StartRun:
        return [EventUse(position=position, reference="", at=at) for position in command.heard]
    return ()


def _note_listening(active: ActiveRun, awaits: dict[int, bool]) -> tuple[list[Listening], list[int]]:
    """Return what the store is to be told: only what it does not know."""
    listens: list[Listening] = []
    unlistens: list[int] = []
    for entry, is_awaited in awaits.items():
        if not is_awaited or entry not in active.state.entries:
            if active.listens.pop(entry, None) is not None:
                unlistens.append(entry)
            continue
        keys = list_keys(active.program, active.state, entry)
        if active.listens.get(entry) != keys:
            active.listens[entry] = keys
            listens.append(Listening(entry=entry, keys=keys))
    return listens, unlistens


def _store_emitted(active: ActiveRun, event: dict[str, Any], at: datetime) -> StoredEvent:
    subject = event.get("subject")
    return StoredEvent(
        arrived_at=at,
        namespace=active.program.namespace,
        source=str(event["source"]),
        event_id=str(event["id"]),
        type=str(event["type"]),
        subject=None if subject is None else str(subject),
        via=f"run/{active.run_id}",
        body=msgspec.json.encode(event),
    )
