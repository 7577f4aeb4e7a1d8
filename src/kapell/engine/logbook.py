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

_MOST_BEHIND = 20
"""How many such loads may wait for a database that lies across a network; what comes then is dropped."""

Lines = dict[str, list[LogLine]]


class Logbook:
    """Collects log lines of all runs.

    Attributes:
        listeners: Told of each line at once: the run, and the line.
        kept_listeners: Told of each run whose lines have just been kept, so that they can be read.
    """

    def __init__(self, store: RunStore, clock: Clock) -> None:
        """Keep lines in `store`."""
        self._store = store
        self._clock = clock
        self._lines: Lines = {}
        self._count = 0
        self._flush_is_due = False
        self._behind: list[Lines] = []
        self._keeping: asyncio.Task[None] | None = None
        self.listeners: list[Callable[[str, LogLine], None]] = []
        self.kept_listeners: list[Callable[[str], None]] = []

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
        """Keep what was collected: at once, or in a thread where the store lies across a network."""
        self._flush_is_due = False
        lines, self._lines, self._count = self._lines, {}, 0
        if not lines:
            return
        if self._store.commits_inline:
            self._keep(lines)
            self._tell(lines)
            return
        if len(self._behind) >= _MOST_BEHIND:
            log.warning("log_lines_dropped", runs=len(lines), message="The database does not keep up.")
            return
        self._behind.append(lines)
        if self._keeping is None:
            self._keeping = asyncio.get_running_loop().create_task(self._keep_in_thread())

    async def settle(self) -> None:
        """Return when all that was collected can be read."""
        self.flush()
        while self._keeping is not None:
            await asyncio.wait((self._keeping,))

    async def _keep_in_thread(self) -> None:
        try:
            while self._behind:
                lines = self._behind.pop(0)
                await asyncio.to_thread(self._keep, lines)
                self._tell(lines)
        finally:
            self._keeping = None

    def _keep(self, lines: Lines) -> None:
        """Write lines down. Those that the disk refuses are dropped: a log never holds a run up."""
        for run_id, collected in lines.items():
            try:
                self._store.append_log(run_id, collected)
            except KapellError as error:
                log.warning("log_lines_dropped", run_id=run_id, lines=len(collected), message=error.message)

    def _tell(self, lines: Lines) -> None:
        for listener in self.kept_listeners:
            for run_id in lines:
                listener(run_id)
