"""What runs write while they run: collected, and kept some ten times a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kapell.engine.store import LogLine
from kapell.errors import KapellError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.clock import Clock
    from kapell.engine.store import RunStore

log = get_logger(__name__)

_FLUSH_SECONDS = 0.1
_MOST_LINES = 2000
"""Lines that are kept at once at the latest, so that a loud process cannot fill the memory."""


class Logbook:
    """Collects log lines of all runs."""

    def __init__(self, store: RunStore, clock: Clock) -> None:
        """Keep lines in `store`."""
        self._store = store
        self._clock = clock
        self._lines: dict[str, list[LogLine]] = {}
        self._count = 0
        self._flush_is_due = False
        self.listeners: list[Callable[[str, LogLine], None]] = []

    def add(self, run_id: str, reference: str, entry: int, attempt: int, stream: str, text: str) -> None:
        """Add one line; it is kept soon."""
        line = LogLine(
            at=self._clock.now(), reference=reference, entry=entry, attempt=attempt, stream=stream, text=text
        )
        self._lines.setdefault(run_id, []).append(line)
        self._count += 1
        for listener in self.listeners:
            listener(run_id, line)
        if self._count >= _MOST_LINES:
            self.flush()
        elif not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Keep what was collected. Lines that the disk refuses are dropped: a log never holds a run up."""
        self._flush_is_due = False
        lines, self._lines, self._count = self._lines, {}, 0
        for run_id, collected in lines.items():
            try:
                self._store.append_log(run_id, collected)
            except KapellError as error:
                log.warning("log_lines_dropped", run_id=run_id, lines=len(collected), message=error.message)
