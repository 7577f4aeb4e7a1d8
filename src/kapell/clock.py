"""The only module that reads the clock.

Everything else is handed a `Clock`, so that a week of a workflow can be tested in milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring spans."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of this clock."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring spans."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of real time."""
        await asyncio.sleep(seconds)


class SteadyClock:
    """A clock that never goes back: when the machine's clock is set back, it goes on at its own pace from there.

    Waits are kept as moments. Without this, setting the machine's clock back by an hour would hold each of them up by
    an hour. A jump ahead is believed, as a machine that slept has really missed that time.
    """

    def __init__(self, clock: Clock) -> None:
        """Stand before `clock`."""
        self._clock = clock
        self._offset = timedelta()
        self._last = clock.now()
        self._last_monotonic = clock.monotonic()

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC; never before one that was returned earlier."""
        moment = self._clock.now() + self._offset
        monotonic = self._clock.monotonic()
        if moment < self._last:
            expected = self._last + timedelta(seconds=monotonic - self._last_monotonic)
            self._offset += expected - moment
            moment = expected
        self._last = moment
        self._last_monotonic = monotonic
        return moment

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for measuring spans."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of the clock behind."""
        await self._clock.sleep(seconds)
