"""What whoever has started the server knows of the installation: its settings, and how to examine it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec
from starlette.concurrency import run_in_threadpool

from kapell.settings import SettingLine, describe_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kapell.clock import Clock
    from kapell.settings import Settings

_FRESH = timedelta(seconds=15)


class DiagnosticFinding(msgspec.Struct, frozen=True):
    """What a check says.

    Attributes:
        check: The check, as `kapell doctor` calls it.
        status: `warning`: it works, and may not for long or not as well as it could; `problem`: it does not work;
            `skipped`: it could not be looked at.
        text: What is so, in a sentence.
        advice: What to do, where something is to be done.
    """

    check: str
    status: Literal["ok", "warning", "problem", "skipped"]
    text: str
    advice: str


class Diagnostics(msgspec.Struct, frozen=True):
    """What an examination of the installation has found.

    Attributes:
        examined_at: When it was made.
        problems: How many checks say that something does not work.
        warnings: How many warn.
        findings: What they say, in the order of `kapell doctor`.
    """

    examined_at: datetime
    problems: int
    warnings: int
    findings: list[DiagnosticFinding]


class Installation:
    """The installation that a server runs in.

    Attributes:
        lines: The settings in force.
    """

    def __init__(self, lines: Iterable[SettingLine], examine: Callable[[], Iterable[DiagnosticFinding]]) -> None:
        """Show these settings, and let `examine` look at everything; it blocks."""
        self.lines = list(lines)
        self._examine = examine
        self._newest: Diagnostics | None = None
        self._lock = asyncio.Lock()

    async def diagnose(self, clock: Clock) -> Diagnostics:
        """Return what an examination finds, a few seconds ago or now; there is one at a time."""
        async with self._lock:
            if self._newest is None or clock.now() - self._newest.examined_at > _FRESH:
                at = clock.now()
                findings: list[DiagnosticFinding] = await run_in_threadpool(lambda: list(self._examine()))
                statuses = [finding.status for finding in findings]
                self._newest = Diagnostics(at, statuses.count("problem"), statuses.count("warning"), findings)
            return self._newest


def describe_installation(settings: Settings) -> Installation:
    """Return what is known where nobody has said more: the settings, and nothing that could examine anything."""
    return Installation(describe_settings(settings, environment={}), lambda: ())
