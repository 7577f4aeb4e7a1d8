"""The typed Python client of a Kapell server, for programs with an event loop and without.

    with Client("https://kapell.example", token=...) as client:
        run = client.runs.start("tutorial", "hello", input={"name": "Ada"})
        print(client.runs.wait(run.run_id).output)

`AsyncClient` has the same, to be awaited. Nothing of the server is imported here; and of the two HTTP libraries only
the one of the client that is used, because either takes longer to load than all the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kapell.client.calls import Page
from kapell.client.errors import UnexpectedAnswerError, UnreachableError, UntrustedServerError, WaitTimeoutError

if TYPE_CHECKING:
    from kapell.client.async_client import AsyncClient
    from kapell.client.async_sender import AsyncItems
    from kapell.client.sync_client import Client
    from kapell.client.sync_sender import Items

__all__ = [
    "AsyncClient",
    "AsyncItems",
    "Client",
    "Items",
    "Page",
    "UnexpectedAnswerError",
    "UnreachableError",
    "UntrustedServerError",
    "WaitTimeoutError",
]

_HOMES = {
    "AsyncClient": "kapell.client.async_client",
    "AsyncItems": "kapell.client.async_sender",
    "Client": "kapell.client.sync_client",
    "Items": "kapell.client.sync_sender",
}


def __getattr__(name: str) -> Any:
    """Load a client when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
