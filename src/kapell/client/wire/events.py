"""CloudEvents, as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class SentEvent(msgspec.Struct, frozen=True):
    """What became of an event that was sent.

    Attributes:
        id: Its `id`.
        source: Its `source`.
        position: Its position among all events; `None` for one that was there already.
        duplicate: Whether there was one of this source and id already, so that this one was dropped.
    """

    id: str
    source: str
    position: int | None
    duplicate: bool


class SentEvents(msgspec.Struct, frozen=True):
    """What became of events that were sent, in their order."""

    events: list[SentEvent]


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as lists show it.

    Attributes:
        position: Its position in the order of arrival.
        arrived_at: When it was stored.
        namespace: Whose it is: runs of this namespace see it.
        id: Its `id`.
        source: Its `source`.
        type: Its `type`.
        subject: Its `subject`, if it has one.
        via: How it came: `run/<run id>`, `api/<principal id>`, `cli/<user>`, `connection/<name>`.
    """

    position: int
    arrived_at: datetime
    namespace: str
    id: str
    source: str
    type: str
    subject: str | None
    via: str


class EventConsumer(msgspec.Struct, frozen=True):
    """A run that consumed an event.

    Attributes:
        run_id: The run.
        reference: The task that consumed it; empty if the event started the run.
        at: When.
    """

    run_id: str
    reference: str
    at: datetime


class EventDetail(msgspec.Struct, frozen=True):
    """An event, whole, and who consumed it.

    Attributes:
        received: What lists show of it.
        event: The event in the JSON format of CloudEvents 1.0.
        has_data: Whether the caller may see its data; otherwise it is left out of `event`.
        consumers: The runs that consumed it, the first ones first, if the caller may see runs there.
        has_more_consumers: Whether there are more than these.
    """

    received: ReceivedEvent
    event: dict[str, Any]
    has_data: bool
    consumers: list[EventConsumer]
    has_more_consumers: bool


class TailedEvent(msgspec.Struct, frozen=True):
    """An event of the stream.

    Attributes:
        received: What lists show of it.
        event: The event in the JSON format of CloudEvents 1.0; `None` if it was damaged.
        has_data: Whether its data was asked for, and the caller may see it; otherwise it is left out of `event`.
    """

    received: ReceivedEvent
    event: dict[str, Any] | None
    has_data: bool
