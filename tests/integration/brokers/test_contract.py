"""What holds for every kind of broker, against the real one."""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import pytest
from tests.broker_servers import PASSWORD
from tests.integration.brokers.messages import (
    Taker,
    begin,
    consuming,
    drop_repetitions,
    make_message,
    make_structured_message,
    settle,
    wait_until,
)

from kapell.brokers.broker import BrokerUnavailableError
from kapell.errors import UsageError

STUCK = Path(__file__).with_name("stuck_consumer.py")


@pytest.fixture
def settings(server):
    return server.make_settings()


@pytest.fixture
async def broker(connect, settings):
    """A broker with places of its own, which are there."""
    found = connect(settings)
    await begin(found)
    return found


async def publish_patiently(broker, messages):
    while True:
        try:
            return await broker.publish(messages)
        except BrokerUnavailableError:
            await asyncio.sleep(0.1)


async def test_a_message_comes_as_it_was_sent(broker):
    attributes = make_message(1).attributes | {
        "subject": 'crème brûlée, 50 % "off" 漢字',
        "time": "2026-11-22T03:00:00.5Z",
        "dataschema": "https://example.com/schema?a=b&c=d",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    sent = [
        make_message(1, attributes=attributes),
        make_message(2, content_type="application/octet-stream", payload=bytes(range(256))),
        make_message(3, content_type="text/plain; charset=utf-8", payload="größer".encode()),
        make_structured_message(4),
        make_message(5, content_type="", payload=b""),
    ]
    taker = Taker()
    async with consuming(broker, taker):
        await broker.publish(sent)
        await wait_until(lambda: broker.health.receiving.count == len(sent))
    for outgoing, incoming in zip(sent, taker.taken, strict=True):
        assert incoming.content_type == outgoing.content_type
        assert incoming.attributes == outgoing.attributes
        assert incoming.payload == outgoing.payload
        assert incoming.place
        assert not incoming.is_redelivered
    assert taker.unreadable == []
    assert broker.health.sending.count == len(sent)
    assert broker.health.sending.last_at <= broker.health.receiving.last_at


async def test_messages_stay_in_order(broker):
    keys = [f"order-{number}" for number in range(10)]
    sent = [make_message(number, key=keys[number % 10]) for number in range(400)]
    taker = Taker()
    async with consuming(broker, taker):
        for start in range(0, len(sent), 25):
            await broker.publish(sent[start : start + 25])
        await taker.wait_for(lambda: len(taker.taken) == len(sent))
    assert taker.ids == [message.attributes["id"] for message in sent]


async def test_what_waited_comes_in_batches(broker, settings, connect):
    await broker.publish([make_message(number) for number in range(60)])
    await broker.close()
    hasty = connect(settings | {"prefetch": 20})
    taker = Taker()
    async with consuming(hasty, taker):
        await taker.wait_for_ids(60)
    assert max(map(len, taker.handed)) <= 20
    assert len(taker.handed) < 30
    assert await settle(broker) == []


async def test_a_killed_process_loses_nothing(broker, settings):
    await broker.publish([make_message(number) for number in range(5)])
    process = await asyncio.create_subprocess_exec(
        sys.executable, STUCK, json.dumps(settings), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            received = int(await process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()
    assert received > 0
    await broker.publish([make_message(number) for number in range(5, 10)])
    taker = Taker()
    async with consuming(broker, taker):
        await taker.wait_for_ids(10)
    assert taker.ids == [f"e{number}" for number in range(10)]
    assert all(message.is_redelivered for message in taker.taken[:received])
    assert await settle(broker) == []


async def test_what_is_cancelled_while_it_is_handled_comes_again(broker):
    begun = asyncio.Event()

    class Slow(Taker):
        async def handle(self, messages):
            begun.set()
            await asyncio.sleep(600)

    await broker.publish([make_message(1)])
    async with consuming(broker, Slow()):
        await begun.wait()
    taker = Taker()
    async with consuming(broker, taker):
        await taker.wait_for_ids(1)
    assert taker.ids == ["e1"]


async def test_what_is_not_accepted_is_handed_over_again(broker):
    taker = Taker(RuntimeError("the database is locked"), RuntimeError("still"))
    async with consuming(broker, taker):
        await broker.publish([make_message(1)])
        await taker.wait_for(lambda: taker.handed)
        await wait_until(lambda: "the database is locked" in broker.health.receiving.trouble)
        await taker.wait_for_ids(1)
        await wait_until(lambda: broker.health.receiving.count == 1)
        assert broker.health.receiving.trouble == ""
    assert [[message.attributes["id"] for message in batch] for batch in taker.handed] == [["e1"]] * 3
    assert [batch[0].is_redelivered for batch in taker.handed] == [False, True, True]
    assert await settle(broker) == []


async def test_what_takes_long_is_not_delivered_twice(broker, settings):
    patience = max(settings.get("acknowledge_seconds", 0), settings.get("claim_seconds", 0)) * 1.5

    class Slow(Taker):
        async def handle(self, messages):
            await asyncio.sleep(patience)
            await super().handle(messages)

    taker = Slow()
    async with consuming(broker, taker):
        await broker.publish([make_message(1)])
        await taker.wait_for_ids(1)
        await broker.publish([make_message(2)])
        await taker.wait_for_ids(2)
    assert taker.ids == ["e1", "e2"]


async def test_a_restart_of_the_server_loses_nothing(server, broker):
    sent = [make_message(number) for number in range(300)]
    taker = Taker()

    async def publish_all():
        for start in range(0, len(sent), 5):
            await publish_patiently(broker, sent[start : start + 5])
            await asyncio.sleep(0.02)

    async with consuming(broker, taker):
        publishing = asyncio.create_task(publish_all())
        await taker.wait_for_ids(50)
        await asyncio.to_thread(server.stop)
        await wait_until(lambda: broker.health.receiving.trouble and broker.health.sending.trouble)
        assert broker.health.receiving.connected_at is None
        await asyncio.to_thread(server.start)
        await publishing
        await taker.wait_for_ids(len(sent), seconds=60)
        assert broker.health.receiving.trouble == broker.health.sending.trouble == ""
    assert drop_repetitions(taker.ids) == [message.attributes["id"] for message in sent]


@pytest.mark.serial
async def test_ten_thousand_messages(server, broker):
    sent = [make_message(number) for number in range(10_000)]
    began = time.monotonic()
    for start in range(0, len(sent), 500):
        await broker.publish(sent[start : start + 500])
    published = time.monotonic()
    taker = Taker()
    async with consuming(broker, taker):
        await taker.wait_for(lambda: len(taker.taken) >= len(sent), seconds=80)
    consumed = time.monotonic()
    assert taker.ids == [message.attributes["id"] for message in sent]
    out, into = len(sent) / (published - began), len(sent) / (consumed - published)
    print(f"{server.kind}: {out:,.0f} messages/s published, {into:,.0f} messages/s consumed")  # noqa: T201 -- figures


async def test_what_is_no_event_is_reported_and_holds_nothing_up(broker):
    without_source = {"specversion": "1.0", "id": "e2", "type": "order.placed"}
    sent = [
        make_message(1),
        make_message(2, attributes=without_source),
        make_structured_message(3),
        make_message(4, content_type="application/cloudevents+json", attributes={}, payload=b"{ no JSON"),
        make_message(5, content_type="", attributes={}, payload=b"\xff\x00 of a device"),
        make_message(6),
    ]
    taker = Taker()
    async with consuming(broker, taker):
        await broker.publish(sent)
        await taker.wait_for(lambda: len(taker.taken) == 3 and len(taker.unreadable) == 3)
        await wait_until(lambda: broker.health.receiving.count == 3)
    assert [message.payload for message in taker.taken] == [sent[0].payload, sent[2].payload, sent[5].payload]
    assert [message.payload for message, _ in taker.unreadable] == [sent[1].payload, sent[3].payload, sent[4].payload]
    whys = [why for _, why in taker.unreadable]
    assert whys[0] == "it has no `source`"
    assert whys[1].startswith("it is no event in the JSON format of CloudEvents: ")
    assert broker.health.unreadable == 3
    assert await settle(broker) == []


async def test_wrong_credentials_are_told(connect, settings):
    broker = connect(settings | {"password": "wrong password"})
    with pytest.raises(BrokerUnavailableError, match="refuses the user `orders`") as caught:
        await broker.publish([make_message(1)])
    assert "wrong password" not in str(caught.value)
    taker = Taker()
    async with consuming(broker, taker):
        await wait_until(lambda: broker.health.receiving.trouble)
    health = broker.health
    assert "refuses the user `orders`" in health.receiving.trouble
    assert health.sending.trouble == str(caught.value)
    assert health.receiving.connected_at is None
    assert PASSWORD not in repr(health)


async def test_a_server_that_is_not_there_is_told(server, connect, settings):
    broker = connect(settings | {"url": server.url.replace(str(server.port), "1")})
    with pytest.raises(BrokerUnavailableError, match="cannot be used"):
        await broker.publish([make_message(1)])


async def test_cancelling_leaves_nothing_behind(broker):
    before = asyncio.all_tasks()
    taker = Taker()
    async with consuming(broker, taker):
        await broker.publish([make_message(1)])
        await taker.wait_for_ids(1)
    await broker.close()
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    # It can be used again.
    await broker.publish([make_message(2)])
    assert [message.attributes["id"] for message in await settle(broker)] == ["e2"]


@pytest.mark.parametrize("direction", ["publish", "consume"])
async def test_a_place_that_is_not_named_is_told(connect, settings, direction):
    places = {"stream", "subjects", "subject", "queue", "exchange", "routing_key", "topics", "topic", "target"}
    broker = connect({name: value for name, value in settings.items() if name not in places})
    taker = Taker()
    doing = broker.publish([make_message(1)]) if direction == "publish" else broker.consume(taker.handle, None)
    with pytest.raises(UsageError, match="names n"):
        await doing
