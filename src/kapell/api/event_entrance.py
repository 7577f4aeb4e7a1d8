"""`POST /namespaces/{namespace}/events`, answered in front of the routes, as starts of runs are.

Events come by the thousand, and what a framework does for any request takes longer than all that is done with an event.
`cloud_event_routes.send_events` describes this request in the OpenAPI document; errors become the same problems, and
permissions, audit and guard are those of every other route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from starlette.requests import Request

from kapell.api.callers import Caller, find_principal
from kapell.api.cloud_event_views import SentEvent, SentEvents
from kapell.api.parts import in_thread
from kapell.api.problems import answer_error
from kapell.audit import AuditEntry
from kapell.events.http_binding import read_message
from kapell.identity.names import check_namespace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from kapell.api.parts import Parts
    from kapell.events.cloud_events import CloudEvent

PERMISSION: Final = "event.send"

_BEFORE: Final = "/api/v1/namespaces/"
_BEHIND: Final = "/events"

_LARGE_BYTES: Final = 32 * 1024
"""Bodies from this size on are read in a thread."""

_NAMED: Final = 20
"""How many events of a request the audit log names."""

_encoder = msgspec.json.Encoder()


class _Route(NamedTuple):
    """What the log and the metrics call this request by."""

    path: str = f"{_BEFORE}{{namespace}}{_BEHIND}"


class EventEntrance:
    """An ASGI application: takes events itself, and hands every other request on."""

    def __init__(self, routes: ASGIApp, parts: Parts) -> None:
        """Stand before `routes`."""
        self._routes = routes
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        namespace = _find_namespace(scope)
        if namespace is None:
            await self._routes(scope, receive, send)
            return
        scope["route"] = _Route()
        try:
            sent = await self._take(Request(scope, receive), namespace)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it becomes a problem, as on the routes
            response = answer_error(error, scope["state"].get("request_id", ""))
            await response(scope, receive, send)
            return
        content = _encoder.encode(sent)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _take(self, request: Request, namespace: str) -> SentEvents:
        """Store the events of a request, and say what became of each.

        Raises:
            UnauthenticatedError: Nobody knows who calls.
            ForbiddenError: The caller may not.
            UsageError: They are no events, or it is no namespace.
            LimitExceededError: They are too many, too large or too deep.
        """
        parts = self._parts
        caller = Caller(await find_principal(request, parts), PERMISSION, parts.access, request)
        await caller.require_anywhere()  # who may not send events is told that first
        await caller.require(check_namespace(namespace))
        content = await request.body()
        headers = request.scope["headers"]
        if len(content) < _LARGE_BYTES:
            events = read_message(headers, content)
        else:
            events = await in_thread(read_message, headers, content)
        if not events:
            return SentEvents([])
        await parts.record(_make_entry(caller, namespace, events))
        positions = await parts.events.append(namespace, events, via=f"api/{caller.principal.principal_id}")
        return SentEvents(
            [
                SentEvent(event.id, event.source, position or None, duplicate=not position)
                for event, position in zip(events, positions, strict=True)
            ]
        )


def _find_namespace(scope: Scope) -> str | None:
    """Return the namespace that a request sends events to; `None` for any other request."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"]
    if not (path.startswith(_BEFORE) and path.endswith(_BEHIND)):
        return None
    namespace = path[len(_BEFORE) : -len(_BEHIND)]
    return namespace if namespace and "/" not in namespace else None


def _make_entry(caller: Caller, namespace: str, events: Sequence[CloudEvent]) -> AuditEntry:
    """Return the one audit record of a request."""
    named = [{"id": event.id, "source": event.source, "type": event.type} for event in events[:_NAMED]]
    details = {"count": len(events), "events": named}
    return AuditEntry.by(caller.actor, "event.send", f"events/{namespace}", namespace=namespace, details=details)
