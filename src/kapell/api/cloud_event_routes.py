"""Routes of CloudEvents: they are sent, listed, looked at and followed.

An event's attributes are shown to whoever may see events; its data is what runs work with, and takes `run.data`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from kapell.api.callers import needs
from kapell.api.cloud_event_views import (
    CloudEventObject,
    EventConsumer,
    EventDetail,
    ReceivedEvent,
    SentEvents,
    TailedEvent,
    tail_event,
    view_event,
)
from kapell.api.event_entrance import PERMISSION
from kapell.api.paging import MOST, Cursor, Limit, cut_page, read_number
from kapell.api.parts import parts_of
from kapell.api.run_filters import check_texts
from kapell.api.streams import (
    HEARTBEAT_SECONDS,
    STREAM,
    After,
    LastEventId,
    encode_event,
    encode_place,
    find_begin,
    stream_out,
)
from kapell.api.wire import Page, answer, gives, takes
from kapell.engine.event_store import EventQuery
from kapell.errors import NotFoundError
from kapell.events import json_format
from kapell.events.json_format import describe_stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from kapell.api.callers import Caller
    from kapell.api.parts import Parts
    from kapell.engine.event_store import EventUse, StoredEvent

router = APIRouter(tags=["cloud events"])

_MOST_CONSUMERS = 500

_TAKES = {
    "requestBody": {
        "required": True,
        "content": {
            json_format.MEDIA_TYPE: takes(CloudEventObject)["requestBody"]["content"]["application/json"],
            json_format.BATCH_MEDIA_TYPE: takes(list[CloudEventObject])["requestBody"]["content"]["application/json"],
        },
    }
}

Namespace = Annotated[str | None, Query(description="Only this namespace.")]
Types = Annotated[list[str] | None, Query(alias="type", max_length=100, description="Only this type; may be repeated.")]


@router.post("/namespaces/{namespace}/events", status_code=202, responses=gives(SentEvents, 202), openapi_extra=_TAKES)
async def send_events(request: Request, namespace: str, caller: Any = needs(PERMISSION)) -> Response:
    """Send events to a namespace: CloudEvents 1.0, one or up to 1,000 as a batch.

    The content type says how: one event in the JSON format, a batch of them, or, with any other type, an event in the
    binary mode, whose attributes are `ce-` headers and whose data is the body. They are durable when they are answered.
    An event whose source and id the namespace has already is dropped, so that sending again does no harm.
    """
    del request, namespace, caller
    raise AssertionError("EventEntrance answers this request; the route describes it in the OpenAPI document")


@router.get("/cloud-events", responses=gives(Page[ReceivedEvent]))
async def list_cloud_events(
    request: Request,
    caller: Any = needs("event.read"),
    namespace: Namespace = None,
    types: Types = None,
    source: Annotated[str | None, Query(description="Only with this source.")] = None,
    subject: Annotated[str | None, Query(description="Only with this subject.")] = None,
    event_id: Annotated[str | None, Query(alias="id", description="Only with this id.")] = None,
    via: Annotated[str | None, Query(description="Only what came this way, such as `run/<run id>`.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Only what arrived then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Only what arrived before.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List events, the newest first, without their data."""
    check_texts(namespace, *(types or ()), source, subject, event_id, via)
    where = EventQuery(
        namespaces=await _find_namespaces(caller, namespace),
        types=frozenset(types or ()),
        source=source,
        subject=subject,
        event_id=event_id,
        via=via,
        arrived_after=since,
        arrived_before=until,
    )
    before = read_number(cursor)
    before = None if before is None else min(before, MOST)
    found = await parts_of(request).events.list_newest(where, limit=limit + 1, before=before)
    page = cut_page(found, limit, lambda event: event.position)
    return answer(Page([view_event(event) for event in page.items], page.next))


@router.get("/cloud-events/stream", responses=STREAM)
async def stream_cloud_events(
    request: Request,
    caller: Any = needs("event.read"),
    namespace: Namespace = None,
    types: Types = None,
    data: Annotated[bool, Query(description="With their data, where the caller has `run.data`.")] = False,
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Stream events as they arrive, from now on or from behind a position.

    The ids of the stream are positions, so whoever was cut off misses nothing that is still kept.
    """
    check_texts(namespace, *(types or ()))
    where = EventQuery(namespaces=await _find_namespaces(caller, namespace), types=frozenset(types or ()))
    begin = find_begin(last_event_id, after)
    begin = None if begin is None else min(begin, MOST)
    return stream_out(_follow(parts_of(request), caller, where, begin, with_data=data))


@router.get("/cloud-events/{position}", responses=gives(EventDetail))
async def get_cloud_event(
    request: Request,
    position: Annotated[int, Path(ge=1, le=MOST, description="Its position in the order of arrival.")],
    caller: Any = needs("event.read"),
    data: Annotated[bool, Query(description="With its data, where the caller has `run.data`.")] = True,
) -> Response:
    """Return an event, whole, and which runs consumed it."""
    parts = parts_of(request)
    stored = await parts.events.get(position)
    if not caller.may("event.read", stored.namespace):
        raise NotFoundError(f"There is no event {position}.")
    has_data = data and caller.may("run.data", stored.namespace)
    if has_data:
        await parts.reads.note(caller.actor, "event.read_data", f"event/{position}", stored.namespace)
    uses: list[EventUse] = []
    if caller.may("run.read", stored.namespace):
        uses = await parts.events.list_uses(position, limit=_MOST_CONSUMERS + 1)
    return answer(
        EventDetail(
            view_event(stored),
            describe_stored(stored.body, has_data=has_data),
            has_data,
            [EventConsumer(use.run_id, use.reference, use.at) for use in uses[:_MOST_CONSUMERS]],
            len(uses) > _MOST_CONSUMERS,
        )
    )


async def _find_namespaces(caller: Caller, namespace: str | None) -> frozenset[str] | None:
    """Return the namespaces that are asked for and may be seen; `None` for all. Raises `ForbiddenError`."""
    if namespace is None:
        return caller.namespaces
    await caller.require(namespace)
    return frozenset({namespace})


async def _follow(
    parts: Parts, caller: Caller, where: EventQuery, after: int | None, *, with_data: bool
) -> AsyncIterator[bytes]:
    async for found in parts.events.follow(where, after, silence_seconds=HEARTBEAT_SECONDS):
        for stored in found.events:
            tailed = await _tail(parts, caller, stored, with_data=with_data)
            yield encode_event(stored.position, "event", tailed)
        yield encode_place(found.position, "looked so far")


async def _tail(parts: Parts, caller: Caller, stored: StoredEvent, *, with_data: bool) -> TailedEvent:
    has_data = with_data and caller.may("run.data", stored.namespace)
    if has_data:
        await parts.reads.note(caller.actor, "event.read_data", f"events/{stored.namespace}", stored.namespace)
    return tail_event(stored, has_data=has_data)
