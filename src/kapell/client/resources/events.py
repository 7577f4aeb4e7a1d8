"""CloudEvents: send, list, look at, follow."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from kapell.client.calls import Call, Page
from kapell.client.following import Stream, make_reader
from kapell.client.operations import Resource, S, listing, operation, streaming
from kapell.client.wire.events import EventDetail, ReceivedEvent, SentEvents, TailedEvent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_ID_BYTES = 16
_BATCH = "application/cloudevents-batch+json"


class Events(Resource[S]):
    """CloudEvents of namespaces."""

    @operation
    def send(self, namespace: str, events: Sequence[Mapping[str, Any]]) -> Call[SentEvents]:
        """Send events to a namespace; they are durable when this returns.

        Args:
            namespace: The namespace, whose runs see them.
            events: Up to 1,000 in the JSON format of CloudEvents 1.0: each an object with `source`, `type` and, where
                it has some, `data` and other attributes. An `id` is made for one that has none, so that the call can be
                repeated after a broken connection: the server keeps one of each source and id.

        Raises:
            UsageError: One is no event; the sentence says why.
            LimitExceededError: They are too many, or too large.
        """
        return Call(
            method="POST",
            path="/namespaces/{namespace}/events",
            gives=SentEvents,
            at={"namespace": namespace},
            body=[{"specversion": "1.0", "id": secrets.token_hex(_ID_BYTES), **event} for event in events],
            content_type=_BATCH,
            is_idempotent=True,
        )

    @listing
    def list(  # noqa: PLR0913 -- as many as there are filters
        self,
        *,
        namespace: str | None = None,
        type: str | Sequence[str] | None = None,  # noqa: A002 -- what it is called everywhere
        source: str | None = None,
        subject: str | None = None,
        id: str | None = None,  # noqa: A002 -- the same
        via: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
        cursor: str | None = None,
    ) -> Call[Page[ReceivedEvent]]:
        """Go through events, the newest first, without their data; filters that are left out do not restrict.

        Args:
            namespace: Only events of this namespace.
            type: Only events of this type, or of any of these.
            source: Only events of this source.
            subject: Only events of this subject.
            id: Only events with this id.
            via: Only what came this way, such as `run/<run id>`.
            since: Only what arrived then or later; aware.
            until: Only what arrived before.
            page_size: How many are fetched at once.
            cursor: Where to begin: `next` of a page.
        """
        query = {
            "namespace": namespace,
            "type": type,
            "source": source,
            "subject": subject,
            "id": id,
            "via": via,
            "since": since,
            "until": until,
            "limit": page_size,
            "cursor": cursor,
        }
        return Call(method="GET", path="/cloud-events", gives=Page[ReceivedEvent], query=query)

    @operation
    def get(self, position: int, *, data: bool = True) -> Call[EventDetail]:
        """Return an event, whole, and which runs consumed it; without `data` only its attributes."""
        return Call(
            method="GET",
            path="/cloud-events/{position}",
            gives=EventDetail,
            at={"position": position},
            query={"data": None if data else False},
        )

    @streaming
    def tail(
        self,
        *,
        namespace: str | None = None,
        type: str | Sequence[str] | None = None,  # noqa: A002 -- what it is called everywhere
        data: bool = False,
        after: int | None = None,
    ) -> Stream[TailedEvent]:
        """Follow events as they arrive, from now on, or from behind a position.

        A connection that breaks is made again, and goes on after the last event that came.

        Args:
            namespace: Only events of this namespace.
            type: Only events of this type, or of any of these.
            data: With their data, where the caller has `run.data`.
            after: The position behind which to begin; 0 for all that are still kept.
        """
        query = {"namespace": namespace, "type": type, "data": data or None, "after": after}
        call = Call(method="GET", path="/cloud-events/stream", gives=TailedEvent, query=query)
        return Stream(call=call, read=make_reader("event", TailedEvent))
