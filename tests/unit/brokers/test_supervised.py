"""How a broker heals, whatever its library does; what brokers do is tested with the real ones."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from kapell.brokers.broker import BrokerUnavailableError, Incoming, Outgoing
from kapell.brokers.supervised import SupervisedBroker
from kapell.brokers.transport import Delivery

EVENT = Incoming(
    content_type="",
    attributes={"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order.placed"},
    payload=b"",
    place="orders",
)


class PausesClock:
    """Sleeps no time, and keeps for how long it was asked."""

    def __init__(self):
        self.pauses = []

    def now(self):
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic(self):
        return 0.0

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class ScriptedTransport:
    """Opens a way in whose `receive` follows a script: exceptions, messages, and then nothing for ever."""

    keep_seconds = None

    def __init__(self, *script, opening=()):
        self.script = list(script)
        self.opening = list(opening)
        self.acknowledged = []
        self.is_idle = asyncio.Event()
        self.open_count = 0

    async def open_intake(self):
        if self.opening:
            raise self.opening.pop(0)
        self.open_count += 1
        return self

    async def open_outlet(self):
        self.open_count += 1
        return self

    @property
    def is_open(self):
        return True

    async def send(self, messages):
        raise self.script.pop(0)

    async def receive(self):
        if not self.script:
            self.is_idle.set()
            await asyncio.sleep(600)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def acknowledge(self, deliveries):
        self.acknowledged += deliveries

    async def close(self):
        self.open_count -= 1


async def consume(transport, clock, handled):
    async def handle(messages):
        handled.extend(messages)

    async def complain(message, why):
        pytest.fail(why)

    broker = SupervisedBroker("orders", transport, clock)
    task = asyncio.create_task(broker.consume(handle, complain))
    async with asyncio.timeout(10):
        await transport.is_idle.wait()
    health = broker.health
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert transport.open_count == 0
    return health


async def test_pauses_grow_until_something_comes():
    lost = BrokerUnavailableError("The broker is away.")
    transport = ScriptedTransport([Delivery(EVENT, 1)], lost, opening=[lost] * 9)
    clock = PausesClock()
    handled = []
    health = await consume(transport, clock, handled)
    assert clock.pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 0.2]
    assert handled == [EVENT]
    assert len(transport.acknowledged) == 1
    assert health.receiving.trouble == ""
    assert health.receiving.connected_at == clock.now()


async def test_what_a_library_never_said_it_would_raise_is_survived():
    transport = ScriptedTransport(KeyError("mid"), [Delivery(EVENT, 1)])
    handled = []
    await consume(transport, PausesClock(), handled)
    assert handled == [EVENT]


async def test_a_way_out_that_fails_is_opened_anew():
    transport = ScriptedTransport(BrokerUnavailableError("The broker is away."), KeyError("mid"))
    broker = SupervisedBroker("orders", transport, PausesClock())
    message = Outgoing(id="1", content_type="", payload=b"")
    with pytest.raises(BrokerUnavailableError):
        await broker.publish([message])
    assert transport.open_count == 0
    assert broker.health.sending.trouble == "The broker is away."
    with pytest.raises(KeyError):
        await broker.publish([message])
    assert transport.open_count == 0
