"""The HTTP client that `call: http`, `call: openapi` and their documents share.

The library below it takes a quarter of a second to load, and most runs call nothing: it is loaded with the first call,
in a thread, so that other runs go on meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapell.connectors.http.message import HttpCall, HttpReply
    from kapell.connectors.http.settings import HttpSettings
    from kapell.connectors.http.transport import HttpTransport


class HttpClient:
    """Sends requests over connections that are kept and used again."""

    def __init__(self, settings: HttpSettings) -> None:
        """Remember the settings; nothing is opened before the first call."""
        self._settings = settings
        self._transport: HttpTransport | None = None

    async def send(self, call: HttpCall) -> HttpReply:
        """Send a request and return the complete response, whatever its status.

        Raises:
            ActivityError: No complete response arrived: unreachable, broken off, too late, too large, not HTTP.
        """
        transport = self._transport
        if transport is None or transport.loop is not asyncio.get_running_loop():
            transport = await self._open()
        return await transport.send(call)

    async def close(self) -> None:
        """Close all connections. A later call opens new ones."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    async def _open(self) -> HttpTransport:
        transport_class = await asyncio.to_thread(_load_transport)
        # Others may have asked meanwhile: from here on nothing waits, so that there is only one transport.
        if self._transport is None or self._transport.loop is not asyncio.get_running_loop():
            self._transport = transport_class(self._settings)
        return self._transport


def _load_transport() -> type[HttpTransport]:
    from kapell.connectors.http.transport import HttpTransport  # noqa: PLC0415 -- see the module's docstring

    return HttpTransport
