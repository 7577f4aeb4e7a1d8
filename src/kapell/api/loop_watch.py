"""Whether the event loop comes to its work in time: what holds it holds every request and every run."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.clock import Clock

log = get_logger(__name__)

_LOOK_SECONDS = 0.25
_HELD_SECONDS = 0.5
"""From here on it is worth a line."""

_REMEMBERED = round(60 / _LOOK_SECONDS)
"""The looks of the last minute."""


class LoopWatch:
    """Sleeps for a moment, again and again, and looks how much later it is awake.

    Attributes:
        listeners: Are told each time how late it was, in seconds.
    """

    def __init__(self, clock: Clock) -> None:
        """Watch the loop that `run` runs in."""
        self._clock = clock
        self.listeners: list[Callable[[float], None]] = []
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def latest_worst(self) -> float:
        """How late it was at worst within the last minute, in seconds."""
        return max(tuple(self._latest), default=0.0)

    @property
    def times_held(self) -> int:
        """How often within the last minute it was so late that it is worth a line."""
        return sum(late >= _HELD_SECONDS for late in tuple(self._latest))

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(_LOOK_SECONDS)
            late = max(0.0, self._clock.monotonic() - before - _LOOK_SECONDS)
            self._latest.append(late)
            for listener in self.listeners:
                listener(late)
            if late >= _HELD_SECONDS:
                log.warning("event_loop_held", seconds=round(late, 3))
