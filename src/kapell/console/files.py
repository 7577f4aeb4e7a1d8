"""Files to browsers: read once, compressed already, and with the headers that keep a page safe.

An address that is no file's is one of the console's own pages, so that links and reloads work: the page itself is the
answer, and the console finds out what to show.
"""

from __future__ import annotations

import hashlib
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = Path(__file__).with_name("static")

# Styles are made by the libraries at run time; scripts come from files alone.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_PAGE_HEADERS = [(b"content-security-policy", _POLICY.encode()), (b"cross-origin-opener-policy", b"same-origin")]
_METHODS = {"GET", "HEAD"}
_ELSEWHERE = ("/api/", "/health", "/ready", "/metrics")
"""Where no pages are, whatever a browser accepts."""
_KEPT_FOR_GOOD = b"public, max-age=31536000, immutable"
_ASKED_AGAIN = b"no-cache"
_NOT_BUILT = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Kapell</title>
<h1>The console is not built</h1>
<p>This server runs from a checkout in which the console has not been built yet. Run <code>make console</code> there
(it needs node and npm), and start the server again. The API and the command <code>kapell</code> work without it.</p>
</html>
"""


class StaticFile(msgspec.Struct, frozen=True):
    """A file as it is answered with.

    Attributes:
        content: Its bytes.
        compressed: The same by gzip, where that was made.
        kind: Its media type.
        etag: A quoted name of this content.
        caching: How long browsers keep it.
    """

    content: bytes
    compressed: bytes | None
    kind: bytes
    etag: bytes
    caching: bytes


class ConsoleFiles:
    """An ASGI application that answers with the console's files, and hands on what is none of them."""

    def __init__(self, beyond: ASGIApp, folder: Path = FOLDER) -> None:
        """Read all files of `folder` (some MB); where there are none, pages say how to build them."""
        self._beyond = beyond
        self._files = {
            "/" + path.relative_to(folder).as_posix(): _read(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".gz"
        }
        self._page = self._files.get("/index.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] not in _METHODS or scope["path"].startswith(_ELSEWHERE):
            await self._beyond(scope, receive, send)
            return
        headers = dict(scope["headers"])
        file = self._files.get(scope["path"])
        if file is None and (scope["path"] == "/" or b"text/html" in headers.get(b"accept", b"")):
            if self._page is None:
                await _answer(send, 503, [(b"content-type", b"text/html; charset=utf-8"), *_PAGE_HEADERS], _NOT_BUILT)
                return
            file = self._page
        if file is None:
            await self._beyond(scope, receive, send)
        else:
            await _send_file(file, headers, send, is_head=scope["method"] == "HEAD")


async def _send_file(file: StaticFile, headers: dict[bytes, bytes], send: Send, *, is_head: bool) -> None:
    said = [(b"etag", file.etag), (b"cache-control", file.caching), (b"vary", b"accept-encoding"), *_PAGE_HEADERS]
    if file.etag in headers.get(b"if-none-match", b""):
        await _answer(send, 304, said, b"")
        return
    said.append((b"content-type", file.kind))
    content = file.content
    if file.compressed is not None and b"gzip" in headers.get(b"accept-encoding", b""):
        content = file.compressed
        said.append((b"content-encoding", b"gzip"))
    await _answer(send, 200, said, content, is_head=is_head)


async def _answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes, *, is_head: bool = False
) -> None:
    length = (b"content-length", b"%d" % len(content))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": b"" if is_head else content})


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    packed = path.with_name(path.name + ".gz")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind.endswith(("javascript", "json", "xml")):
        kind += "; charset=utf-8"
    return StaticFile(
        content=content,
        compressed=packed.read_bytes() if packed.is_file() else None,
        kind=kind.encode(),
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"'.encode(),
        # The names of what is built carry the hash of their content; the others stay as they are for ever.
        caching=_KEPT_FOR_GOOD if path.parent.name == "assets" else _ASKED_AGAIN,
    )
