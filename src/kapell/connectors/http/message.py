"""Requests and responses, as they go over the wire."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kapell.connectors.http.uri import hide_credentials


class HttpCall(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is ready to be sent.

    Attributes:
        method: The method, in upper case.
        uri: The URI, percent-encoded: it is sent exactly like this.
        headers: The headers by name.
        body: The body's bytes, or `None` for no body.
    """

    method: str
    uri: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class HttpReply(msgspec.Struct, frozen=True, kw_only=True):
    """A response that has arrived completely.

    Attributes:
        call: The request.
        request_headers: The headers as they were sent, those that the client added included.
        status: The status code.
        reason: The reason phrase; may be empty.
        headers: Name and value of each header, in order, as they arrived.
        content_type: The `Content-Type` header, or an empty string.
        body: The body, decompressed.
    """

    call: HttpCall
    request_headers: tuple[tuple[str, str], ...]
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    content_type: str
    body: bytes


def describe(call: HttpCall) -> str:
    """Name a call in an error: its method and its URI, without query and credentials."""
    return f"{call.method} {hide_credentials(call.uri.partition('?')[0])}"
