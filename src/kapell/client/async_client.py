"""The client for programs with an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.client.async_sender import AsyncSender
from kapell.client.profile import find_profile
from kapell.client.resources.resources import Resources

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class AsyncClient(Resources[AsyncSender]):
    """A server's client for one event loop; it is an asynchronous context manager.

    It has all that `Client` has, to be awaited. Raises whatever the server raises, as the same classes of
    `kapell.errors`; besides `UnreachableError`, `UntrustedServerError` and `UnexpectedAnswerError`.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        token: str | None = None,
        token_file: str | Path | None = None,
        ca_bundle: str | Path | None = None,
        timeout_seconds: float = 30.0,
        retry_seconds: float = 30.0,
        connections: int = 50,
    ) -> None:
        """Ask a server; the arguments are those of `Client`. Raises `UsageError`."""
        self.profile = find_profile(
            address,
            token=token,
            token_file=token_file,
            ca_bundle=ca_bundle,
            timeout_seconds=timeout_seconds,
            retry_seconds=retry_seconds,
            connections=connections,
        )
        self._sender = AsyncSender(self.profile)
        super().__init__(self._sender)

    async def __aenter__(self) -> Self:
        """Use the client, and close it in the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._sender.close()
