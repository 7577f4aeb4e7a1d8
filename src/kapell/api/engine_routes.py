"""The route of how the engine is at the moment, in sentences: for everybody who works with runs.

It names no workflow, no path and no host, so that no more is needed than to see runs anywhere. What is wrong with the
installation as a whole is looked into by the diagnostics.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from fastapi import APIRouter, Request, Response

import kapell
from kapell.api.callers import needs
from kapell.api.installation import DiagnosticFinding
from kapell.api.parts import in_thread, parts_of
from kapell.api.wire import answer, gives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kapell.api.parts import Parts

router = APIRouter(tags=["installation"])

_OFTEN = 10
"""So often within a minute work may begin late before it is worth a warning; a single delay is nobody's trouble."""

_LITTLE_BYTES = 1 << 30
_TOO_LITTLE_BYTES = 100 << 20
_GIBIBYTE = 1 << 30
_MANY_BEHIND = 1000
"""Of more runs that are to be indexed it is only said that they are more."""

_MANY_WAITING = 10
"""So many times as many attempts as are under way may wait for a slot before it is worth a warning."""


class EngineHealth(msgspec.Struct, frozen=True):
    """How the engine is.

    Attributes:
        looked_at: When that was found.
        version: Kapell's version.
        findings: What was looked at, always in the same order: `engine`, `work`, `event loop`, `search`, `disk`,
            `encryption`, `audit log`.
    """

    looked_at: datetime
    version: str
    findings: list[DiagnosticFinding]


@router.get("/engine", responses=gives(EngineHealth))
async def show_engine(request: Request, caller: Any = needs("run.read")) -> Response:
    """Say how the engine is: what waits, what is behind, how much room there is; and what to do about it."""
    del caller
    parts = parts_of(request)
    findings: list[DiagnosticFinding] = await in_thread(lambda: list(examine_engine(parts)))
    return answer(EngineHealth(parts.clock.now(), kapell.__version__, findings))


def examine_engine(parts: Parts) -> Iterator[DiagnosticFinding]:
    """Yield what is found; blocks."""
    yield _look_at_engine(parts)
    yield describe_work(parts.engine.attempts_under_way, parts.engine.attempts_waiting)
    yield describe_lateness(parts.loop_watch.latest_worst, parts.loop_watch.times_held)
    yield _look_at_search(parts)
    yield describe_space(shutil.disk_usage(parts.settings.data).free)
    yield _look_at_encryption(parts)
    yield _look_at_audit(parts)


def _look_at_engine(parts: Parts) -> DiagnosticFinding:
    if parts.engine.trouble is not None:
        advice = "Look for free disk space, and whether the database answers. Runs go on by themselves afterwards."
        return DiagnosticFinding("engine", "problem", "Nothing can be written at present, so no run goes on.", advice)
    count = parts.engine.runs_in_memory
    runs = {0: "none moves", 1: "one moves"}.get(count, f"{count:,} move")
    return DiagnosticFinding("engine", "ok", f"Runs are written and go on; {runs} just now.", "")


def describe_work(under_way: int, waiting: int) -> DiagnosticFinding:
    """Say how many attempts at activities are `under_way`, and how many are `waiting` for a slot."""
    begun = {0: "No attempt is", 1: "One attempt is"}.get(under_way, f"{under_way:,} attempts are")
    queue = {0: "none waits", 1: "one waits"}.get(waiting, f"{waiting:,} wait")
    text = f"{begun} under way, and {queue} for a slot."
    if waiting > _MANY_WAITING * max(under_way, 1):
        advice = "Raise max_calls or max_processes if the machine has room, or suspend what is less urgent."
        return DiagnosticFinding("work", "warning", text, advice)
    return DiagnosticFinding("work", "ok", text, "")


def describe_lateness(worst: float, times_held: int) -> DiagnosticFinding:
    """Say how late the engine came to its work within the last minute.

    Args:
        worst: How late it was at worst, in seconds.
        times_held: How often it was notably late.
    """
    text = f"Within the last minute the engine came to its work {worst * 1000:,.0f} ms late at worst."
    if times_held >= _OFTEN:
        advice = "The machine has too little time for it: give it more processors, or less work beside it."
        return DiagnosticFinding("event loop", "warning", f"{text} It was late {times_held} times.", advice)
    return DiagnosticFinding("event loop", "ok", text, "")


def _look_at_search(parts: Parts) -> DiagnosticFinding:
    if parts.settings.encrypt_at_rest:
        text = "Words of runs cannot be searched, as what runs work with is sealed."
        return DiagnosticFinding("search", "ok", text, "")
    behind = len(parts.engine.store.list_unindexed(_MANY_BEHIND))
    if behind < _MANY_BEHIND:
        text = f"{behind:,} runs are to be added to the index." if behind else "The index has all runs."
        return DiagnosticFinding("search", "ok", text, "")
    text = f"{_MANY_BEHIND:,} runs or more are to be added to the index: a search does not find them yet."
    return DiagnosticFinding("search", "warning", text, "It catches up by itself. If it does not, rebuild the index.")


def describe_space(free: int) -> DiagnosticFinding:
    """Say how many bytes are `free` where the data folder lies."""
    text = f"{free / _GIBIBYTE:,.1f} GiB are free."
    if free < _TOO_LITTLE_BYTES:
        return DiagnosticFinding("disk", "problem", text, "Free some space: without it nothing more is accepted.")
    if free < _LITTLE_BYTES:
        advice = "Free some space, or let runs go after a time (retention_days)."
        return DiagnosticFinding("disk", "warning", text, advice)
    return DiagnosticFinding("disk", "ok", text, "")


def _look_at_encryption(parts: Parts) -> DiagnosticFinding:
    if parts.settings.encrypt_at_rest:
        return DiagnosticFinding("encryption", "ok", "Data of runs, logs and secrets are sealed at rest.", "")
    text = "Secrets are sealed at rest; data and logs of runs are not (encrypt_at_rest)."
    return DiagnosticFinding("encryption", "ok", text, "")


def _look_at_audit(parts: Parts) -> DiagnosticFinding:
    if parts.heads.trouble is not None:
        advice = "The server's log says why. It is tried again by itself; what is recorded meanwhile is kept."
        return DiagnosticFinding("audit log", "warning", "The audit log is not being witnessed.", advice)
    count = len(parts.heads.list_witnesses())
    kept = {0: "nobody else keeps its heads", 1: "a witness keeps its heads"}.get(
        count, f"{count} witnesses keep its heads"
    )
    return DiagnosticFinding("audit log", "ok", f"It has {parts.audit.last_number:,} records; {kept}.", "")
