"""Looking through the log of a run, in either direction, for as long as the asker gives.

What a log line says may be sealed, so no database can look into it: lines are read, opened and looked at here, and
whoever asks is told how far that went, to go on from there.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kapell.engine.store import LogLine
from kapell.kernel.references import is_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from kapell.engine.store import RunStore

_AT_ONCE = 2000
"""So many lines are looked at between two looks at the time."""


class LogFilter(msgspec.Struct, frozen=True):
    """Which lines of a log are meant; an empty filter means all.

    Attributes:
        text: Only lines with this text, in whatever case.
        stream: Only lines of this stream: `stdout`, `stderr` or `info`.
        task: The reference of a task: only lines of it and of those within it.
        until: Only lines that had been written by then.
    """

    text: str = ""
    stream: str | None = None
    task: str | None = None
    until: datetime | None = None

    def choose(self, lines: list[LogLine]) -> list[LogLine]:
        """Return those of some lines that are meant."""
        if self.stream is not None:
            lines = [line for line in lines if line.stream == self.stream]
        if self.task is not None:
            lines = [line for line in lines if is_within(line.reference, self.task)]
        if self.until is not None:
            lines = [line for line in lines if line.at <= self.until]
        if self.text:
            wanted = self.text.lower()
            lines = [line for line in lines if wanted in line.text.lower()]
        return lines


class FoundLines(msgspec.Struct, frozen=True):
    """What was found in a log so far.

    Attributes:
        lines: Lines that are meant, in order.
        next_seq: Where to go on: the number of the last line that was looked at; `None` when there are no more.
    """

    lines: list[LogLine]
    next_seq: int | None


def find_lines(
    store: RunStore, run_id: str, where: LogFilter, *, after: int, limit: int, is_over: Callable[[], bool]
) -> FoundLines:
    """Return the first lines after number `after` that are meant.

    Args:
        store: Where the lines are.
        run_id: Whose log it is.
        where: Which lines are meant.
        after: The number of the line to begin after.
        limit: How many lines at most.
        is_over: Tells whether the asker has waited long enough; some lines are looked at in any case.
    """
    found: list[LogLine] = []
    at_once = _choose_size(where, limit)
    while True:
        lines = store.read_log(run_id, after_seq=after, limit=at_once)
        found += where.choose(lines)
        if len(found) > limit:
            return FoundLines(found[:limit], found[limit - 1].seq)
        if len(lines) < at_once:
            return FoundLines(found, None)
        after = lines[-1].seq
        if is_over():
            return FoundLines(found, after)


def find_lines_back(
    store: RunStore, run_id: str, where: LogFilter, *, before: int, limit: int, is_over: Callable[[], bool]
) -> FoundLines:
    """Return the last lines before number `before` that are meant, in order; the rest is as for `find_lines`."""
    found: list[LogLine] = []
    at_once = _choose_size(where, limit)
    while True:
        lines = store.read_log(run_id, before_seq=before, limit=at_once)
        found = where.choose(lines) + found
        if len(found) > limit:
            return FoundLines(found[-limit:], found[-limit].seq)
        if len(lines) < at_once:
            return FoundLines(found, None)
        before = lines[0].seq
        if is_over():
            return FoundLines(found, before)


def _choose_size(where: LogFilter, limit: int) -> int:
    return limit + 1 if where == _ALL else max(_AT_ONCE, limit + 1)


_ALL = LogFilter()
