"""What triggers hear of events, written down: what they gather, when they fire, and why they do not.

All that an event does to a trigger is one transaction, which also says up to which event the trigger has heard. A
second time the same event does nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kapell.errors import NotFoundError
from kapell.triggers import store
from kapell.triggers.firing import Orders, fire_gathered
from kapell.triggers.model import Firing, GatheredEvent
from kapell.triggers.subscriptions import read_subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from kapell.storage.server_database import ServerDatabase
    from kapell.triggers.firing import Firings
    from kapell.triggers.model import Trigger


class HeardEvent(msgspec.Struct, frozen=True):
    """An event that fits a trigger.

    Attributes:
        filter: Which filter it fits.
        position: Its number in the event store.
        arrived_at: When it was stored.
    """

    filter: int
    position: int
    arrived_at: datetime


class EventFirings:
    """Keeps what triggers hear. Its methods block."""

    def __init__(self, database: ServerDatabase, firings: Firings) -> None:
        """Work on `database`; `firings` says what is under way."""
        self._database = database
        self._firings = firings

    def list_hearing(self) -> list[Trigger]:
        """Return the triggers that hear events."""
        with self._database.read() as connection:
            return store.list_hearing(connection)

    def hear(self, trigger_id: str, revision: int, events: Sequence[HeardEvent], now: datetime) -> Orders | None:
        """Write down that a trigger hears events that fit it; those that it has heard already do nothing.

        Args:
            trigger_id: The trigger.
            revision: Its revision, by which they fit.
            events: The events, in order.
            now: The present moment.

        Returns:
            What follows, or `None` if the trigger is another one by now, or gone.
        """
        orders = Orders([], [], [])
        with self._database.write() as connection:
            try:
                trigger = store.get_trigger(connection, trigger_id, lock=True)
            except NotFoundError:
                return None
            if trigger.revision != revision:
                return None
            for event in events:
                if event.position > trigger.heard_position:
                    trigger = self._hear(connection, trigger, event, now, orders)
            store.update_trigger(connection, trigger)
        return orders

    def _hear(
        self, connection: sa.Connection, trigger: Trigger, event: HeardEvent, now: datetime, orders: Orders
    ) -> Trigger:
        trigger = msgspec.structs.replace(trigger, heard_position=event.position)
        if trigger.is_paused:
            _skip(connection, trigger, event, now)
            return trigger
        assert trigger.spec.events is not None
        subscription = read_subscription(trigger.spec.events)
        if subscription.debounce:
            due_at = event.arrived_at + subscription.debounce
            gathered = (_put_off(trigger, event),)
            return msgspec.structs.replace(trigger, gathered=gathered, planned_at=due_at, next_at=due_at)
        new = GatheredEvent(filter=event.filter, position=event.position, since=event.arrived_at)
        if subscription.strategy.mode == "all":
            if any(each.filter == event.filter for each in trigger.gathered):
                return trigger
            trigger = msgspec.structs.replace(trigger, gathered=(*trigger.gathered, new))
            if len(trigger.gathered) < len(subscription.strategy.filters):
                return trigger
        else:
            trigger = msgspec.structs.replace(trigger, gathered=(new,))
        return fire_gathered(self._firings, connection, trigger, event.arrived_at, now, orders)


def _put_off(trigger: Trigger, event: HeardEvent) -> GatheredEvent:
    """Return an event that stands for itself and those that were debounced before it."""
    since, count = event.arrived_at, 1
    if trigger.gathered:
        since, count = trigger.gathered[0].since, trigger.gathered[0].count + 1
    return GatheredEvent(filter=event.filter, position=event.position, since=since, count=count)


def _skip(connection: sa.Connection, trigger: Trigger, event: HeardEvent, now: datetime) -> None:
    moment = store.find_free_moment(connection, trigger.trigger_id, event.arrived_at)
    row = Firing(
        planned_at=moment,
        since=moment,
        decided_at=now,
        outcome="skipped",
        reason="The trigger was paused.",
        events=(event.position,),
    )
    store.add_firings(connection, trigger.trigger_id, [row])
