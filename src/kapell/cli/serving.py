"""`kapell up`: the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.cli import exits
from kapell.cli.output import print_json, say
from kapell.server import serve

if TYPE_CHECKING:
    from kapell.settings import Settings


def serve_until_stopped(settings: Settings) -> int:
    """Serve until Ctrl-C or SIGTERM. Runs that have not ended are carried on by the next start."""
    if settings.log_format == "json":
        asyncio.run(serve(settings, _announce_to_programs))
        return exits.COMPLETED
    asyncio.run(serve(settings, _announce))
    say("Stopped. Runs that have not ended go on at the next start.")
    return exits.COMPLETED


def _announce_to_programs(_address: str, password: str | None) -> None:
    """Keep stderr to what is JSON: the address stands in an event, and the password on stdout, this once."""
    if password is not None:
        print_json({"name": "admin", "password": password})


def _announce(address: str, password: str | None) -> None:
    if password is not None:
        say("This is the first start. Sign in as `admin` with this password; it is shown only now:")
        say(f"  {password}", "bold")
    say(f"Kapell serves on {address} (API: {address}/api/v1, health: {address}/health). Ctrl-C stops it.")
