"""Events on their way into the store, and out of it again for people: `EventLog`.

Requests that send events at the same time share one transaction, as starts of runs do: while one batch is being
written, the next one gathers. Nobody is answered before what they sent is durable.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from kapell.engine.event_store import StoredEvent
from kapell.events.json_format import write_event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from kapell.clock import Clock
    from kapell.engine.event_store import EventQuery, EventStore, EventUse
    from kapell.events.cloud_events import CloudEvent

_MOST_AT_ONCE = 2_000
_MOST_BYTES_AT_ONCE = 16 * 1024 * 1024
_PAGE = 200

_LOOK_SECONDS = 1.0
"""How often a follower looks for events that nobody has told of: another process may have stored them."""

_GATHER_SECONDS = 0.05
"""How long a follower waits after news, so that a crowd of events is read in pages."""


class Followed(NamedTuple):
    """What a follower is given at a time.

    Attributes:
        events: In order of arrival; none now and then, so that a reader that is gone is noticed.
        position: Up to where all events have been looked at; to resume, follow after it.
    """

    events: list[StoredEvent]
    position: int


class _Sending:
    """Events of one request that wait to be written."""

    __slots__ = ("events", "size", "written")

    def __init__(self, events: list[StoredEvent]) -> None:
        self.events = events
        self.size = sum(len(event.body) for event in events)
        self.written: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()


class EventLog:
    """The events of an installation, for one event loop.

    Attributes:
        arrived: Told, on the event loop, of the position of the last event when some have become durable here.
    """

    def __init__(self, store: EventStore, clock: Clock) -> None:
        """Keep events in `store`."""
        self.arrived: list[Callable[[int], None]] = []
        self._store = store
        self._clock = clock
        self._waiting: list[_Sending] = []
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._followers = 0
        self._is_closed = False

    @property
    def followers(self) -> int:
        """How many follow."""
        return self._followers

    async def append(self, namespace: str, events: Sequence[CloudEvent], *, via: str) -> list[int]:
        """Store events in this order; they are durable when this returns.

        Args:
            namespace: Whose they are.
            events: Valid ones (`check_event`).
            via: How they came: `api/<principal id>`, `connection/<name>`.

        Returns:
            Their positions; 0 for one that was there already, or twice among these (same source and id).

        Raises:
            LimitExceededError: One is too large.
            StorageError: The medium refused; none was stored.
        """
        now = self._clock.now()
        sending = _Sending([pack_event(event, namespace=namespace, via=via, arrived_at=now) for event in events])
        if not sending.events:
            return []
        self._waiting.append(sending)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_waiting())
        return await sending.written

    def note_arrival(self) -> None:
        """Tell who follows that there may be events that did not come this way: a run has emitted some."""
        self._news.set()
        self._news = asyncio.Event()

    async def list_newest(self, where: EventQuery, *, limit: int, before: int | None = None) -> list[StoredEvent]:
        """Return a page of events, the newest first; the next one is `before` the last position of this one."""
        return await asyncio.to_thread(self._store.list_newest, where, limit=limit, before=before)

    async def get(self, position: int) -> StoredEvent:
        """Return an event. Raises `NotFoundError`."""
        return await asyncio.to_thread(self._store.get, position)

    async def list_uses(self, position: int, *, limit: int) -> list[EventUse]:
        """Return who consumed an event, the first ones first."""
        return await asyncio.to_thread(self._store.list_uses, position, limit=limit)

    async def follow(
        self, where: EventQuery, after: int | None = None, *, silence_seconds: float = 15.0
    ) -> AsyncIterator[Followed]:
        """Give events as they arrive, until the log is closed.

        Args:
            where: Which.
            after: From behind this position on; `None` for only those that are still to come.
            silence_seconds: After how long something is given although nothing has arrived.
        """
        self._followers += 1
        try:
            if after is None:
                after = await asyncio.to_thread(self._store.last_position)
            yield Followed([], after)
            given_at = self._clock.monotonic()
            while not self._is_closed:
                news = self._news
                found = await asyncio.to_thread(self._read_on, where, after)
                is_silent = self._clock.monotonic() - given_at >= silence_seconds
                if found.position > after or is_silent:
                    given_at = self._clock.monotonic()
                    after = found.position
                    yield found
                if len(found.events) < _PAGE:
                    await self._wait(news)
        finally:
            self._followers -= 1

    def _read_on(self, where: EventQuery, after: int) -> Followed:
        last = self._store.last_position()  # asked first: what is not found below it is not wanted
        if last <= after:
            return Followed([], after)
        events = self._store.read(after, limit=_PAGE, where=where)
        if len(events) == _PAGE:
            return Followed(events, events[-1].position)
        return Followed(events, max(last, events[-1].position if events else 0))

    async def _wait(self, news: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await news.wait()
            if not self._is_closed:
                await asyncio.sleep(_GATHER_SECONDS)

    def close(self) -> None:
        """Let everybody who follows come to the end, also those who are still to come."""
        self._is_closed = True
        self.note_arrival()

    async def settle(self) -> None:
        """Return when all that was sent is written, or refused."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    # -- writing ------------------------------------------------------------------------------------------------------

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                await self._write(self._take_batch())
        finally:
            self._task = None

    def _take_batch(self) -> list[_Sending]:
        """Take the first ones that wait: at least one, and no more than one transaction should hold."""
        count = size = taken = 0
        for sending in self._waiting:
            count += len(sending.events)
            size += sending.size
            if taken and (count > _MOST_AT_ONCE or size > _MOST_BYTES_AT_ONCE):
                break
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _write(self, batch: list[_Sending]) -> None:
        try:
            positions = await asyncio.to_thread(self._store.append, [each for one in batch for each in one.events])
        except BaseException as error:
            for sending in batch:
                if not sending.written.done():
                    sending.written.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        last = max(positions)
        if last:
            self._tell(last)
        given = iter(positions)
        for sending in batch:
            own = [next(given) for _ in sending.events]
            if not sending.written.done():  # its caller has gone
                sending.written.set_result(own)

    def _tell(self, position: int) -> None:
        self.note_arrival()
        for listener in self.arrived:
            listener(position)


def pack_event(event: CloudEvent, *, namespace: str, via: str, arrived_at: datetime) -> StoredEvent:
    """Return an event as it is stored. Raises `LimitExceededError` for one that is too large."""
    return StoredEvent(
        arrived_at=arrived_at,
        namespace=namespace,
        source=event.source,
        event_id=event.id,
        type=event.type,
        subject=event.subject,
        via=via,
        body=write_event(event),
    )
