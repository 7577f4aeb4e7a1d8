"""The HTTP client that `call: http`, `call: openapi` and their documents share.

One aiohttp session, made when it is first needed and kept for its connections. It follows no redirects, keeps no
cookies and reads no `.netrc`: what one run does is never seen by another.

The library takes a quarter of a second to load, and most runs call nothing: it is loaded with the first call, in a
thread, so that other runs go on meanwhile.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

import kapell
from kapell.connectors.http.proxy import ProxyChooser
from kapell.connectors.http.uri import hide_credentials
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

    from kapell.connectors.http.settings import HttpSettings

_NOTHING_SKIPPED: tuple[str, ...] = ()
_NO_CONTENT_TYPE = ("Content-Type",)


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


class HttpClient:
    """Sends requests over connections that are kept and used again."""

    def __init__(self, settings: HttpSettings) -> None:
        """Remember the settings; nothing is opened before the first call."""
        self._settings = settings
        self._proxies = ProxyChooser(settings)
        self._origins = {key.rstrip("/"): value.rstrip("/") for key, value in settings.origins.items()}
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, call: HttpCall) -> HttpReply:
        """Send a request and return the complete response, whatever its status.

        Raises:
            ActivityError: No complete response arrived: unreachable, broken off, too late, too large, not HTTP.
        """
        if "aiohttp" not in sys.modules:
            await asyncio.to_thread(import_module, "aiohttp")
        import aiohttp  # noqa: PLC0415 -- see the module's docstring

        session = self._session if self._loop is asyncio.get_running_loop() and self._session else await self._open()

        url = _parse(call.uri, call)
        uri, headers = call.uri, call.headers
        if self._origins:
            uri, headers = self._redirect_origin(call)
            url = _parse(uri, call)
        try:
            async with session.request(
                call.method,
                url,
                headers=headers,
                data=call.body,
                allow_redirects=False,
                proxy=self._proxies.find(uri),
                skip_auto_headers=_NO_CONTENT_TYPE if call.body else _NOTHING_SKIPPED,
            ) as response:
                body = await self._read(response)
                return HttpReply(
                    call=call,
                    request_headers=tuple(response.request_info.headers.items()),
                    status=response.status,
                    reason=response.reason or "",
                    headers=tuple(response.headers.items()),
                    content_type=response.headers.get("Content-Type", ""),
                    body=body,
                )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            from kapell.connectors.http.failures import describe_failure  # noqa: PLC0415 -- it needs the library

            raise describe_failure(error, describe(call)) from error

    async def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        session, self._session, self._loop = self._session, None, None
        if session is not None:
            await session.close()

    async def _open(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 -- see the module's docstring

        settings = self._settings
        await self.close()
        connector = aiohttp.TCPConnector(
            limit=settings.max_connections,
            limit_per_host=settings.max_connections_per_host,
            keepalive_timeout=settings.keep_alive_seconds,
            ssl=_load_authorities(settings.ca_file) if settings.ca_file else True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"Kapell/{kapell.__version__}"},
            timeout=aiohttp.ClientTimeout(
                total=settings.total_timeout_seconds, sock_connect=settings.connect_timeout_seconds
            ),
        )
        self._loop = asyncio.get_running_loop()
        return self._session

    def _redirect_origin(self, call: HttpCall) -> tuple[str, Mapping[str, str]]:
        parts = urlsplit(call.uri)
        host = parts.netloc.rpartition("@")[2]
        target = self._origins.get(f"{parts.scheme}://{host}")
        if target is None:
            return call.uri, call.headers
        rest = call.uri.partition("://")[2][len(parts.netloc) :]
        return target + rest, {"Host": host, **call.headers}

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.max_response_bytes
        chunk = await response.content.readany()
        if response.content.at_eof() and len(chunk) <= limit:
            return chunk
        chunks, size = [chunk], len(chunk)
        while size <= limit:
            chunk = await response.content.readany()
            if not chunk and response.content.at_eof():
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
        response.close()
        raise ActivityError(
            "communication",
            413,
            "Response too large",
            f"{response.method} {hide_credentials(str(response.url))}: the response is larger than {limit} bytes. "
            "Ask for less (paging, a filter), or raise the limit in the settings.",
        )


def describe(call: HttpCall) -> str:
    """Name a call in an error: its method and its URI, without query and credentials."""
    return f"{call.method} {hide_credentials(call.uri.partition('?')[0])}"


def _parse(uri: str, call: HttpCall) -> URL:
    from yarl import URL  # noqa: PLC0415 -- it comes with the library

    try:
        url = URL(uri, encoded=True)
        if url.scheme in ("http", "https") and url.host and url.port:
            return url
        reason = "it is no http or https address"
    except ValueError as error:
        reason = str(error)
    raise ActivityError("validation", 400, "Invalid URI", f"'{describe(call)}' cannot be sent: {reason}.")


def _load_authorities(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        detail = f"The certificate authorities in '{path}' cannot be read: {error}."
        raise ActivityError("configuration", 500, "Invalid CA file", detail) from error
