"""The server that is called: as little as HTTP/1.1 allows, in a process of its own.

    python loopback.py

Prints its port, answers every request with the same small JSON object, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys

_BODY = b'{"id": 4711, "name": "Ada"}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_END_OF_HEAD = b"\r\n\r\n"


class Answering(asyncio.Protocol):
    """One connection; requests have no body."""

    def __init__(self) -> None:
        """Begin with nothing received."""
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while _END_OF_HEAD in self._received:
            _, _, self._received = self._received.partition(_END_OF_HEAD)
            self._transport.write(_ANSWER)


async def serve() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
