"""HTTP by aiohttp: one session, made in the event loop that it serves, with its connections.

It follows no redirects, keeps no cookies and reads no `.netrc`: what one run does is never seen by another.

Addresses that may not be called are refused where the socket is made, as by then nothing can change them any more.
Through a proxy there is no such place: numeric addresses are judged beforehand, names are the proxy's to judge.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

import kapell
from kapell.connectors.http.failures import describe_failure
from kapell.connectors.http.message import HttpCall, HttpReply, describe
from kapell.connectors.http.proxy import ProxyChooser
from kapell.connectors.http.uri import hide_credentials
from kapell.sdk import ActivityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.connector import AddrInfoType

    from kapell.connectors.http.address_rules import AddressRules
    from kapell.connectors.http.settings import HttpSettings

_NOTHING_SKIPPED: tuple[str, ...] = ()
_NO_CONTENT_TYPE = ("Content-Type",)


class HttpTransport:
    """Sends requests in one event loop.

    Attributes:
        loop: That loop.
    """

    def __init__(self, settings: HttpSettings) -> None:
        """Make the session of the running loop; no connection is opened yet.

        Raises:
            ActivityError: The certificate authorities of the settings cannot be read.
        """
        self.loop = asyncio.get_running_loop()
        self._max_response_bytes = settings.max_response_bytes
        self._proxies = ProxyChooser(settings)
        self._origins = {key.rstrip("/"): value.rstrip("/") for key, value in settings.origins.items()}
        self._addresses = settings.addresses
        authorities = _load_authorities(settings.ca_file) if settings.ca_file else True
        self._direct = _open_session(settings, authorities, settings.addresses)
        # Where a proxy is, is the administrator's own choice.
        self._proxied = _open_session(settings, authorities, None) if settings.addresses else self._direct

    async def send(self, call: HttpCall) -> HttpReply:
        """Send a request and return the complete response, whatever its status.

        Raises:
            ActivityError: No complete response arrived: unreachable, broken off, too late, too large, not HTTP.
        """
        uri, headers = call.uri, call.headers
        url = _parse(uri, call)
        if self._origins:
            uri, headers = self._redirect_origin(call)
            url = _parse(uri, call)
        proxy = self._proxies.find(uri)
        session = self._direct if proxy is None else self._proxied
        try:
            if proxy is not None and self._addresses:
                self._check_numeric(url)
            async with session.request(
                call.method,
                url,
                headers=headers,
                data=call.body,
                allow_redirects=False,
                proxy=proxy,
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
            raise describe_failure(error, describe(call)) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._direct.close()
        await self._proxied.close()

    def _check_numeric(self, url: URL) -> None:
        """Judge an address that a proxy is sent to, however it is spelled. Raises `DeniedAddressError`."""
        try:
            found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except OSError:  # it is a name
            return
        self._addresses.check(str(found[0][4][0]))

    def _redirect_origin(self, call: HttpCall) -> tuple[str, Mapping[str, str]]:
        parts = urlsplit(call.uri)
        host = parts.netloc.rpartition("@")[2]
        target = self._origins.get(f"{parts.scheme}://{host}")
        if target is None:
            return call.uri, call.headers
        rest = call.uri.partition("://")[2][len(parts.netloc) :]
        return target + rest, {"Host": host, **call.headers}

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._max_response_bytes
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


def _open_session(
    settings: HttpSettings, authorities: ssl.SSLContext | bool, addresses: AddressRules | None
) -> aiohttp.ClientSession:
    def make_socket(found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        assert addresses is not None
        addresses.check(str(address[0]))
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=settings.max_connections,
            limit_per_host=settings.max_connections_per_host,
            keepalive_timeout=settings.keep_alive_seconds,
            ssl=authorities,
            socket_factory=make_socket if addresses else None,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Kapell/{kapell.__version__}"},
        timeout=aiohttp.ClientTimeout(
            total=settings.total_timeout_seconds, sock_connect=settings.connect_timeout_seconds
        ),
    )


def _parse(uri: str, call: HttpCall) -> URL:
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
