"""A clock that stands still until it is told to go on: a week of a workflow passes in milliseconds.

Time goes on by `advance`, `advance_to_next` or, by itself, under `drive`, which goes to the next moment that somebody
waits for whenever the owner of the work says that nothing is outstanding. Between two such moments nothing happens, so
nothing is lost by jumping. What waits by the event loop's own timers (`asyncio.timeout`, `loop.call_later`) waits for
real time, and is not seen here.
"""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_START = datetime(2026, 1, 1, tzinfo=UTC)
_SETTLING_TURNS = 10  # turns of the event loop in which those who were woken can begin something outstanding
_REAL_PAUSE_SECONDS = 0.001  # between two looks while real work is outstanding


class VirtualClock:
    """A `Clock` whose time is moved by hand."""

    def __init__(self, start: datetime = _START) -> None:
        """Stand still at `start`, an aware time."""
        self._start = start
        self._elapsed = timedelta()
        self._shift = timedelta()
        self._sleepers: list[tuple[timedelta, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        """Return the present moment of this clock."""
        return self._start + self._elapsed + self._shift

    def monotonic(self) -> float:
        """Return the seconds that have passed since the start; `set_back` does not change them."""
        return self._elapsed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed on this clock."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + timedelta(seconds=seconds), next(self._numbers), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass in one jump, and wake, in order, everybody whose time has come.

        They run when the event loop comes to them, and all of them see the time after the jump.
        """
        self._advance_to(self._elapsed + timedelta(seconds=seconds))

    def _advance_to(self, moment: timedelta) -> None:
        self._elapsed = moment
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)

    def advance_to_next(self) -> bool:
        """Go exactly to the next moment that somebody waits for; return false if nobody waits."""
        self._forget_cancelled()
        if not self._sleepers:
            return False
        self._advance_to(self._sleepers[0][0])
        return True

    async def drive(self, is_idle: Callable[[], bool]) -> None:
        """Advance for ever to the next moment whenever nothing is outstanding; cancel this to stop.

        Args:
            is_idle: Whether nothing is outstanding: no evaluation, commit or activity. Asked often, so cheap.
        """
        while True:
            if not await _stays_idle(is_idle) or not self.advance_to_next():
                await asyncio.sleep(_REAL_PAUSE_SECONDS)

    def set_back(self, seconds: float) -> None:
        """Turn `now` back (or forward, if negative) as an administrator would; spans and waits are not affected."""
        self._shift -= timedelta(seconds=seconds)

    def _forget_cancelled(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)


async def _stays_idle(is_idle: Callable[[], bool]) -> bool:
    for _ in range(_SETTLING_TURNS):
        await asyncio.sleep(0)
        if not is_idle():
            return False
    return True
