"""Live events: what runs do, told to everyone who watches, as it becomes durable.

A watcher of one run resumes where it left off, at any time: the ids of its events are their numbers in the history,
which is read again for what was missed. A watcher of all runs resumes within the last `_KEPT` events; who was away for
longer is told `reset`, and reads the lists anew.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.engine.active import ActiveRun
    from kapell.engine.store import RunRecord
    from kapell.kernel.events import Event

_KEPT = 10_000
_QUEUE = 5_000
"""A watcher that is so far behind is cut off: it comes back and resumes."""


class RunChange(msgspec.Struct, frozen=True):
    """That a run has moved, as watchers of all runs get it: without its data.

    Attributes:
        run_id: The run.
        namespace: Its workflow's namespace.
        name: Its workflow's name.
        version: Its workflow's version.
        seq: The number of its last event.
        type: That event's type.
        status: Where the run stands.
        created_at: When it was started.
        updated_at: When where it stands last became another.
        ended_at: When it ended; left empty while it has not.
        parent_run_id: The run that started it, if one did.
        waits_until: Until when it waits for nothing but that time.
    """

    run_id: str
    namespace: str
    name: str
    version: str
    seq: int
    type: str
    status: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    parent_run_id: str | None
    waits_until: datetime | None


class Watcher:
    """Someone who watches: a queue of numbered things, and what belongs into it.

    A watcher of one run gets its events, numbered as in the history; one of all runs gets `RunChange`s.
    """

    def __init__(self, run_id: str | None = None, namespaces: frozenset[str] | None = None) -> None:
        """Watch one run, or all of some namespaces (`None`: of all)."""
        self.run_id = run_id
        self.namespaces = namespaces
        self.is_cut_off = False
        self._queue: asyncio.Queue[tuple[int, Any] | None] = asyncio.Queue(_QUEUE)

    def wants(self, change: RunChange) -> bool:
        """Tell whether a change is for this watcher of all runs."""
        return self.namespaces is None or change.namespace in self.namespaces

    def put(self, number: int, item: Any) -> None:
        """Hand something over; cut the watcher off if it does not keep up."""
        if self.is_cut_off:
            return
        try:
            self._queue.put_nowait((number, item))
        except asyncio.QueueFull:
            self.cut_off()

    def cut_off(self) -> None:
        """Let the watcher's stream end; it comes back and resumes."""
        self.is_cut_off = True
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def next(self, seconds: float) -> tuple[int, Any] | None:
        """Return the next thing; `None` when the stream is over. Raises `TimeoutError` after so many seconds."""
        async with asyncio.timeout(seconds):
            return await self._queue.get()


class LiveEvents:
    """All watchers of an engine's runs; `note` is to be its listener."""

    def __init__(self, position: int = 0) -> None:
        """Begin without watchers.

        Args:
            position: What changes are numbered on from. Each start of a server needs a higher one than the last has
                come to, or a watcher of before would resume in the middle of changes that it has not seen.
        """
        self._kept: deque[tuple[int, RunChange]] = deque(maxlen=_KEPT)
        self._of_all: set[Watcher] = set()
        self._of_one: dict[str, set[Watcher]] = {}
        self._of_log: dict[str, set[asyncio.Event]] = {}
        self._starts: dict[str, asyncio.Future[RunRecord]] = {}
        self._is_closed = False
        self.position = position
        """The number of the last change of all runs."""

    @property
    def watchers(self) -> int:
        """How many watch."""
        of_one = sum(map(len, self._of_one.values())) + sum(map(len, self._of_log.values()))
        return len(self._of_all) + of_one

    @property
    def is_closed(self) -> bool:
        """Whether all streams are to end."""
        return self._is_closed

    @contextmanager
    def watch(self, watcher: Watcher) -> Iterator[Watcher]:
        """Fill a watcher's queue until the context is left."""
        watchers = self._of_all if watcher.run_id is None else self._of_one.setdefault(watcher.run_id, set())
        watchers.add(watcher)
        if self._is_closed:
            watcher.cut_off()  # it has come back before the server stopped to listen, and would hold the stop up
        try:
            yield watcher
        finally:
            watchers.discard(watcher)
            if watcher.run_id is not None and not watchers:
                self._of_one.pop(watcher.run_id, None)

    @contextmanager
    def watch_log(self, run_id: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever a run's log may have grown, until the context is left."""
        news = asyncio.Event()
        waiting = self._of_log.setdefault(run_id, set())
        waiting.add(news)
        try:
            yield news
        finally:
            waiting.discard(news)
            if not waiting:
                self._of_log.pop(run_id, None)

    def list_since(self, position: int, watcher: Watcher) -> list[tuple[int, RunChange]] | None:
        """Return what a watcher of all runs has missed since a position; `None` if that is not known any more."""
        oldest = self._kept[0][0] if self._kept else self.position + 1
        if not oldest - 1 <= position <= self.position:
            return None
        return [(number, change) for number, change in self._kept if number > position and watcher.wants(change)]

    @contextmanager
    def expect_start(self, run_id: str) -> Iterator[asyncio.Future[RunRecord]]:
        """Give what is done when the run's first event is on disk: its record, which goes on with the run."""
        expected = self._starts[run_id] = asyncio.get_running_loop().create_future()
        try:
            yield expected
        finally:
            self._starts.pop(run_id, None)

    def find_start(self, run_id: str) -> asyncio.Future[RunRecord] | None:
        """Return what somebody else expects of a run that is on its way to the disk."""
        return self._starts.get(run_id)

    def close(self) -> None:
        """End all streams, also those that are still to come, so that the server can stop."""
        self._is_closed = True
        for watchers in [self._of_all, *self._of_one.values()]:
            for watcher in watchers:
                watcher.cut_off()
        for run_id in self._of_log:
            self.note_log(run_id)

    def note_log(self, run_id: str) -> None:
        """Tell who follows a run's log that it may have grown."""
        for news in self._of_log.get(run_id, ()):
            news.set()

    def note(self, active: ActiveRun, first_seq: int, events: Sequence[Event]) -> None:
        """Tell watchers of events that have become durable."""
        expected = self._starts.get(active.run_id) if first_seq == 1 else None
        if expected is not None and not expected.done():
            expected.set_result(active.record)
        for watcher in self._of_one.get(active.run_id, ()):
            for seq, event in enumerate(events, first_seq):
                watcher.put(seq, event)
        self.note_log(active.run_id)  # the run may have ended, and its log with it
        record = active.record
        change = RunChange(
            run_id=active.run_id,
            namespace=record.namespace,
            name=record.name,
            version=record.version,
            seq=first_seq + len(events) - 1,
            type=str(events[-1].__struct_config__.tag),
            status=active.state.status,
            created_at=record.created_at,
            updated_at=record.updated_at,
            ended_at=record.ended_at,
            parent_run_id=record.parent_run_id,
            waits_until=record.waits_until,
        )
        self.position += 1
        self._kept.append((self.position, change))
        for watcher in self._of_all:
            if watcher.wants(change):
                watcher.put(self.position, change)
