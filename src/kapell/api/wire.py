"""What goes over the wire: msgspec structs as JSON, and their schemas in the OpenAPI document.

Requests and answers are the same structs that the services use. FastAPI knows nothing of them, so a route says what it
takes and gives, and `complete_schemas` puts the schemas into the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from fastapi import Depends, Request, Response

from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_known: dict[str, Any] = {}
_encoder = msgspec.json.Encoder()


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list, and where the next one begins.

    Attributes:
        items: What is on it.
        next: The `cursor` of the next page; null on the last one.
    """

    items: list[T]
    next: str | None = None


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a struct, or anything else that msgspec knows, as a JSON response."""
    return Response(_encoder.encode(value), status, dict(headers or {}), "application/json")


def gives(kind: Any, status: int = 200, text: str = "Done.") -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses`: what it answers with when all is well, and the problems of every route."""
    good: dict[str, Any] = {"description": text}
    if kind is not None:
        good["content"] = {"application/json": {"schema": _refer(kind)}}
    return {status: good}


def takes(kind: Any) -> dict[str, Any]:
    """Return a route's `openapi_extra`: the body that it reads with `body`."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _refer(kind)}}}}


def body(kind: Any) -> Any:
    """Return the dependency that reads the request's body as `kind`.

    The request is refused with `UsageError` where the body is no JSON or does not fit; the sentence says where.
    """
    decoder = msgspec.json.Decoder(kind)

    async def read(request: Request) -> Any:
        return decode_body(await request.body(), decoder)

    return Depends(read)


def decode_body(content: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Return what a body says. Raises `UsageError` where it is no JSON or does not fit."""
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise UsageError(f"The body does not fit: {error}.", hint="See /api/v1/openapi.json.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"The body is not JSON: {error}.") from error


def complete_schemas(document: dict[str, Any]) -> None:
    """Put the schemas of everything that routes take and give into an OpenAPI document."""
    _, components = msgspec.json.schema_components(_known.values(), ref_template="#/components/schemas/{name}")
    # Of two structs of one name each gets the name of its module, and what refers to them leads nowhere.
    assert not any("." in name for name in components), sorted(components)
    document["components"] = {"schemas": components}  # in the place of FastAPI's own, which nothing refers to


def _refer(kind: Any) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    if components:
        _known[str(kind)] = kind
    return schema
