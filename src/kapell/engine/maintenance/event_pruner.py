"""Retention of events: those that came long ago are deleted, and those that are too many, some at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kapell.engine.event_store import TRIGGERS_CURSOR
from kapell.engine.listening import CURSOR
from kapell.errors import StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from datetime import timedelta

    from kapell.clock import Clock
    from kapell.engine.event_store import EventStore

log = get_logger(__name__)

_EVERY_SECONDS = 60.0
_AT_ONCE = 1_000
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ALL = 2**62


async def prune_events_regularly(events: EventStore, clock: Clock, keep: timedelta | None, most: int) -> None:
    """Delete events that came longer than `keep` ago, or that are more than `most`, once a minute (0: no limit)."""
    while True:
        await prune_events(events, clock, keep, most)
        await asyncio.sleep(_EVERY_SECONDS)


async def prune_events(events: EventStore, clock: Clock, keep: timedelta | None, most: int) -> int:
    """Delete what is too old or too much and has been read, and return how many that were."""
    before = _NEVER if keep is None else clock.now() - keep
    deleted = 0
    while True:
        try:
            count = await asyncio.to_thread(_prune_some, events, before, most or _ALL)
        except StorageError as error:
            log.warning("prune_failed", message=error.message)
            return deleted
        deleted += count
        if count < _AT_ONCE:
            return deleted
        await asyncio.sleep(0.01)


def _prune_some(events: EventStore, before: datetime, most: int) -> int:
    # Where no server has ever been, nobody hears events for triggers, and there is no such cursor.
    heard = events.find_cursor(TRIGGERS_CURSOR)
    read = events.find_cursor(CURSOR) or 0
    below = (read if heard is None else min(read, heard)) + 1
    return events.prune(arrived_before=before, keep_most=most, below=below, limit=_AT_ONCE)
