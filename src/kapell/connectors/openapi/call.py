"""From an operation and the author's parameters to a request.

Every parameter goes where the document declares it. A parameter that is not declared is a property of the body, if its
schema has one of that name or leaves the names open; the parameter `body` (in Swagger 2 the name of the body parameter)
gives the whole body instead. Variables of the server's URL can be given like parameters.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.connectors.http.activity import add_idempotency_key, find_header, make_headers
from kapell.connectors.http.body import encode_body
from kapell.connectors.http.media import classify
from kapell.connectors.http.message import HttpCall
from kapell.connectors.http.uri import quote_uri, to_scalar_text
from kapell.connectors.openapi.serialisation import write_cookie, write_header, write_path, write_query
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kapell.connectors.openapi.operation import BodyShape, Operation, Parameter

_VARIABLE = re.compile(r"\{([^{}]+)\}")


def make_call(operation: Operation, values: Mapping[str, Any], policy: Any, key: str) -> HttpCall:
    """Return the request of a call.

    Args:
        operation: What is called.
        values: The author's parameters; null is the same as not given.
        policy: The authentication policy, if any.
        key: The attempt's idempotency key.

    Raises:
        ActivityError: A required parameter is missing, an unknown one is given, or a value cannot be written.
    """
    given = {name: value for name, value in values.items() if value is not None}
    body = _take_body(operation, given)
    _check_names(operation, given)
    if body is None and operation.body is not None and operation.body.required:
        raise _refuse(operation, f"The operation needs a body: give it as the parameter '{operation.body.name}'.")
    placed = [(each, given[each.name]) for each in operation.parameters if each.name in given]
    headers = make_headers({each.name: write_header(each, value) for each, value in _at("header", placed)}, policy)
    cookies = [write_cookie(each, value) for each, value in _at("cookie", placed)]
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    if operation.accept and find_header(headers, "accept") is None:
        headers["Accept"] = operation.accept
    form = {each.name: _as_file(value) if each.is_file else value for each, value in _at("form", placed)}
    content, content_type = _encode(operation.body, form or body)
    if content_type is not None:
        headers.pop(find_header(headers, "content-type") or "", None)
        headers["Content-Type"] = content_type
    add_idempotency_key(operation.method, headers, key)
    query = "&".join(piece for each, value in _at("query", placed) for piece in write_query(each, value))
    uri = _make_uri(operation, given, placed)
    return HttpCall(
        method=operation.method,
        uri=f"{uri}{'&' if '?' in uri else '?'}{query}" if query else uri,
        headers=headers,
        body=content,
    )


def _take_body(operation: Operation, given: dict[str, Any]) -> Any:
    """Take the body's parameters out of those that were given, and return the body; null if there is none."""
    shape = operation.body
    if shape is None or not shape.name:
        return None
    declared = {parameter.name for parameter in operation.parameters} | set(operation.server_variables)
    if shape.name in given and shape.name not in shape.properties and shape.name not in declared:
        return given.pop(shape.name)
    names = [name for name in given if name not in declared and (shape.is_open or name in shape.properties)]
    body = {name: given.pop(name) for name in names}
    return body or None


def _check_names(operation: Operation, given: Mapping[str, Any]) -> None:
    missing = [each.name for each in operation.parameters if each.required and each.name not in given]
    if missing:
        raise _refuse(operation, f"Required parameters are missing: {', '.join(missing)}.")
    known = {parameter.name for parameter in operation.parameters} | set(operation.server_variables)
    unknown = next((name for name in given if name not in known), None)
    if unknown is None:
        return
    if operation.body is not None and operation.body.name:
        known |= operation.body.properties | {operation.body.name}
    close = get_close_matches(unknown, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(sorted(known)) or 'none'}."
    raise _refuse(operation, f"The operation has no parameter '{unknown}'; {hint}")


def _make_uri(operation: Operation, given: Mapping[str, Any], placed: list[tuple[Parameter, Any]]) -> str:
    variables = {name: to_scalar_text(given.get(name, value)) for name, value in operation.server_variables.items()}
    server = _VARIABLE.sub(lambda match: variables.get(match[1], ""), operation.server)
    written = {each.name: write_path(each, value) for each, value in _at("path", placed)}
    path = "".join(
        written.get(part, "") if index % 2 else quote_uri(part)
        for index, part in enumerate(_VARIABLE.split(operation.path))
    )
    return quote_uri(server) + path


def _at(location: str, placed: list[tuple[Parameter, Any]]) -> list[tuple[Parameter, Any]]:
    return [(parameter, value) for parameter, value in placed if parameter.location == location]


def _encode(shape: BodyShape | None, body: Any) -> tuple[bytes | None, str | None]:
    if shape is None or body is None:
        return None, None
    if classify(shape.content_type) == "json":
        return msgspec.json.encode(body), shape.content_type
    if shape.files and isinstance(body, dict):
        body = {name: _as_file(value) if name in shape.files else value for name, value in body.items()}
    return encode_body(body, shape.content_type)


def _as_file(value: Any) -> Any:
    return value if isinstance(value, dict) else {"content": to_scalar_text(value)}


def _refuse(operation: Operation, detail: str) -> ActivityError:
    return ActivityError("validation", 400, "Invalid parameters", f"{operation.operation_id}: {detail}")
