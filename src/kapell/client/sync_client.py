"""The client for programs without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.client.profile import find_profile
from kapell.client.resources.resources import Resources
from kapell.client.sync_sender import Sender

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class Client(Resources[Sender]):
    """A server's client. Several threads may use one; it is a context manager.

    Raises whatever the server raises, as the same classes of `kapell.errors`; besides `UnreachableError`,
    `UntrustedServerError` and `UnexpectedAnswerError`.
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
        """Ask a server. Nothing is sent yet.

        Args:
            address: The server's address; `KAPELL_SERVER`, or http://127.0.0.1:8020, if it is left out.
            token: The API token; `KAPELL_TOKEN`, the file that `KAPELL_TOKEN_FILE` names, or what `kapell sign-in` has
                kept for this address, if it is left out.
            token_file: A file that holds the token.
            ca_bundle: A file with the certificate authorities that are trusted; `KAPELL_CA_BUNDLE`, or the system's.
            timeout_seconds: How long an answer may take.
            retry_seconds: How long a call that may be repeated is tried again while the server cannot be reached or
                asks to wait. 0 asks once.
            connections: How many connections are kept open at most.

        Raises:
            UsageError: The address is none, or a file cannot be used.
        """
        self.profile = find_profile(
            address,
            token=token,
            token_file=token_file,
            ca_bundle=ca_bundle,
            timeout_seconds=timeout_seconds,
            retry_seconds=retry_seconds,
            connections=connections,
        )
        self._sender = Sender(self.profile)
        super().__init__(self._sender)

    def __enter__(self) -> Self:
        """Use the client, and close it in the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the client."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._sender.close()
