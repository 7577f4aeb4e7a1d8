"""External resources: OpenAPI documents and scripts, from a web server or from a file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from kapell.connectors.http.activity import find_header, make_headers
from kapell.connectors.http.message import HttpCall, HttpReply
from kapell.connectors.http.response import check_status
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from kapell.connectors.http.client import HttpClient

_MAX_REDIRECTS = 5
_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that was read.

    Attributes:
        uri: Where it was found, after redirects; what relative references in it refer to.
        body: Its bytes.
        tag: What `fetch_document` can be given to learn whether it has changed; may be empty.
    """

    uri: str
    body: bytes
    tag: str = ""


async def fetch_document(client: HttpClient, uri: str, policy: Any = None, *, tag: str = "") -> Document | None:
    """Read a resource of `http`, `https` or `file`; return `None` if it is still the one with this tag.

    Redirects are followed, a few, and credentials are not sent to another origin.

    Raises:
        ActivityError: It cannot be reached, read or found.
    """
    if uri.lower().startswith("file:"):
        return await asyncio.to_thread(_read_file, uri, tag)
    headers = make_headers(None, policy)
    if tag:
        headers["If-None-Match"] = tag
    for _ in range(_MAX_REDIRECTS):
        reply = await client.send(HttpCall(method="GET", uri=uri, headers=headers))
        if reply.status == _NOT_MODIFIED and tag:
            return None
        target = _find_target(reply, uri)
        if target is None:
            break
        if get_origin(target) != get_origin(uri):
            headers.pop(find_header(headers, "authorization") or "", None)
        uri = target
    check_status(reply, redirect=False)
    return Document(uri=uri, body=reply.body, tag=_find_value(reply, "etag"))


def get_origin(uri: str) -> tuple[str, str]:
    """Return a URI's scheme and its host with port."""
    parts = urlsplit(uri)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _find_target(reply: HttpReply, uri: str) -> str | None:
    location = _find_value(reply, "location") if reply.status in _REDIRECTS else ""
    return urljoin(uri, location) if location else None


def _find_value(reply: HttpReply, name: str) -> str:
    return next((value for key, value in reply.headers if key.lower() == name), "")


def _read_file(uri: str, tag: str) -> Document | None:
    path = Path(unquote(urlsplit(uri).path))
    try:
        state = path.stat()
        new_tag = f"{state.st_mtime_ns}-{state.st_size}"
        return None if tag == new_tag else Document(uri=uri, body=path.read_bytes(), tag=new_tag)
    except OSError as error:
        raise ActivityError("configuration", 404, "Document not readable", f"{uri}: {error.strerror}.") from error
