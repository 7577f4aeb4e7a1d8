"""The duty that fires triggers: it sleeps until one is due, has the decision written down, and starts what follows.

It takes no decision itself. What it does between two transactions can be done again: a run is ordered under an id that
is the same each time, and the end of a run is looked up, not only heard of.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from kapell.errors import ConflictError, DamagedHistoryError, KapellError, NotFoundError, UsageError
from kapell.telemetry import get_logger
from kapell.triggers.firing import Orders, Settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.clock import Clock
    from kapell.triggers.firing import Firings
    from kapell.triggers.model import StartOrder

log = get_logger(__name__)

LONGEST_SLEEP_SECONDS = 10.0
"""After how long the clock is looked at again, so that a jump ahead is noticed."""

_RETRY_SECONDS = 2.0
_MOST_BEHIND = 500
_ROOM_SECONDS = 0.02
_LOOK_AGAIN_SECONDS = 60.0
"""After how long orders are looked for that another process gave in the moment in which it lost the runs."""


class StartRuns(Protocol):
    """What starts runs for triggers."""

    async def start(self, order: StartOrder) -> None:
        """Start a run, and return when it is on disk; one that is there already is left alone.

        Raises:
            ConflictError: The workflow starts no more runs.
            DamagedHistoryError: Its text was changed in the database.
            NotFoundError: There is no such workflow.
            UsageError: It cannot run with this input.
            KapellError: It cannot be done at present.
        """
        ...

    async def cancel(self, run_id: str, text: str) -> None:
        """Cancel a run. Raises `NotFoundError`, `ConflictError`."""
        ...


class TriggerDuty:
    """Fires triggers for as long as `run` is under way."""

    def __init__(
        self,
        firings: Firings,
        starts: StartRuns,
        clock: Clock,
        *,
        longest_sleep_seconds: float = LONGEST_SLEEP_SECONDS,
    ) -> None:
        """Wire it."""
        self._firings = firings
        self._starts = starts
        self._clock = clock
        self._longest_sleep = longest_sleep_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._unsettled: dict[str, StartOrder] = {}
        self._awaited: set[str] = set()
        self._ended: list[str] = []
        self._is_sleeping = False
        self._handed: list[Orders] = []
        self._look_again_at = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether it sleeps until something is due, with nothing left to do."""
        return self._is_sleeping and not self._woken.is_set()

    def wake(self) -> None:
        """Look at the triggers anew, as some have changed; any thread may call this."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    def take(self, order: StartOrder) -> None:
        """Carry out an order that is written down already, as of a firing by hand; any thread may call this."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._take, order)

    def _take(self, order: StartOrder) -> None:
        self._unsettled[order.run_id] = order
        self._awaited.add(order.run_id)
        self._woken.set()

    def follow(self, orders: Orders) -> None:
        """Carry out orders that are written down already, as those for events; on the event loop."""
        if orders == Orders([], [], []):
            self._woken.set()  # something may be due at another time than before
            return
        self._awaited.update(orders.awaited)
        self._handed.append(orders)
        self._woken.set()

    async def make_room(self) -> None:
        """Return when it is not far behind with the runs to start."""
        while len(self._unsettled) + sum(len(orders.starts) for orders in self._handed) > _MOST_BEHIND:  # noqa: ASYNC110 -- rare, and no event tells of it
            await asyncio.sleep(_ROOM_SECONDS)

    def note_end(self, run_id: str) -> None:
        """Take note that a run has ended; on the event loop, and cheap, as it is told of every run."""
        if run_id in self._awaited:
            self._ended.append(run_id)
            self._woken.set()

    async def run(self) -> None:
        """Fire triggers until cancelled; what goes wrong is logged and tried again."""
        self._loop = asyncio.get_running_loop()
        left = False
        while True:
            self._woken.clear()
            try:
                if not left:
                    await self._take_up()
                    left = True
                seconds = await self._turn()
            except KapellError as error:
                log.warning("triggers_failed", message=error.message, hint=error.hint)
                seconds = _RETRY_SECONDS
            except Exception:
                log.exception("triggers_failed")
                seconds = _RETRY_SECONDS
            if seconds > 0:
                await self._sleep(seconds)

    async def _take_up(self) -> None:
        """Do what a process before left to do."""
        orders = await asyncio.to_thread(self._firings.list_left)
        self._look_again_at = self._clock.monotonic() + _LOOK_AGAIN_SECONDS
        await self._carry_out(orders)

    async def _turn(self) -> float:
        """Do all that is due, and return for how many seconds nothing is."""
        if self._clock.monotonic() >= self._look_again_at:
            self._look_again_at = self._clock.monotonic() + _LOOK_AGAIN_SECONDS
            self._unsettled |= {order.run_id: order for order in await asyncio.to_thread(self._firings.list_ordered)}
        next_at = await asyncio.to_thread(self._firings.find_next_at)
        now = self._clock.now()
        is_due = next_at is not None and next_at <= now
        if is_due:
            await self._carry_out(await asyncio.to_thread(self._firings.decide_due, now))
        while self._handed:
            taken = len(self._handed)
            await self._carry_out(_merge(self._handed[:taken]))
            del self._handed[:taken]
        has_released = bool(self._ended)
        await self._release_ended()
        if self._unsettled:
            await self._carry_out(Orders([], [], []))
            return _RETRY_SECONDS if self._unsettled else 0.0
        if is_due or has_released:
            return 0.0  # more may be due
        if next_at is None:
            return self._longest_sleep
        return min((next_at - now).total_seconds(), self._longest_sleep)

    async def _release_ended(self) -> None:
        """Let triggers go on whose runs have ended."""
        while self._ended:
            run_id = self._ended[-1]
            orders = await asyncio.to_thread(self._firings.release, run_id, self._clock.now())
            self._ended.remove(run_id)
            if orders is not None:  # else it is about to end, and that will be told
                self._awaited.discard(run_id)
                await self._carry_out(orders)

    async def _carry_out(self, orders: Orders) -> None:
        """Start, cancel and await what was decided, until nothing more follows from that."""
        self._unsettled |= {order.run_id: order for order in orders.starts}
        self._awaited.update(orders.awaited)  # before they start, or nobody would hear of the end of a short one
        settled = await self._start_all(list(self._unsettled.values()))
        for run_id in orders.cancels:
            await self._cancel(run_id)
        following = Orders([], [], [])
        if settled:
            following = await asyncio.to_thread(self._firings.settle, settled, self._clock.now())
        for each in settled:
            del self._unsettled[each.order.run_id]
        await self._look_up_ends({*orders.awaited, *(each.order.run_id for each in settled)})
        if following != Orders([], [], []):
            await self._carry_out(following)

    async def _start_all(self, starts: Sequence[StartOrder]) -> list[Settled]:
        results = await asyncio.gather(*(self._start(order) for order in starts))
        return [result for result in results if result is not None]

    async def _start(self, order: StartOrder) -> Settled | None:
        """Start a run; `None` if it cannot be done at present."""
        try:
            await self._starts.start(order)
        except (ConflictError, DamagedHistoryError, NotFoundError, UsageError) as error:
            log.warning("trigger_refused", trigger=order.trigger_name, run_id=order.run_id, message=error.message)
            return Settled(order, error.message)
        except KapellError as error:
            log.warning("trigger_held_up", trigger=order.trigger_name, run_id=order.run_id, message=error.message)
            return None
        return Settled(order)

    async def _cancel(self, run_id: str) -> None:
        try:
            await self._starts.cancel(run_id, "A later run of its trigger replaces it.")
        except (ConflictError, NotFoundError) as error:
            log.info("run_not_replaced", run_id=run_id, message=error.message)  # it has ended by itself

    async def _look_up_ends(self, run_ids: set[str]) -> None:
        """Take note of awaited runs that ended before anybody listened, or in a process before this one."""
        for run_id in run_ids & self._awaited - self._unsettled.keys():
            if await asyncio.to_thread(self._firings.has_ended, run_id):
                self.note_end(run_id)

    async def _sleep(self, seconds: float) -> None:
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        woken = asyncio.ensure_future(self._woken.wait())
        self._is_sleeping = True
        try:
            await asyncio.wait((pause, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._is_sleeping = False
            pause.cancel()
            woken.cancel()


def _merge(several: Sequence[Orders]) -> Orders:
    merged = Orders([], [], [])
    for orders in several:
        merged.starts.extend(orders.starts)
        merged.cancels.extend(orders.cancels)
        merged.awaited.extend(orders.awaited)
    return merged
