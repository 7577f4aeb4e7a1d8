"""Retention: runs that ended long ago are deleted, some at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.errors import StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from datetime import timedelta

    from kapell.clock import Clock
    from kapell.engine.store import RunStore

log = get_logger(__name__)

_EVERY_SECONDS = 60.0
_AT_ONCE = 100


async def prune_regularly(store: RunStore, epoch: int, clock: Clock, retention: timedelta) -> None:
    """Delete runs that ended longer than `retention` ago, once a minute, in pieces that hold nobody up."""
    while True:
        await prune_ended(store, epoch, clock, retention)
        await asyncio.sleep(_EVERY_SECONDS)


async def prune_ended(store: RunStore, epoch: int, clock: Clock, retention: timedelta) -> int:
    """Delete runs that ended longer than `retention` ago, and return how many."""
    deleted = 0
    while True:
        try:
            count = await asyncio.to_thread(store.prune, epoch, clock.now() - retention, limit=_AT_ONCE)
        except StorageError as error:
            log.warning("prune_failed", message=error.message)
            return deleted
        deleted += count
        if count < _AT_ONCE:
            return deleted
        await asyncio.sleep(0.01)
