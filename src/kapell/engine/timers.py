"""Times that runs wait for: one heap and one sleeper, however many there are."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING

from kapell.kernel.events import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.clock import Clock

LONGEST_SLEEP_SECONDS = 30.0
"""Seconds after which the clock is looked at again, so that a jump ahead is noticed."""

_TIDY_AT_LEAST = 10_000

_DUE_AT_ONCE = 256
"""How many timers fire before others have their turn on the event loop."""

Due = tuple[int, int, str, int, str]
"""When (microseconds), a number that breaks ties, and whose: run, entry, purpose."""


class Timers:
    """Calls back when a time has come. A timer that is no longer wanted fires in vain: whoever gets it looks."""

    def __init__(
        self,
        clock: Clock,
        on_due: Callable[[str, int, str], None],
        longest_sleep_seconds: float = LONGEST_SLEEP_SECONDS,
        *,
        is_wanted: Callable[[str, int, str], bool] = lambda *_: True,
    ) -> None:
        """Call `on_due(run_id, entry, purpose)` for each timer that is due.

        Args:
            clock: The clock.
            on_due: Is called for each.
            longest_sleep_seconds: After how long the clock is looked at again, so that a jump ahead is noticed.
            is_wanted: Tells whether a timer still matters. A timeout of an hour usually does not after a second.
        """
        self._longest_sleep = longest_sleep_seconds
        self._is_wanted = is_wanted
        self._tidy_at = _TIDY_AT_LEAST
        self._clock = clock
        self._on_due = on_due
        self._heap: list[Due] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the clock."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="kapell-timers")

    def arm(self, run_id: str, entry: int, purpose: str, due: int) -> None:
        """Call back at `due`, in microseconds since 1970-01-01 UTC."""
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, run_id, entry, purpose))
        if self._heap[0][1] == self._count:
            self._changed.set()
        if len(self._heap) > self._tidy_at:
            self._tidy()

    def _tidy(self) -> None:
        """Forget timers that are no longer wanted, whenever there are twice as many as were left the last time."""
        self._heap = [due for due in self._heap if self._is_wanted(*due[2:])]
        heapq.heapify(self._heap)
        self._tidy_at = max(_TIDY_AT_LEAST, 2 * len(self._heap))

    @property
    def next_due(self) -> int | None:
        """The earliest time that is waited for."""
        return self._heap[0][0] if self._heap else None

    async def close(self) -> None:
        """Stop watching the clock."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            wait = self._fire_due()
            if wait is None:
                await self._changed.wait()
            elif wait > 0:
                await self._sleep(wait)
            else:
                await asyncio.sleep(0)

    def _fire_due(self) -> float | None:
        """Fire some of what is due; return the seconds until the next one, or `None` if there is none."""
        for _ in range(_DUE_AT_ONCE):
            if not self._heap:
                return None
            remaining = self._heap[0][0] - to_micros(self._clock.now())
            if remaining > 0:
                return min(remaining / 1_000_000, self._longest_sleep)
            _, _, run_id, entry, purpose = heapq.heappop(self._heap)
            self._on_due(run_id, entry, purpose)
        return 0

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not past the moment at which an earlier timer is armed."""
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait((sleeper, changed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (sleeper, changed):
                waiting.cancel()
            await asyncio.gather(sleeper, changed, return_exceptions=True)
