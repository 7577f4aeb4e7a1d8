"""The duty that hears events for triggers: it reads all of them in order, and has written down what triggers hear.

An event is looked up by its keys among the triggers, and only those that it may be for are asked further: what that
costs does not grow with the triggers there are. How far it has come is kept; each trigger's row says besides which
event it has had to do with last, in the transaction that says what became of it. So events that are read twice after a
crash are heard once, and none is left out.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from kapell.engine.event_store import TRIGGERS_CURSOR
from kapell.errors import DamagedHistoryError, KapellError, NotFoundError
from kapell.kernel.evaluation import Answer, NeedsHelp
from kapell.kernel.listening import key_event, list_strategy_keys, match_event
from kapell.language.expressions import make_helper_task
from kapell.telemetry import get_logger
from kapell.triggers.event_firing import HeardEvent
from kapell.triggers.subscriptions import read_subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kapell.clock import Clock
    from kapell.engine.event_store import EventStore, StoredEvent
    from kapell.engine.expression_helper import HelperResult
    from kapell.kernel.fitting import Fit
    from kapell.language.expressions import HelperTask
    from kapell.triggers.event_firing import EventFirings
    from kapell.triggers.firing import Orders
    from kapell.triggers.model import Trigger

log = get_logger(__name__)

_PAGE: Final = 200
_LOOK_SECONDS: Final = 0.25
_KEEP_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 2.0


class Helper(Protocol):
    """What evaluates the expressions that only a process of its own may."""

    async def evaluate(self, tasks: Sequence[HelperTask]) -> list[HelperResult]:
        """Carry out evaluations, and give their results in the same order."""
        ...


class Starter(Protocol):
    """What carries out orders."""

    async def make_room(self) -> None:
        """Return when it is not far behind."""
        ...

    def follow(self, orders: Orders) -> None:
        """Carry out orders that are written down already."""
        ...


class _Ear:
    """A trigger that hears, and what it has gathered so far."""

    def __init__(self, trigger: Trigger) -> None:
        self.trigger = trigger
        self.position = trigger.heard_position
        self.satisfied = [each.filter for each in trigger.gathered]
        self.correlations: dict[str, Any] = {}
        assert trigger.spec.events is not None
        self.strategy = read_subscription(trigger.spec.events).strategy

    def gather(self, fit: Fit, position: int) -> None:
        self.position = position
        if self.strategy.mode != "all" or self.trigger.is_paused:
            return
        self.satisfied.append(fit.filter)
        self.correlations |= fit.correlations
        if len(self.satisfied) == len(self.strategy.filters):
            self.satisfied, self.correlations = [], {}


class EventHearing:
    """Hears events for triggers for as long as `run` is under way."""

    def __init__(
        self, firings: EventFirings, events: EventStore, helper: Helper, starter: Starter, clock: Clock
    ) -> None:
        """Wire it."""
        self._firings = firings
        self._events = events
        self._helper = helper
        self._starter = starter
        self._clock = clock
        self._news = asyncio.Event()
        self._is_stale = True
        self._position: int | None = None
        self._kept: int | None = None
        self._kept_at = 0.0
        self._ears: list[_Ear] = []
        self._index: dict[str, dict[bytes, list[_Ear]]] = {}
        self.match: Callable[..., Fit | None] = match_event
        """What asks the filters."""

    @property
    def position(self) -> int | None:
        """Up to which event all have been heard; `None` before the first look."""
        return self._position

    def note_change(self) -> None:
        """Load the triggers anew before the next event, as some have changed; any thread may call this."""
        self._is_stale = True

    def note_news(self) -> None:
        """Look at once: events have been stored. To be called on the event loop."""
        self._news.set()

    async def run(self) -> None:
        """Hear until cancelled; what goes wrong is logged and tried again."""
        while True:
            self._news.clear()
            try:
                has_more = await self.turn()
            except KapellError as error:
                log.warning("hearing_failed", message=error.message, hint=error.hint)
                has_more = await self._recover()
            except Exception:
                log.exception("hearing_failed")
                has_more = await self._recover()
            if not has_more:
                await self._wait_for_news()

    async def _recover(self) -> bool:
        self._is_stale = True  # what is in memory may be ahead of what was written down
        await asyncio.sleep(_RETRY_SECONDS)
        return True

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return  # a run or another process may have stored some

    async def turn(self) -> bool:
        """Hear some events, and tell whether there may be more. Raises `StorageError`."""
        if self._position is None:
            self._position = await asyncio.to_thread(self._find_start)
        last = await asyncio.to_thread(self._events.last_position)
        await self._refresh()
        if not self._ears:
            # A trigger that is made from here on is there before any event behind the last one.
            self._position = max(self._position, last)
            await self._keep_now_and_then()
            return False
        if last <= self._position:
            await self._keep_now_and_then()
            return False
        await self._starter.make_room()
        stored = await asyncio.to_thread(self._events.read, self._position, limit=_PAGE)
        await self._refresh()
        if stored and not await self._hear(stored):
            return True
        self._position = stored[-1].position if stored else last
        await self._keep_now_and_then()
        return True

    def _find_start(self) -> int:
        kept = self._events.find_cursor(TRIGGERS_CURSOR)
        if kept is None:
            kept = self._events.last_position()
            self._events.keep_cursor(TRIGGERS_CURSOR, kept)
        self._kept = kept
        return kept

    async def _keep_now_and_then(self) -> None:
        if self._clock.monotonic() - self._kept_at >= _KEEP_SECONDS:
            await self._keep()

    async def _keep(self) -> None:
        if self._position is not None and self._position != self._kept:
            await asyncio.to_thread(self._events.keep_cursor, TRIGGERS_CURSOR, self._position)
            self._kept = self._position
            self._kept_at = self._clock.monotonic()

    # -- triggers ------------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Load the triggers, if some have changed."""
        if not self._is_stale:
            return
        await self._keep()  # or a trigger that is new would hear, after a crash, what came before it
        self._is_stale = False
        try:
            ears = await asyncio.to_thread(self._load)
            for ear in ears:
                if ear.strategy.mode == "all":
                    await self._recall(ear)
        except BaseException:
            self._is_stale = True
            raise
        index: defaultdict[str, defaultdict[bytes, list[_Ear]]] = defaultdict(lambda: defaultdict(list))
        for ear in ears:
            for key in list_strategy_keys(ear.strategy, ear.trigger.namespace):
                index[key.shape][key.digest].append(ear)
        self._ears = ears
        self._index = {shape: dict(digests) for shape, digests in index.items()}

    def _load(self) -> list[_Ear]:
        ears = []
        for trigger in self._firings.list_hearing():
            try:
                ears.append(_Ear(trigger))
            except KapellError as error:  # written by another version, for example; the others go on
                log.warning("trigger_deaf", trigger=trigger.full_name, message=error.message)
        return ears

    async def _recall(self, ear: _Ear) -> None:
        """Extract again, from the events that a trigger has gathered, the values that further ones must agree with."""
        satisfied: list[int] = []
        for gathered in ear.trigger.gathered:
            try:
                event = await asyncio.to_thread(self._events.get, gathered.position)
                attributes = msgspec.json.decode(event.body)
            except (NotFoundError, DamagedHistoryError, msgspec.DecodeError) as error:
                log.warning("event_unreadable", position=gathered.position, message=str(error))
                continue  # the run will not start without it, and its history says why; the others go on
            fit = await self._fit(ear, attributes, satisfied)
            if fit is not None:
                ear.correlations |= fit.correlations
            satisfied.append(gathered.filter)

    # -- events --------------------------------------------------------------------------------------------------------

    async def _hear(self, stored: Sequence[StoredEvent]) -> bool:
        """Have written down what triggers hear; return `False` if one of them has changed meanwhile."""
        heard: dict[str, list[HeardEvent]] = {}
        revisions: dict[str, int] = {}
        for event in stored:
            for ear, fit in await self._find_fits(event):
                ear.gather(fit, event.position)
                trigger_id = ear.trigger.trigger_id
                revisions[trigger_id] = ear.trigger.revision
                heard.setdefault(trigger_id, []).append(HeardEvent(fit.filter, event.position, event.arrived_at))
        for trigger_id, events in heard.items():
            orders = await asyncio.to_thread(
                self._firings.hear, trigger_id, revisions[trigger_id], events, self._clock.now()
            )
            if orders is None:
                self._is_stale = True
                return False
            self._starter.follow(orders)
        return True

    async def _find_fits(self, event: StoredEvent) -> list[tuple[_Ear, Fit]]:
        try:
            attributes: dict[str, Any] = msgspec.json.decode(event.body)
        except msgspec.DecodeError as error:
            log.warning("event_unreadable", position=event.position, message=str(error))
            return []
        fits = []
        for ear in self._list_candidates(event.namespace, attributes):
            if event.position > ear.position:
                fit = await self._fit(ear, attributes, ear.satisfied)
                if fit is not None:
                    fits.append((ear, fit))
        return fits

    def _list_candidates(self, namespace: str, attributes: dict[str, Any]) -> Iterable[_Ear]:
        found: dict[str, _Ear] = {}
        for shape, digests in self._index.items():
            digest = key_event(shape, namespace, attributes)
            for ear in digests.get(digest, ()) if digest is not None else ():
                found[ear.trigger.trigger_id] = ear
        return found.values()

    async def _fit(self, ear: _Ear, attributes: dict[str, Any], satisfied: Sequence[int]) -> Fit | None:
        answers: dict[int, Answer] = {}
        while True:
            try:
                return self.match(ear.strategy, attributes, answers, satisfied, ear.correlations)
            except NeedsHelp as needs:
                tasks = [make_helper_task(need.expression, need.document, need.variables) for need in needs.evaluations]
                results = await self._helper.evaluate(tasks)
                for need, result in zip(needs.evaluations, results, strict=True):
                    answers[need.slot] = Answer(result.value, result.error)
