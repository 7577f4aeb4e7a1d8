"""Responses: which statuses are errors, and what a task gets of the others."""

from __future__ import annotations

import asyncio
import base64
from functools import lru_cache
from typing import Any, Literal

import msgspec

from kapell.connectors.http.large_json import decode_large_json
from kapell.connectors.http.media import classify, find_charset
from kapell.connectors.http.message import HttpReply, describe
from kapell.connectors.http.uri import hide_credentials
from kapell.sdk import ActivityError

OutputFormat = Literal["raw", "content", "response"]
OUTPUT_FORMATS: tuple[OutputFormat, ...] = ("raw", "content", "response")

_LARGE_BODY_BYTES = 256 * 1024
_EXCERPT_CHARACTERS = 500
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})


def check_status(reply: HttpReply, *, redirect: bool) -> None:
    """Refuse a response whose status is an error (DSL reference, "HTTP Call").

    Redirects are never followed, as the specification speaks only of which statuses are errors: with `redirect` a
    status of 300-399 is a result like any other (its `Location` stands in the headers), without it an error.

    Raises:
        ActivityError: The status is outside 200-299, or outside 200-399 with `redirect`.
    """
    if 200 <= reply.status < (400 if redirect else 300):  # noqa: PLR2004 -- the ranges as the specification writes them
        return
    detail = f"{describe(reply.call)} answered {reply.status} {reply.reason}".rstrip()
    location = next((value for name, value in reply.headers if name.lower() == "location"), "")
    if location and reply.status < 400:  # noqa: PLR2004 -- the range of redirects
        detail += f" to {location}; redirects are not followed, and are an error unless 'redirect' is true"
    excerpt = _make_excerpt(reply)
    raise ActivityError(
        "communication",
        reply.status,
        reply.reason or f"HTTP status {reply.status}",
        f"{detail}: {excerpt}" if excerpt else f"{detail}.",
    )


async def make_output(reply: HttpReply, output: OutputFormat) -> Any:
    """Return what a task gets of a response.

    Args:
        reply: The response.
        output: `raw` for the body in base64, `content` for the decoded body, `response` for everything.

    Raises:
        ActivityError: The body is declared as JSON, and is not.
    """
    decode = _encode_base64 if output == "raw" else decode_content
    is_large = len(reply.body) > _LARGE_BODY_BYTES
    content = await asyncio.to_thread(decode, reply) if is_large else decode(reply)
    return _describe_response(reply, content) if output == "response" else content


def decode_content(reply: HttpReply) -> Any:
    """Decode a body by its media type: JSON to its value, text (XML, YAML, forms too) to a string, others to base64.

    An empty body is null. A body without a media type is text if it is UTF-8.

    Raises:
        ActivityError: The body is declared as JSON, and is not.
    """
    if not reply.body:
        return None
    if not reply.content_type:
        return _decode_untyped(reply.body)
    kind = classify(reply.content_type)
    if kind == "json":
        return _decode_json(reply)
    if kind in ("binary", "multipart"):
        return _encode_base64(reply)
    return _decode_text(reply.body, find_charset(reply.content_type))


def _encode_base64(reply: HttpReply) -> str:
    return base64.b64encode(reply.body).decode()


def _decode_json(reply: HttpReply) -> Any:
    charset = find_charset(reply.content_type)
    try:
        if charset is None or charset.lower() in ("utf-8", "utf8", "us-ascii"):
            return decode_large_json(reply.body.removeprefix(b"\xef\xbb\xbf"))
        return decode_large_json(_decode_text(reply.body, charset).encode())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = (
            f"{describe(reply.call)} answered {reply.content_type} that is not JSON: {error}. {_make_excerpt(reply)}"
        )
        raise ActivityError("communication", 502, "Invalid response", detail) from error


def _decode_text(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode(errors="replace")


def _decode_untyped(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def _describe_response(reply: HttpReply, content: Any) -> dict[str, Any]:
    request_headers = join_headers(reply.request_headers)
    for name in request_headers:
        if name.lower() in _SECRET_HEADERS:
            request_headers[name] = "***"
    return {
        "request": {
            "method": reply.call.method,
            "uri": hide_credentials(reply.call.uri),
            "headers": request_headers,
        },
        "statusCode": reply.status,
        "headers": join_headers(reply.headers),
        "content": content,
    }


def join_headers(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return headers as an object: names in their usual spelling (`Content-Type`), repeated ones joined by commas.

    The spelling is unified because header names have no case, while the workflow's expressions do.
    """
    joined: dict[str, str] = {}
    for name, value in headers:
        key = _unify(name)
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined


@lru_cache(maxsize=1024)
def _unify(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _make_excerpt(reply: HttpReply) -> str:
    kind = classify(reply.content_type) if reply.content_type else "text"
    if not reply.body or kind in ("binary", "multipart"):
        return ""
    text = _decode_text(reply.body[: _EXCERPT_CHARACTERS * 4], find_charset(reply.content_type))
    text = " ".join(text.split())
    return text if len(text) <= _EXCERPT_CHARACTERS else text[:_EXCERPT_CHARACTERS] + " ..."
