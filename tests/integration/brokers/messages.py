"""Messages to send, and somebody who takes them."""

import asyncio
import json
from contextlib import asynccontextmanager, suppress

from kapell.brokers.broker import STRUCTURED_TYPE, Outgoing


def make_message(number, *, key="", **changes):
    """Return a message in binary form."""
    attributes = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/shop",
        "type": "order.placed",
        "subject": key or f"order-{number}",
    }
    message = {
        "id": f"/shop e{number}",
        "key": key,
        "content_type": "application/json",
        "attributes": attributes,
        "payload": json.dumps({"number": number}).encode(),
    }
    return Outgoing(**message | changes)


def make_structured_message(number):
    event = {"specversion": "1.0", "id": f"e{number}", "source": "/shop", "type": "order.placed", "data": {"n": number}}
    return make_message(number, content_type=STRUCTURED_TYPE, attributes={}, payload=json.dumps(event).encode())


class Taker:
    """Takes messages over; `failures` are raised first."""

    def __init__(self, *failures):
        self.taken = []
        self.handed = []
        self.unreadable = []
        self._failures = list(failures)
        self._news = asyncio.Event()

    async def handle(self, messages):
        self.handed.append(list(messages))
        self._news.set()
        if self._failures:
            raise self._failures.pop(0)
        self.taken += messages

    async def on_unreadable(self, message, why):
        self.unreadable.append((message, why))
        self._news.set()

    @property
    def ids(self):
        return [message.attributes["id"] for message in self.taken]

    async def wait_for(self, condition, seconds=40):
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._news.wait()

    async def wait_for_ids(self, count, seconds=40):
        """Wait until so many different events were taken."""
        await self.wait_for(lambda: len(set(self.ids)) >= count, seconds)


@asynccontextmanager
async def consuming(broker, taker):
    """Consume until the end of the block."""
    task = asyncio.create_task(broker.consume(taker.handle, taker.on_unreadable))
    try:
        yield task
    finally:
        if task.done():
            await task
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def wait_until(condition, seconds=40):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 -- what is waited for tells nobody
            await asyncio.sleep(0.02)


async def begin(broker):
    """Let the broker make what it consumes from: some keep nothing before somebody has come for it."""
    async with consuming(broker, Taker()):
        await wait_until(lambda: broker.health.receiving.connected_at)
    assert broker.health.receiving.connected_at is None


async def settle(broker):
    """Take what is there and return it; nothing means that everything was acknowledged."""
    taker = Taker()
    async with consuming(broker, taker):
        await wait_until(lambda: broker.health.receiving.connected_at)
        await asyncio.sleep(0.5)
    return taker.taken


def drop_repetitions(ids):
    return list(dict.fromkeys(ids))
