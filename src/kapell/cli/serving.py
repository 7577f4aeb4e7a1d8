"""`kapell up`: the server."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from kapell.api.installation import DiagnosticFinding, Installation
from kapell.cli import exits
from kapell.cli.output import print_json, say
from kapell.clock import SystemClock
from kapell.server import serve
from kapell.settings import describe_settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kapell.api.parts import Parts
    from kapell.settings import Settings


def serve_until_stopped(given: Mapping[str, Any], *, is_demo: bool = False) -> int:
    """Serve until Ctrl-C or SIGTERM. Runs that have not ended are carried on by the next start.

    Args:
        given: Settings that came as options of the command; `None` is none.
        is_demo: Whether workflows that come with Kapell are published and run.

    Raises:
        UsageError: A setting cannot be used.
    """
    settings = read_settings(**given)
    installation = describe_installation(settings, given)
    demonstrate = _demonstrate if is_demo else None
    if settings.log_format == "json":
        asyncio.run(serve(settings, _announce_to_programs, installation, demonstrate))
        return exits.COMPLETED
    asyncio.run(serve(settings, _announce, installation, demonstrate))
    say("Stopped. Runs that have not ended go on at the next start.")
    return exits.COMPLETED


async def _demonstrate(parts: Parts) -> None:
    from kapell.demo import Demonstration

    await Demonstration(parts, random.Random()).run()  # noqa: S311 -- it chooses what is ordered, no secret


def describe_installation(settings: Settings, given: Mapping[str, Any]) -> Installation:
    """Return what the server is told of the installation that it runs in."""
    options = {name for name, value in given.items() if value is not None}
    return Installation(describe_settings(settings, options), lambda: _examine(settings))


def _examine(settings: Settings) -> Iterator[DiagnosticFinding]:
    from kapell.doctor.examination import examine_running  # when it is asked for: not each start is to wait for it

    for found in examine_running(settings, SystemClock()):
        yield DiagnosticFinding(found.check, found.status, found.text, found.advice)


def _announce_to_programs(_address: str, password: str | None) -> None:
    """Keep stderr to what is JSON: the address stands in an event, and the password on stdout, this once."""
    if password is not None:
        print_json({"name": "admin", "password": password})


def _announce(address: str, password: str | None) -> None:
    if password is not None:
        say("This is the first start. Sign in as `admin` with this password; it is shown only now:")
        say(f"  {password}", "bold")
    say(f"Kapell serves on {address} (API: {address}/api/v1, health: {address}/health). Ctrl-C stops it.")
