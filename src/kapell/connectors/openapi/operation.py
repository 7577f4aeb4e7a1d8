"""An operation, in one form for OpenAPI 3 and Swagger 2."""

from __future__ import annotations

import msgspec


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A declared parameter.

    Attributes:
        name: Its name.
        location: Where it goes: `path`, `query`, `header`, `cookie`, or `form` for a field of Swagger 2's form.
        required: Whether a call without it is refused.
        style: How arrays and objects are written: OpenAPI 3's styles, and `tabDelimited` of Swagger 2.
        explode: Whether each element or member is written apart.
        allow_reserved: Whether RFC 3986's reserved characters stay as they are in a query.
        as_json: Whether the value is written as JSON (OpenAPI 3's `content`).
        is_file: Whether the value is a file of a multipart form.
    """

    name: str
    location: str
    required: bool = False
    style: str = "simple"
    explode: bool = False
    allow_reserved: bool = False
    as_json: bool = False
    is_file: bool = False


class BodyShape(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation takes as its body.

    Attributes:
        name: The parameter that gives the whole body.
        required: Whether a call without a body is refused.
        content_type: The media type that it is sent as.
        properties: The names of the body's properties, each a parameter too; `files` are those that are files.
        is_open: Whether the body may have properties of any name.
        files: The properties that are files of a multipart form.
    """

    name: str = "body"
    required: bool = False
    content_type: str = "application/json"
    properties: frozenset[str] = frozenset()
    is_open: bool = False
    files: frozenset[str] = frozenset()


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to call an operation.

    Attributes:
        operation_id: Its id.
        method: The HTTP method, in upper case.
        server: The server's URL, which may hold `{variables}`; without a slash at its end.
        server_variables: The variables' defaults.
        path: The path template, such as `/pets/{petId}`.
        parameters: The declared parameters.
        body: The shape of its body, if it takes one.
        accept: The media type to ask for; empty where any will do.
    """

    operation_id: str
    method: str
    server: str
    server_variables: dict[str, str] = {}
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: BodyShape | None = None
    accept: str = ""


def choose_media_type(offered: list[str]) -> str:
    """Return the media type that is easiest to carry: JSON, then forms, then text, then the first; JSON if none is."""
    for wanted in ("application/json", "+json", "application/x-www-form-urlencoded", "multipart/form-data", "text/"):
        for media_type in offered:
            if wanted in media_type.lower():
                return media_type
    return next((media_type for media_type in offered if "*" not in media_type), "application/json")


def choose_accepted(offered: list[str]) -> str:
    """Return `application/json` if the operation can answer with it, and an empty string otherwise."""
    return next((media_type for media_type in offered if media_type.lower().startswith("application/json")), "")
