"""Reading all events in order, and waking the tasks that may want them.

An event is looked up by its keys among those that are listened for: the cost grows with the few shapes that keys have
and with the tasks that are woken, not with the tasks that listen. How far the matcher has come is kept; a task counts
as woken when what it had to consume is on disk, and until then the kept cursor stays before its event. So a crash leads
to some tasks being woken twice, which does nothing, and to none being forgotten.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kapell.engine.listening.tail import HeardEvent, Tail, read_event
from kapell.errors import KapellError, NotFoundError, StorageError
from kapell.kernel.listening import key_event
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from kapell.engine.event_store import Listener, StoredEvent
    from kapell.engine.host import RunHost
    from kapell.engine.listening.deliveries import Deliveries
    from kapell.engine.reader import StoreReader
    from kapell.engine.recovery import Recovery

    Hear = Callable[[Sequence[HeardEvent]], None]
    """Told of events in order, each once in the life of a process: whoever needs them all keeps a cursor of his own."""

log = get_logger(__name__)

CURSOR = "matcher"

_AT_ONCE = 500
_POLL_SECONDS = 0.25
_KEEP_SECONDS = 1.0
_RETRY_SECONDS = 1.0


class Matcher:
    """The reader of all events, for one owner of runs.

    Attributes:
        listeners: Told of the events that were read.
    """

    def __init__(
        self,
        *,
        reader: StoreReader,
        host: RunHost,
        recovery: Recovery,
        deliveries: Deliveries,
        tail: Tail,
        only: Collection[str] | None = None,
    ) -> None:
        """Read behind the tail's position.

        Args:
            reader: Reads the store.
            host: The runs in memory.
            recovery: Takes runs into memory.
            deliveries: Hands the events to tasks.
            tail: Where the newest events are kept in memory.
            only: Wake only runs in memory: what else listens is left to an owner of all runs, as is the cursor.
        """
        self._reader = reader
        self._host = host
        self._recovery = recovery
        self._deliveries = deliveries
        self._tail = tail
        self._owns_all = only is None
        self._shapes: set[str] = set()
        self._unsettled: dict[Listener, int] = {}
        self._kept = tail.position
        self._news = asyncio.Event()
        self._is_reading = False
        self.listeners: list[Hear] = []
        deliveries.settle = self._settle
        deliveries.find_seen = self._find_seen
        deliveries.note_news = self.note_news
        deliveries.note_shapes = self.note_shapes

    @property
    def is_idle(self) -> bool:
        """Whether all events that it was told of are read and handed in."""
        return not (self._news.is_set() or self._is_reading)

    def note_news(self, latest: int = 0) -> None:
        """Look at once: events have been stored, up to this position at least."""
        self._tail.latest = max(self._tail.latest, latest)
        self._news.set()

    def note_shapes(self, shapes: Iterable[str]) -> None:
        """Look at these places of each event from here on: a task listens for what stands there."""
        self._shapes.update(shapes)

    async def watch(self) -> None:
        """Read and wake, until cancelled."""
        is_readable = True
        kept_at = 0.0
        loop = asyncio.get_running_loop()
        self._shapes |= await self._reader.read(self._reader.store.events.list_shapes)
        while True:
            try:
                await self._catch_up()
                if loop.time() - kept_at > _KEEP_SECONDS:
                    await self.keep_cursor()
                    kept_at = loop.time()
                is_readable = True
            except StorageError as error:
                if is_readable:
                    log.warning("events_unreadable", message=error.message)
                is_readable = False
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return  # another process may have stored some

    async def _catch_up(self) -> None:
        self._is_reading = True
        self._news.clear()
        try:
            events = self._reader.store.events
            while stored := await self._reader.read(partial(events.read, self._tail.position, limit=_AT_ONCE)):
                await self._take(stored)
        except BaseException:
            self._news.set()
            raise
        finally:
            self._is_reading = False

    async def _take(self, stored: Sequence[StoredEvent]) -> None:
        heard = [event for event in map(_read_safely, stored) if event is not None]
        digests = self._list_digests(heard)
        self._deliveries.begin_lookup()
        try:
            found = await self._reader.read(self._reader.store.events.find_listeners, digests) if digests else []
            self._tail.add(heard, stored[-1].position)
        finally:
            self._deliveries.end_lookup()
        for digest, listener in found:
            self._unsettled.setdefault(listener, digests[digest])
        for listen in self.listeners:
            listen(heard)
        for listener in {listener for _, listener in found}:
            self._wake(listener)

    def _list_digests(self, events: Sequence[HeardEvent]) -> dict[bytes, int]:
        """Return the digests under which these events may be listened for, each with its first event's position."""
        digests: dict[bytes, int] = {}
        for event in events:
            for shape in self._shapes:
                digest = key_event(shape, event.namespace, event.attributes)
                if digest is not None:
                    digests.setdefault(digest, event.position)
        return digests

    # -- waking -------------------------------------------------------------------------------------------------------

    def _wake(self, listener: Listener) -> None:
        if listener.run_id in self._host.runs:
            self._deliveries.wake(listener)
        elif self._owns_all:
            self._host.begin(self._load(listener))
        else:
            self._settle(listener)

    async def _load(self, listener: Listener) -> None:
        """Take a run into memory: what it listens for is looked for then."""
        while True:
            try:
                active = await self._recovery.load(listener.run_id)
            except NotFoundError:
                active = None
            except StorageError as error:
                log.warning("wake_delayed", run_id=listener.run_id, message=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            except KapellError as error:
                log.warning("run_not_woken", run_id=listener.run_id, message=error.message)
                return
            break
        if active is None:
            self._settle(listener)
            return
        self._host.forget_if_ended(active)
        self._deliveries.wake(listener)

    # -- the cursor ---------------------------------------------------------------------------------------------------

    def _settle(self, listener: Listener) -> None:
        self._unsettled.pop(listener, None)

    def _find_seen(self, listener: Listener) -> int:
        """Return up to which position a task of a parked run has seen all events: others have been read by nobody."""
        return self._unsettled.get(listener, self._tail.position + 1) - 1 if self._owns_all else 0

    async def keep_cursor(self) -> None:
        """Keep how far all is settled."""
        position = min(self._unsettled.values(), default=self._tail.position + 1) - 1
        if self._owns_all and position > self._kept:
            await self._reader.read(self._reader.store.events.keep_cursor, CURSOR, position)
            self._kept = position


def _read_safely(stored: StoredEvent) -> HeardEvent | None:
    try:
        return read_event(stored)
    except msgspec.DecodeError as error:
        log.warning("event_unreadable", position=stored.position, message=str(error))
        return None
