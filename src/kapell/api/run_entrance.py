"""`POST /runs`, answered in front of the routes.

Starts of runs come by the thousand, and what a framework does for any request (middleware, matching, dependencies)
takes as long as half a run. So this one request is taken out before. `run_routes.start_run` describes it in the OpenAPI
document; errors become the same problems, and permissions, audit and guard are those of every other route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from kapell.api.callers import Caller, find_principal
from kapell.api.parts import in_thread
from kapell.api.problems import answer_error
from kapell.api.run_views import RunStart, view_run
from kapell.api.wire import decode_body
from kapell.errors import UsageError
from kapell.tracing.contexts import read_traceparent
from kapell.workflows.model import LATEST

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from kapell.api.parts import Parts
    from kapell.engine.store import RunRecord
    from kapell.workflows.published import PublishedWorkflow

PATH = "/api/v1/runs"
PERMISSION = "run.start"
KEY_LENGTH = 200
LONGEST_WAIT = 60.0

_body_decoder = msgspec.json.Decoder(RunStart)
_encoder = msgspec.json.Encoder()


class _Options(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_LENGTH)] | None
    wait: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_WAIT)]


class RunEntrance:
    """An ASGI application: starts runs itself, and hands every other request on."""

    def __init__(self, routes: ASGIApp, parts: Parts) -> None:
        """Stand before `routes`."""
        self._routes = routes
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._routes(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            record, is_new, caller = await self._start(request)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it becomes a problem, as on the routes
            response = answer_error(error, scope["state"].get("request_id", ""))
            await response(scope, receive, send)
            return
        content = _encoder.encode(view_run(record, caller))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(content)),
            (b"location", f"{PATH}/{record.run_id}".encode()),
        ]
        await send({"type": "http.response.start", "status": 201 if is_new else 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _start(self, request: Request) -> tuple[RunRecord, bool, Caller]:
        """Return the run that a request has started, or had started before, whether it is new, and who asked.

        Raises:
            UnauthenticatedError: Nobody knows who calls.
            ForbiddenError: The caller may not.
            UsageError: The body or a parameter does not fit, or the workflow cannot run yet.
            NotFoundError: There is no such workflow.
            ConflictError: It is deprecated, or the idempotency key was used for something else.
        """
        parts = self._parts
        caller = Caller(await find_principal(request, parts), PERMISSION, parts.access, request)
        try:
            start = decode_body(await request.body(), _body_decoder)
            options = _read_options(request)
        except UsageError:
            await caller.require_anywhere()  # who may not start runs is told that first
            raise
        await caller.require(start.namespace)
        found = await self._find_workflow(start)
        name = f"workflow/{found.about.full_name}"
        traceparent = request.headers.get("traceparent")
        if traceparent is not None and read_traceparent(traceparent) is None:
            traceparent = None
        record, is_new = await parts.run_starts.start(
            caller.actor, found.workflow, name, start.namespace, start.input, options.key, traceparent=traceparent
        )
        return await parts.wait_for_end(record, options.wait), is_new, caller

    async def _find_workflow(self, start: RunStart) -> PublishedWorkflow:
        published = self._parts.published
        wanted = (start.namespace, start.name, start.version or LATEST)
        known = published.find_remembered(*wanted)
        return known if known is not None else await in_thread(published.get_startable, *wanted)


def _read_options(request: Request) -> _Options:
    query = request.scope["query_string"]
    given = {
        "key": request.headers.get("idempotency-key"),
        "wait": dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)).get("wait", 0.0) if query else 0.0,
    }
    try:
        return msgspec.convert(given, _Options, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"A parameter does not fit: {error}.") from error
