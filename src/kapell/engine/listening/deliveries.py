"""Handing events to the tasks that listen, one by one and in order.

For a task that wants its next event it is looked for behind the task's cursor: in memory, where the newest events
are, and in the store for what is older. What fits goes to the run as a command, and the task says when it
wants the next one.
Nothing of this is kept: after a crash the run's history says where each task stands, and it is looked for again. So an
event is never lost, and never consumed twice by one task.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from kapell.engine.event_store import EventQuery, Listener
from kapell.engine.listening.tail import HeardEvent, Tail, read_event
from kapell.errors import StorageError
from kapell.kernel import effects as fx
from kapell.kernel.evaluation import Answer, NeedsHelp
from kapell.kernel.listening import Matching, key_event, list_keys, list_types
from kapell.language.expressions import make_helper_task
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kapell.clock import Clock
    from kapell.engine.active import ActiveRun
    from kapell.engine.expression_helper import ExpressionHelper
    from kapell.engine.host import RunHost
    from kapell.engine.reader import StoreReader
    from kapell.kernel.listening import ListenKey, Match
    from kapell.reasons import Reason

    Settle = Callable[[Listener], None]

log = get_logger(__name__)

_PAGE = 200
_RETRY_SECONDS = 1.0


class _Wish:
    """That a task wants its next event, and how far it has been looked for."""

    __slots__ = ("active", "is_looking", "keys", "listener", "position", "types")

    def __init__(self, active: ActiveRun, listener: Listener, keys: Sequence[ListenKey], position: int) -> None:
        self.active = active
        self.listener = listener
        self.keys = {key.shape: {other.digest for other in keys if other.shape == key.shape} for key in keys}
        self.position = position
        self.types = list_types(active.program, active.state, listener.entry)
        self.is_looking = False

    def is_about(self, event: HeardEvent) -> bool:
        """Tell whether an event agrees with one of the keys; the expressions are asked later."""
        namespace, attributes = event.namespace, event.attributes
        return any(key_event(shape, namespace, attributes) in digests for shape, digests in self.keys.items())


class Deliveries:
    """The tasks of runs in memory that want an event.

    Attributes:
        settle: Told of each task that the matcher had woken, once all is handed in that is there for it.
        find_seen: Tells up to which position a task of a parked run has seen all events.
        note_news: Told that events have been stored.
        note_shapes: Told which places of events are listened for.
    """

    def __init__(
        self, *, host: RunHost, reader: StoreReader, helper: ExpressionHelper, clock: Clock, tail: Tail
    ) -> None:
        """Deliver to the runs of `host`."""
        self._host = host
        self._reader = reader
        self._helper = helper
        self._clock = clock
        self._tail = tail
        self._wishes: dict[Listener, _Wish] = {}
        self._fresh: list[_Wish] | None = None
        self.settle: Settle = lambda _: None
        self.find_seen: Callable[[Listener], int] = lambda _: 0
        self.note_news: Callable[[], None] = lambda: None
        self.note_shapes: Callable[[Iterable[str]], None] = lambda _: None

    @property
    def position(self) -> int:
        """The position of the last event that is known: a run that starts now hears those behind it."""
        return self._tail.latest

    def release(self, active: ActiveRun, effect: fx.PublishEvent | fx.AwaitEvent | fx.StopListening) -> None:
        """Do what an effect asks for, now that it is on disk."""
        if isinstance(effect, fx.PublishEvent):
            self.note_news()
        elif isinstance(effect, fx.StopListening):
            self.stop(active.run_id, effect.entry)
        elif effect.entry in active.listens:  # otherwise it has ended since
            self.begin(active, effect.entry)

    def resume(self, active: ActiveRun, entry: int) -> None:
        """Go on for a task of a run that comes into memory: what it listens for is in the store already.

        A run is parked when its tasks have seen all events, and whoever came since has woken them. So nothing need be
        read again, however long it waited.
        """
        active.listens[entry] = list_keys(active.program, active.state, entry)
        is_parked = active.record.parked_until is not None
        self.begin(active, entry, self.find_seen(Listener(active.run_id, entry)) if is_parked else 0)

    def is_current(self, active: ActiveRun) -> bool:
        """Tell whether the tasks of a run have seen all events that have been read."""
        wishes = [self._wishes.get(Listener(active.run_id, entry)) for entry in active.listens]
        return all(wish is None or self._has_seen_all(wish) for wish in wishes)

    def _has_seen_all(self, wish: _Wish) -> bool:
        """Tell whether a task has seen all: it has looked, and would have been woken by what came after that."""
        return not wish.is_looking and (self._fresh is None or wish not in self._fresh)

    def begin(self, active: ActiveRun, entry: int, seen: int = 0) -> None:
        """Look for the next event of a task behind those that it has `seen`, until there is one, or it wants none."""
        keys = active.listens[entry]
        self.note_shapes(key.shape for key in keys)
        listener = Listener(active.run_id, entry)
        cursor = Matching(active.program, active.state, entry).cursor
        wish = self._wishes[listener] = _Wish(active, listener, keys, max(cursor, seen))
        if self._fresh is not None:
            self._fresh.append(wish)
        self._look(wish)

    def stop(self, run_id: str, entry: int) -> None:
        """Look for nothing any more."""
        listener = Listener(run_id, entry)
        if self._wishes.pop(listener, None) is not None:
            self.settle(listener)

    def forget_run(self, active: ActiveRun) -> None:
        """Look for nothing any more of a run that leaves memory."""
        for entry in active.listens:
            self.stop(active.run_id, entry)

    def wake(self, listener: Listener) -> None:
        """Look at the events that have come; a task that wants none at present finds them when it does."""
        wish = self._wishes.get(listener)
        if wish is None:
            self.settle(listener)
        else:
            if not wish.is_looking:
                wish.position = max(wish.position, self.find_seen(listener))
            self._look(wish)

    def begin_lookup(self) -> None:
        """Remember who begins to listen from here on: the lookup that begins now may not find them."""
        self._fresh = []

    def end_lookup(self) -> None:
        """Look for those who began to listen meanwhile; the events of the lookup are in the tail now."""
        fresh, self._fresh = self._fresh or [], None
        for wish in fresh:
            if self._is_wanted(wish):
                self._look(wish)

    # -- looking ------------------------------------------------------------------------------------------------------

    def _look(self, wish: _Wish) -> None:
        """Look now, where all is in memory; otherwise beside the turns."""
        if wish.is_looking:
            return
        events = self._tail.list_after(wish.position)
        if events is None:
            self._look_beside(wish)
            return
        try:
            for event in events:
                if self._offer(wish, event, {}):
                    return
        except NeedsHelp:
            self._look_beside(wish)
            return
        wish.position = max(wish.position, self._tail.position)
        self.settle(wish.listener)

    def _look_beside(self, wish: _Wish) -> None:
        wish.is_looking = True
        self._host.begin(self._look_patiently(wish))

    async def _look_patiently(self, wish: _Wish) -> None:
        """Read what is not in memory, and let the helper evaluate what only it can."""
        try:
            while self._is_wanted(wish) and wish.position < self._tail.position:
                for event in await self._read_after(wish):
                    if not self._is_wanted(wish) or await self._offer_with_help(wish, event):
                        return
        except Exception as error:
            log.exception("run_given_up", run_id=wish.active.run_id)
            self._wishes.pop(wish.listener, None)  # it is not settled: the next start wakes it again
            self._host.give_up(wish.active, error)
            return
        finally:
            wish.is_looking = False
        if self._is_wanted(wish):
            self.settle(wish.listener)

    def _is_wanted(self, wish: _Wish) -> bool:
        return self._wishes.get(wish.listener) is wish and not self._host.is_closing

    async def _read_after(self, wish: _Wish) -> Sequence[HeardEvent]:
        """Return some of the events behind where the task stands, and step behind them when there are none."""
        events = self._tail.list_after(wish.position)
        if events is not None:
            until = self._tail.position
        else:
            events = await self._read_stored(wish)
            until = events[-1].position if events else self._tail.position
        if not events:
            wish.position = max(wish.position, until)
        return events

    async def _read_stored(self, wish: _Wish) -> list[HeardEvent]:
        where = EventQuery(namespaces=frozenset({wish.active.program.namespace}), types=wish.types)
        until = self._tail.position
        while True:
            try:
                read = partial(self._reader.store.events.read, wish.position, limit=_PAGE, where=where)
                stored = await self._reader.read(read)
                break
            except StorageError as error:
                log.warning("listening_delayed", run_id=wish.active.run_id, message=error.message)
                await self._clock.sleep(_RETRY_SECONDS)
        heard = []
        for event in stored:
            if event.position > until:
                break  # the matcher reads it soon, and wakes the task then
            try:
                heard.append(read_event(event))
            except msgspec.DecodeError as error:
                log.warning("event_unreadable", position=event.position, message=str(error))
        return heard

    async def _offer_with_help(self, wish: _Wish, event: HeardEvent) -> bool:
        answers: dict[int, Answer] = {}
        while True:
            try:
                return self._offer(wish, event, answers)
            except NeedsHelp as needs:
                tasks = [make_helper_task(need.expression, need.document, need.variables) for need in needs.evaluations]
                results = await self._helper.evaluate(tasks)
                for need, result in zip(needs.evaluations, results, strict=True):
                    answers[need.slot] = Answer(result.value, result.error)
                if not self._is_wanted(wish):
                    return True

    def _offer(self, wish: _Wish, event: HeardEvent, answers: dict[int, Answer]) -> bool:
        """Hand an event in if it is what the task wants. Raises `NeedsHelp`."""
        if event.namespace == wish.active.program.namespace and wish.is_about(event):
            matching = Matching(wish.active.program, wish.active.state, wish.listener.entry)
            if not matching.skips(event.position):
                match = matching.match(event.position, event.attributes, answers, event.text)
                if match is not None:
                    self._deliver(wish, match)
                    return True
        wish.position = event.position
        return False

    def _deliver(self, wish: _Wish, match: Match) -> None:
        """Give the run the event. It is settled when that is on disk: until then a crash must lead back to it."""
        del self._wishes[wish.listener]
        reply: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
        reply.add_done_callback(lambda done: self._conclude(wish, match, done))
        self._host.submit(wish.active, match.make_command(wish.listener.entry), reply=reply)

    def _conclude(self, wish: _Wish, match: Match, reply: asyncio.Future[Reason | None]) -> None:
        if reply.cancelled() or reply.exception() is not None or self._host.is_closing:
            return
        if wish.listener in self._wishes:
            return  # it wants the next one already
        state = wish.active.state
        if reply.result() is not None and state.status == "running" and wish.listener.entry in state.entries:
            # Something else happened to the run meanwhile, and the event does not fit any more: the next one may.
            wish.position = max(wish.position, match.position)
            self._wishes[wish.listener] = wish
            self._look(wish)
        else:
            self.settle(wish.listener)
