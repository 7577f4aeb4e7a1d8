"""Prolonging the lease: as long as it succeeds, this engine owns the runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.errors import StaleOwnerError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.clock import Clock
    from kapell.engine.store import RunStore
    from kapell.errors import KapellError

LEASE_SECONDS = 30.0


async def keep_lease(store: RunStore, epoch: int, clock: Clock, on_fatal: Callable[[KapellError], None]) -> None:
    """Prolong the lease three times within its length; tell `on_fatal` when another owner has taken over."""
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        try:
            if store.commits_inline:
                store.renew(epoch, clock.now(), LEASE_SECONDS)
            else:
                await asyncio.to_thread(store.renew, epoch, clock.now(), LEASE_SECONDS)
        except StaleOwnerError as error:
            on_fatal(error)
            return
        except StorageError:
            # The next commit meets the same trouble and tells it; a lease has time for further tries.
            continue
