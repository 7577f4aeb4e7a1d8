"""The activity behind `call: http`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from kapell.connectors.http.authentication import make_authorization
from kapell.connectors.http.body import encode_body
from kapell.connectors.http.client import HttpClient
from kapell.connectors.http.message import HttpCall
from kapell.connectors.http.response import OUTPUT_FORMATS, OutputFormat, check_status, make_output
from kapell.connectors.http.uri import append_query, expand_template, quote_uri, to_pairs, to_scalar_text
from kapell.sdk import ActivityContext, ActivityError, ActivityRequest

if TYPE_CHECKING:
    from kapell.connectors.http.settings import HttpSettings

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BREAKS = re.compile(r"[\r\n\0]")


class HttpActivity:
    """Carries out `call: http` (DSL reference, "HTTP Call")."""

    def __init__(self, settings: HttpSettings) -> None:
        """Prepare the client; no connection is opened yet."""
        self.client = HttpClient(settings)

    def is_idempotent(self, request: ActivityRequest) -> bool:
        """Tell by the method (RFC 9110, 9.2.2)."""
        return str(request.arguments.get("method", "")).upper() in IDEMPOTENT_METHODS

    async def perform(self, request: ActivityRequest, context: ActivityContext) -> Any:  # noqa: ARG002 -- the contract
        """Send the request and return the response in the form that `output` asks for.

        Raises:
            ActivityError: The arguments cannot be used, no response arrived, or its status is an error.
        """
        return await self.exchange(make_call(request), request.arguments)

    async def exchange(self, call: HttpCall, arguments: dict[str, Any]) -> Any:
        """Send a call and return its response as the `output` and `redirect` of the arguments ask.

        Raises:
            ActivityError: As `perform`.
        """
        output = arguments.get("output") or "content"
        if output not in OUTPUT_FORMATS:
            raise _refuse(f"The output '{output}' is unknown; it is one of {', '.join(OUTPUT_FORMATS)}.")
        reply = await self.client.send(call)
        check_status(reply, redirect=arguments.get("redirect") is True)
        return await make_output(reply, cast("OutputFormat", output))

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def make_call(request: ActivityRequest) -> HttpCall:
    """Turn the evaluated arguments of `call: http` into a request that is ready to be sent.

    Raises:
        ActivityError: An argument is missing or cannot be used.
    """
    arguments = request.arguments
    method = arguments.get("method")
    if not isinstance(method, str) or not _TOKEN.fullmatch(method):
        raise _refuse(f"The method must be a word such as GET; it is {method!r}.")
    uri, policy = read_endpoint(arguments.get("endpoint"), request.input)
    query = arguments.get("query")
    if query is not None and not isinstance(query, dict):
        raise _refuse("The query must be an object of names and values.")
    headers = make_headers(arguments.get("headers"), policy)
    return finish_call(method.upper(), append_query(uri, to_pairs(query) if query else []), headers, request)


def finish_call(method: str, uri: str, headers: dict[str, str], request: ActivityRequest) -> HttpCall:
    """Add the body of the request's arguments and the idempotency key."""
    content_name = find_header(headers, "content-type")
    body, content_type = encode_body(request.arguments.get("body"), headers[content_name] if content_name else None)
    if content_type is not None:
        headers[content_name or "Content-Type"] = content_type
    add_idempotency_key(method, headers, request.key)
    add_trace(headers, request)
    return HttpCall(method=method, uri=uri, headers=headers, body=body)


def add_idempotency_key(method: str, headers: dict[str, str], key: str) -> None:
    """Add the key by which a server may recognise a resend, where the method needs one and the author set none."""
    if method not in IDEMPOTENT_METHODS and find_header(headers, "idempotency-key") is None:
        headers["Idempotency-Key"] = key


def add_trace(headers: dict[str, str], request: ActivityRequest) -> None:
    """Tell the server which trace the call belongs to, where it is traced and the author has not said otherwise."""
    if request.traceparent is not None and find_header(headers, "traceparent") is None:
        headers["traceparent"] = request.traceparent


def read_endpoint(endpoint: Any, variables: Any) -> tuple[str, Any]:
    """Return the URI of an evaluated endpoint, template expanded and encoded, and its authentication policy, if any.

    Raises:
        ActivityError: The endpoint is not a URI, or the URI cannot be used.
    """
    policy = None
    if isinstance(endpoint, dict):
        endpoint, policy = endpoint.get("uri"), endpoint.get("authentication")
    if not isinstance(endpoint, str) or "://" not in endpoint:
        raise _refuse(f"The endpoint must be an absolute URI such as https://api.example/pets; it is {endpoint!r}.")
    return quote_uri(expand_template(endpoint, variables)), policy


def make_headers(fields: Any, policy: Any) -> dict[str, str]:
    """Return headers as text, with the `Authorization` of the policy, if any; null values are left out.

    Raises:
        ActivityError: A name is no token, or a value holds a line break, which would begin another header.
    """
    if fields is not None and not isinstance(fields, dict):
        raise _refuse("The headers must be an object of names and values.")
    headers: dict[str, str] = {}
    for name, value in (fields or {}).items():
        if value is None:
            continue
        text = ", ".join(map(to_scalar_text, value)) if isinstance(value, list) else to_scalar_text(value)
        if not _TOKEN.fullmatch(name) or _BREAKS.search(text):
            raise _refuse(f"The header {name!r} contains characters that a header cannot have, such as a line break.")
        headers[name] = text
    if policy is not None:
        authorization = make_authorization(policy)
        if _BREAKS.search(authorization):
            raise _refuse("The credentials contain a line break.")
        headers[find_header(headers, "authorization") or "Authorization"] = authorization
    return headers


def find_header(headers: dict[str, str], name: str) -> str | None:
    """Return a header's name as it is spelled among the headers, or `None` if it is not there; `name` in lower case."""
    return next((key for key in headers if key.lower() == name), None)


def _refuse(detail: str) -> ActivityError:
    return ActivityError("validation", 400, "Invalid arguments of call: http", detail)
