"""CloudEvents as the API takes and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.events.json_format import describe_stored

if TYPE_CHECKING:
    from kapell.engine.event_store import StoredEvent


class CloudEventObject(msgspec.Struct, frozen=True):
    """An event in the JSON format of CloudEvents 1.0. Other members are extension attributes.

    Attributes:
        specversion: `1.0`.
        id: Which event of its source it is: one of the same namespace, source and id is kept once.
        source: Where it happened, a URI reference.
        type: What happened.
        subject: To what, within the source.
        time: When, as RFC 3339 writes it.
        datacontenttype: The media type of the data; `application/json` if it is left out.
        dataschema: The URI of a schema that the data follows.
        data: The data, any JSON value; a string where the media type is not JSON.
        data_base64: In place of `data`, bytes in Base64.
    """

    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    data: Any = None
    data_base64: str | None = None


class SentEvent(msgspec.Struct, frozen=True):
    """What became of an event that was sent.

    Attributes:
        id: Its `id`.
        source: Its `source`.
        position: Its position among all events; null for one that was there already.
        duplicate: Whether there was one of this source and id already, so that this one was dropped.
    """

    id: str
    source: str
    position: int | None
    duplicate: bool


class SentEvents(msgspec.Struct, frozen=True):
    """What became of the events of a request, in their order."""

    events: list[SentEvent]


class ReceivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as lists show it.

    Attributes:
        position: Its position in the order of arrival; cursors and streams count in it.
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
        event: The event in the JSON format of CloudEvents 1.0; null if it was damaged.
        has_data: Whether its data was asked for, and the caller may see it; otherwise it is left out of `event`.
    """

    received: ReceivedEvent
    event: dict[str, Any] | None
    has_data: bool


def view_event(stored: StoredEvent) -> ReceivedEvent:
    """Return what lists show of an event."""
    return ReceivedEvent(
        position=stored.position,
        arrived_at=stored.arrived_at,
        namespace=stored.namespace,
        id=stored.event_id,
        source=stored.source,
        type=stored.type,
        subject=stored.subject,
        via=stored.via,
    )


def tail_event(stored: StoredEvent, *, has_data: bool) -> TailedEvent:
    """Return what the stream shows of an event."""
    event = describe_stored(stored.body, has_data=has_data) if stored.body else None
    return TailedEvent(view_event(stored), event, has_data)
