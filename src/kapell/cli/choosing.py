"""Which target a command is about, by its options and the environment.

A target is loaded when it is chosen: a command on a folder needs nothing of the client.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kapell.cli.target import SERVER
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kapell.cli.event_target import EventTarget
    from kapell.cli.target import Target
    from kapell.settings import Settings


def choose_target(
    *,
    data: Path | None,
    server: str | None,
    token_file: Path | None,
    secrets: Path | None = None,
    workflows: Sequence[Path] | None = None,
) -> Target:
    """Return the target that the options name, or `KAPELL_SERVER`; a folder if nothing does.

    Raises:
        UsageError: The options do not go together, or cannot be used.
    """
    address = _find_address(data, server, token_file)
    if not address:
        from kapell.cli.folder_target import FolderTarget
        from kapell.settings import read_settings

        return FolderTarget(read_settings(data=data, secrets=secrets))
    if secrets is not None:
        raise UsageError("A server keeps secrets by itself.", hint="Put them there: see `PUT /api/v1/secrets`.")
    if workflows:
        raise UsageError(
            "A server finds workflows among those that are published there.", hint="See `kapell publish --help`."
        )
    from kapell.cli.server_target import ServerTarget

    return ServerTarget(address, token_file)


def choose_events(*, data: Path | None, server: str | None, token_file: Path | None) -> EventTarget:
    """Return where the events are that the options name, or `KAPELL_SERVER`; a folder if nothing does.

    Raises:
        UsageError: The options do not go together, or cannot be used.
    """
    address = _find_address(data, server, token_file)
    if address:
        from kapell.cli.server_events import ServerEvents

        return ServerEvents(address, token_file)
    from kapell.cli.folder_events import FolderEvents
    from kapell.settings import read_settings

    return FolderEvents(read_settings(data=data))


def _find_address(data: Path | None, server: str | None, token_file: Path | None) -> str:
    """Return the server that is meant; empty for a folder. Raises `UsageError`."""
    if server is not None and data is not None:
        raise UsageError("There are runs in a data folder or on a server.", hint="Use --data or --server, not both.")
    address = server or ("" if data is not None else os.environ.get(SERVER, ""))
    if not address and token_file is not None:
        raise UsageError("A data folder takes no token.", hint="Name the server with --server.")
    return address


def choose_folder(*, data: Path | None, server: str | None, secrets: Path | None = None, instead: str) -> Settings:
    """Return the settings for a command that makes no sense on a server.

    Args:
        data: The folder that was named.
        server: The server that was named.
        secrets: The file with secrets.
        instead: What to say to those who have named one.

    Raises:
        UsageError: A server was named.
    """
    if server is not None or (data is None and os.environ.get(SERVER)):
        hint = instead if server is not None else f"{instead} {SERVER} is set; --data names a folder all the same."
        raise UsageError("This command works on a data folder only.", hint=hint)
    from kapell.settings import read_settings

    return read_settings(data=data, secrets=secrets)
