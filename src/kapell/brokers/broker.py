"""What a broker is to Kapell: a place to publish messages to and to consume them from, at least once each.

A message is a CloudEvent in one of the two forms of the CloudEvents bindings, with the names that CloudEvents gives to
attributes; how a broker spells them (`ce-id`, `cloudEvents_id`, a user property) is its adapter's business. Adapters
move bytes: what an event means, and whether it was seen before, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeAlias

import msgspec

from kapell.errors import KapellError

STRUCTURED_TYPE: Final = "application/cloudevents+json"
"""The content type of a message that is a whole event in the JSON format."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A CloudEvent in structured form (all of it in the payload) or in binary form (attributes beside the data).

    Attributes:
        content_type: `application/cloudevents+json` in structured form; else the media type of the data, empty if it
            has none.
        attributes: The context attributes by their names in CloudEvents, `specversion` among them and
            `datacontenttype` not (it is the content type). Empty in structured form.
        payload: The event in the JSON format, or its data.
    """

    content_type: str
    attributes: Mapping[str, str] = {}
    payload: bytes

    @property
    def is_structured(self) -> bool:
        """Whether the payload is the whole event."""
        return self.content_type.partition(";")[0].strip().lower() == STRUCTURED_TYPE


class Incoming(Message, frozen=True, kw_only=True):
    """A message that a broker has delivered.

    Attributes:
        place: Where it lay: the subject, queue, topic or stream.
        broker_id: How the broker names it, for people who look for it there; empty where the broker has no name for it.
        is_redelivered: Whether it may have been handed over before.
    """

    place: str
    broker_id: str = ""
    is_redelivered: bool = False


class Outgoing(Message, frozen=True, kw_only=True):
    """A message to publish.

    Attributes:
        id: A name that no other event has, the same each time this one is published; brokers that drop what they have
            seen before do so by it.
        key: Messages of one key stay in order, the subject of an event for example. The adapters here keep all messages
            of a broker in order, so to them it says nothing more.
    """

    id: str
    key: str = ""


class BrokerUnavailableError(KapellError):
    """The broker cannot be reached, does not let us in or takes nothing now; the same call may succeed later."""

    code = "broker_unavailable"
    retryable = True


class BrokerRefusedError(KapellError):
    """The broker will never take some of the messages; all others were published.

    Attributes:
        refused: Why, by the place of the message in what was to be published.
    """

    code = "broker_refused"

    def __init__(self, message: str, *, refused: Mapping[int, str], hint: str = "") -> None:
        """Keep which messages were refused, for programs."""
        super().__init__(message, hint=hint)
        self.refused = refused


class Direction(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with one direction of a broker.

    Attributes:
        connected_at: Since when it is connected, aware, in UTC; `None` while it is not.
        trouble: Why it is not, or why what was delivered is not accepted; empty if all is well.
        count: Messages published or handed over since the process began; without those that were refused or unreadable.
        last_at: When the last of them was.
    """

    connected_at: datetime | None = None
    trouble: str = ""
    count: int = 0
    last_at: datetime | None = None


class BrokerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with a broker, as seen from here.

    Attributes:
        receiving: What comes in.
        sending: What goes out; it connects with the first message.
        unreadable: Messages that were no CloudEvents, since the process began.
    """

    receiving: Direction = Direction()
    sending: Direction = Direction()
    unreadable: int = 0


Handle: TypeAlias = Callable[[Sequence[Incoming]], Awaitable[None]]
"""Takes messages over, in order: when it has returned, they are safe here and the broker may forget them.

An exception means that none of them is; they are handed over again, in the same order, after a pause.
"""

OnUnreadable: TypeAlias = Callable[[Incoming, str], Awaitable[None]]
"""Takes over a message that is no CloudEvent, with a sentence why; called as `Handle` is."""


class Broker(Protocol):
    """A connection to a broker."""

    @property
    def health(self) -> BrokerHealth:
        """How it stands with it now."""
        ...

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish messages in order and return when the broker has confirmed all of them.

        Raises:
            BrokerUnavailableError: Some or all are not confirmed. Publish all of them again later; some may then have
                been published twice.
            BrokerRefusedError: Some will never be taken; the others are confirmed.
            UsageError: The connection's settings name no place to publish to.
        """
        ...

    async def consume(self, handle: Handle, on_unreadable: OnUnreadable) -> None:
        """Hand messages over as they come, in batches and in order, until cancelled.

        The broker is told to forget a message only after it was taken over, so whatever breaks in between, it is
        delivered again. A lost connection is made again, as often as it takes; `health` says what is wrong meanwhile.

        Args:
            handle: Takes over those that can be CloudEvents: every required attribute is there.
            on_unreadable: Takes over the others; they hold nothing up.

        Raises:
            UsageError: The connection's settings name no place to consume from.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection that `publish` keeps open."""
        ...
