"""Clients that cost next to nothing: they send prepared bytes, and read no more of the answers than is needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_request(target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a POST request as it is sent."""
    head = [f"POST {target} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


class Connection(asyncio.Protocol):
    """A connection of its own, which sends one request after the other and waits for the answer of each."""

    def __init__(self) -> None:
        """Be connected by `open`."""
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, address: str) -> Connection:
        """Open a connection to a server."""
        url = urlsplit(address)
        _, protocol = await asyncio.get_running_loop().create_connection(cls, url.hostname, url.port)
        return protocol

    def connection_made(self, transport: Any) -> None:
        """Keep what is written to."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect an answer."""
        self._received += data
        head, has_ended, body = self._received.partition(b"\r\n\r\n")
        if not has_ended:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) == length and self._answer is not None:
            self._received = b""
            self._answer.set_result(body)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> bytes:
        """Send a request, and return the body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        self._answer = None
        self._transport.close()
