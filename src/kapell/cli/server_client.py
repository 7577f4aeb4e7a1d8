"""A client for commands: it waits for nobody for long, and says how a person signs in."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.cli.target import SERVER
from kapell.client import Client
from kapell.client.profile import check_address
from kapell.errors import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RETRY_SECONDS = 3.0
"""How long a command waits for a server that is away for a moment: a person would rather know."""


@contextmanager
def open_client(server: str | None, token_file: Path | None = None, *, token: str | None = None) -> Iterator[Client]:
    """Give a client of the server that was named. Raises `KapellError`."""
    with Client(server, token=token, token_file=token_file, retry_seconds=RETRY_SECONDS) as client:
        try:
            yield client
        except UnauthenticatedError as error:
            if token is None:
                sign_in = advise(client.profile.address, "sign-in")
                error.hint = f"`{sign_in}`, or name a file with an API token by --token-file."
            raise


def advise(address: str, *words: str, token_file: Path | None = None) -> str:
    """Return a command for people to type, with the server if it is not the usual one."""
    command = ["kapell", *words]
    usual = os.environ.get(SERVER)
    if not usual or check_address(usual) != address:
        command += ["--server", address]
    if token_file is not None:
        command += ["--token-file", str(token_file)]
    return shlex.join(command)
