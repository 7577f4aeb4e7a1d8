"""A broker that heals itself: what is the same for all kinds, around the transport of one kind."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec

from kapell.brokers.binding import find_fault
from kapell.brokers.broker import (
    BrokerHealth,
    BrokerRefusedError,
    BrokerUnavailableError,
    Direction,
    Handle,
    OnUnreadable,
    Outgoing,
)
from kapell.brokers.cancelling import run_cancellable, run_to_end
from kapell.errors import KapellError, UsageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from kapell.brokers.transport import Delivery, Intake, Outlet, Transport
    from kapell.clock import Clock

_log = get_logger(__name__)

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 30.0
_CLOSE_SECONDS: Final = 3.0


class SupervisedBroker:
    """Reconnects, hands over, acknowledges and counts; see `Broker`."""

    def __init__(self, name: str, transport: Transport, clock: Clock) -> None:
        """Connect nothing yet.

        Args:
            name: How the log calls it.
            transport: The kind of broker, with its settings.
            clock: For pauses and for the times in `health`.
        """
        self._name = name
        self._transport = transport
        self._clock = clock
        self._receiving = Direction()
        self._sending = Direction()
        self._unreadable = 0
        self._outlet: Outlet | None = None
        self._is_publishing = asyncio.Lock()

    @property
    def health(self) -> BrokerHealth:
        """How it stands with it now."""
        return BrokerHealth(receiving=self._receiving, sending=self._sending, unreadable=self._unreadable)

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish messages in order and return when the broker has confirmed all of them; raises as `Broker` says."""
        async with self._is_publishing:
            try:
                outlet = await self._find_outlet()
                refused = await run_cancellable(outlet.send(messages))
            except BrokerUnavailableError as error:
                self._sending = msgspec.structs.replace(self._sending, connected_at=None, trouble=str(error))
                await self._close_outlet()
                raise
            except BaseException:
                # Cancelled half way: what the broker still answers belongs to nobody.
                await self._close_outlet()
                raise
            self._sending = self._count(self._sending, len(messages) - len(refused))
        if refused:
            first = min(refused)
            raise BrokerRefusedError(
                f"The broker refuses {len(refused)} of {len(messages)} messages, `{messages[first].id}` first: "
                f"{refused[first]}.",
                refused=refused,
            )

    async def consume(self, handle: Handle, on_unreadable: OnUnreadable) -> None:
        """Hand messages over as they come, until cancelled; raises as `Broker` says."""
        pauses = _Pauses(self._clock)
        while True:
            try:
                async with self._open_intake() as intake:
                    while True:
                        deliveries = await run_cancellable(intake.receive())
                        pauses.reset()
                        if deliveries:
                            await self._take_over(intake, deliveries, handle, on_unreadable)
            except UsageError:
                raise
            except Exception as error:  # noqa: BLE001 -- libraries raise more than they say, and consuming goes on
                self._tell_lost(error)
            await pauses.wait()

    async def close(self) -> None:
        """Let go of the connection that `publish` keeps open."""
        async with self._is_publishing:
            await self._close_outlet()

    async def _take_over(
        self, intake: Intake, deliveries: Sequence[Delivery], handle: Handle, on_unreadable: OnUnreadable
    ) -> None:
        """Hand over until it succeeds, then acknowledge.

        Handing over again what is here already keeps the order, which a redelivery by the broker would not.
        """
        faults = [find_fault(delivery.message) for delivery in deliveries]
        readable = [delivery.message for delivery, fault in zip(deliveries, faults, strict=True) if not fault]
        unreadable = [(delivery.message, fault) for delivery, fault in zip(deliveries, faults, strict=True) if fault]
        pauses = _Pauses(self._clock)
        async with _kept(intake, deliveries):
            while True:
                try:
                    while unreadable:
                        await on_unreadable(*unreadable[0])
                        del unreadable[0]
                        self._unreadable += 1
                    if readable:
                        await handle(readable)
                    break
                except Exception as error:  # noqa: BLE001 -- whatever it is, the messages are not safe yet
                    self._tell_not_taken(error)
                await pauses.wait()
                readable = [msgspec.structs.replace(message, is_redelivered=True) for message in readable]
            # What is safe here would else be delivered again.
            await run_to_end(intake.acknowledge(deliveries), _CLOSE_SECONDS)
        self._receiving = self._count(self._receiving, len(readable))

    def _tell_lost(self, error: Exception) -> None:
        told = {} if isinstance(error, BrokerUnavailableError) else {"exc_info": error}
        self._receiving = msgspec.structs.replace(self._receiving, connected_at=None, trouble=str(error) or repr(error))
        _log.warning("broker_unavailable", broker=self._name, why=str(error), **told)

    def _tell_not_taken(self, error: Exception) -> None:
        trouble = f"What the broker delivers is not accepted: {error}"
        self._receiving = msgspec.structs.replace(self._receiving, trouble=trouble)
        told = {} if isinstance(error, KapellError) else {"exc_info": error}
        _log.warning("messages_not_accepted", broker=self._name, why=str(error), **told)

    @asynccontextmanager
    async def _open_intake(self) -> AsyncIterator[Intake]:
        intake = await run_cancellable(self._transport.open_intake(), _close)
        try:
            self._receiving = msgspec.structs.replace(self._receiving, connected_at=self._clock.now(), trouble="")
            _log.info("broker_connected", broker=self._name)
            yield intake
        finally:
            self._receiving = msgspec.structs.replace(self._receiving, connected_at=None)
            await _close(intake)

    async def _find_outlet(self) -> Outlet:
        if self._outlet is not None and not self._outlet.is_open:
            await self._close_outlet()
        if self._outlet is None:
            self._outlet = await run_cancellable(self._transport.open_outlet(), _close)
            self._sending = msgspec.structs.replace(self._sending, connected_at=self._clock.now())
        return self._outlet

    async def _close_outlet(self) -> None:
        outlet, self._outlet = self._outlet, None
        self._sending = msgspec.structs.replace(self._sending, connected_at=None)
        if outlet is not None:
            await _close(outlet)

    def _count(self, direction: Direction, number: int) -> Direction:
        last_at = self._clock.now() if number else direction.last_at
        return msgspec.structs.replace(direction, trouble="", count=direction.count + number, last_at=last_at)


class _Pauses:
    """Pauses that grow while nothing succeeds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = _FIRST_PAUSE

    def reset(self) -> None:
        self._next = _FIRST_PAUSE

    async def wait(self) -> None:
        pause, self._next = self._next, min(self._next * 2, _LONGEST_PAUSE)
        await self._clock.sleep(pause)


@asynccontextmanager
async def _kept(intake: Intake, deliveries: Sequence[Delivery]) -> AsyncIterator[None]:
    """Keep the broker from delivering to another what is being handled here."""
    seconds = intake.keep_seconds
    if seconds is None:
        yield
        return
    keeping = asyncio.create_task(_keep(intake, deliveries, seconds))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.wait((keeping,))


async def _keep(intake: Intake, deliveries: Sequence[Delivery], seconds: float) -> None:
    # A lost connection is noticed at the acknowledgement; until then the messages may be handled in peace.
    with suppress(BrokerUnavailableError):
        while True:
            # Real time, also under a clock of a test: it is the broker's patience that is measured.
            await asyncio.sleep(seconds)
            await intake.keep(deliveries)


async def _close(link: Intake | Outlet) -> None:
    with suppress(BrokerUnavailableError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await link.close()
