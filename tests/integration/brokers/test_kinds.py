"""What holds for one kind of broker, and what others send there."""

import asyncio
import json
from datetime import UTC, datetime

import aio_pika
import pytest
from nats.aio.client import Client as NatsClient
from redis.asyncio import Redis
from tests.broker_servers import KINDS, PASSWORD, USER
from tests.integration.brokers.conftest import KIND_PARAMS
from tests.integration.brokers.messages import (
    Taker,
    begin,
    consuming,
    make_message,
    make_structured_message,
    settle,
    wait_until,
)

from kapell.brokers.broker import STRUCTURED_TYPE, BrokerRefusedError, BrokerUnavailableError

EVENT = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "order.placed"}


def only(kind):
    """Run a test with the server of this kind."""
    mark = pytest.mark.xdist_group(f"broker-{kind}")
    return pytest.mark.parametrize("server", [pytest.param(kind, marks=mark)], indirect=True)


async def take(broker, count=1):
    taker = Taker()
    async with consuming(broker, taker):
        await taker.wait_for(lambda: len(taker.taken) + len(taker.unreadable) >= count)
    assert taker.unreadable == []
    return taker.taken


@pytest.mark.parametrize("kind", KIND_PARAMS)
async def test_tls_is_spoken_to_those_whom_an_authority_vouches_for(kind, broker_servers, connect):
    broker_servers(kind)  # skips where there is none
    server = await asyncio.to_thread(KINDS[kind], is_encrypted=True)
    try:
        await asyncio.to_thread(server.start)
        broker = connect(server.make_settings(ca_file=str(server.certificate)))
        await begin(broker)
        await broker.publish([make_message(1)])
        assert [message.attributes["id"] for message in await take(broker)] == ["e1"]
        stranger = connect(server.make_settings())
        with pytest.raises(BrokerUnavailableError, match=r"(?i)certificate"):
            await stranger.publish([make_message(1)])
        lost = connect(server.make_settings(ca_file=str(server.folder / "nowhere.pem")))
        with pytest.raises(BrokerUnavailableError, match="cannot be read"):
            await lost.publish([make_message(1)])
        await broker.close()
    finally:
        await asyncio.to_thread(server.close)


@pytest.mark.parametrize(
    "server",
    [pytest.param(kind, marks=pytest.mark.xdist_group(f"broker-{kind}")) for kind in ("nats", "mqtt")],
    indirect=True,
)
async def test_a_message_that_is_too_large_is_refused_alone(server, connect):
    broker = connect(server.make_settings())
    await begin(broker)
    with pytest.raises(BrokerRefusedError, match="`/shop e2` first: it is larger than the 2097152 bytes") as caught:
        await broker.publish([make_message(1), make_message(2, payload=bytes(3_000_000)), make_message(3)])
    assert list(caught.value.refused) == [1]
    assert broker.health.sending.count == 2
    assert [message.attributes["id"] for message in await take(broker, 2)] == ["e1", "e3"]


@only("rabbitmq")
async def test_rabbitmq_refuses_what_no_queue_would_get(server, connect):
    settings = server.make_settings()
    await begin(connect(settings))
    broker = connect(settings | {"routing_key": "nowhere"})
    with pytest.raises(BrokerRefusedError, match="no queue is bound to the exchange"):
        await broker.publish([make_message(1)])


@only("rabbitmq")
async def test_rabbitmq_without_an_exchange_puts_messages_into_the_queue(server, connect):
    settings = server.make_settings()
    broker = connect(settings | {"exchange": "", "routing_key": settings["queue"]})
    await begin(broker)
    await broker.publish([make_message(1)])
    assert len(await take(broker)) == 1


@only("rabbitmq")
async def test_rabbitmq_gives_events_of_amqp_1(server, connect):
    settings = server.make_settings()
    broker = connect(settings)
    await begin(broker)
    headers = {f"cloudEvents:{name}": value for name, value in EVENT.items()} | {
        "cloudEvents:time": datetime(2026, 11, 22, 3, tzinfo=UTC),
        "cloudEvents:urgent": True,
        "cloudEvents:attempt": 3,
        "cloudEvents_digest": bytearray(b"\x00\xff"),
        "other": "not ours",
    }
    async with await aio_pika.connect(host="127.0.0.1", port=server.port, login=USER, password=PASSWORD) as connection:
        channel = await connection.channel()
        message = aio_pika.Message(b"{}", headers=headers, content_type="application/json", message_id="m1")
        await channel.default_exchange.publish(message, settings["queue"])
    (taken,) = await take(broker)
    assert taken.attributes == EVENT | {
        "time": "2026-11-22T03:00:00Z",
        "urgent": "true",
        "attempt": "3",
        "digest": "AP8=",
    }
    assert taken.broker_id == "m1"


@only("rabbitmq")
async def test_rabbitmq_a_deleted_queue_is_made_anew(server, connect):
    settings = server.make_settings()
    broker = connect(settings)
    taker = Taker()
    async with consuming(broker, taker):
        await wait_until(lambda: broker.health.receiving.connected_at)
        first = broker.health.receiving.connected_at
        async with await aio_pika.connect(
            host="127.0.0.1", port=server.port, login=USER, password=PASSWORD
        ) as connection:
            channel = await connection.channel()
            await channel.queue_delete(settings["queue"])
        await wait_until(lambda: broker.health.receiving.connected_at not in {None, first})
        await broker.publish([make_message(1)])
        await taker.wait_for_ids(1)


@only("nats")
async def test_nats_drops_what_was_published_twice(server, connect):
    broker = connect(server.make_settings())
    await begin(broker)
    await broker.publish([make_message(1), make_message(2)])
    await broker.publish([make_message(1), make_message(2), make_message(3)])
    assert [message.attributes["id"] for message in await settle(broker)] == ["e1", "e2", "e3"]


@only("nats")
async def test_nats_without_a_stream_for_the_subject_is_told(server, connect):
    broker = connect(server.make_settings(subject="nobody.listens"))
    with pytest.raises(BrokerUnavailableError, match=r"no stream has the subject `nobody\.listens`"):
        await broker.publish([make_message(1)])


@only("nats")
async def test_nats_what_is_not_to_be_made_is_told(server, connect):
    broker = connect(server.make_settings(create=False))
    taker = Taker()
    async with consuming(broker, taker):
        await wait_until(lambda: "stream not found" in broker.health.receiving.trouble)


@only("nats")
async def test_nats_reads_headers_as_others_write_them(server, connect):
    settings = server.make_settings()
    broker = connect(settings)
    await begin(broker)
    headers = {f"Ce-{name.title()}": value for name, value in EVENT.items()}
    headers |= {"Ce-Subject": "Euro %E2%82%AC %F0%9F%98%80", "Content-Type": "text/plain"}
    client = NatsClient()
    await client.connect(server.url, user=USER, password=PASSWORD)
    await client.publish(settings["subject"], b"hello", headers=headers)
    await client.publish(settings["subject"], json.dumps(EVENT).encode())
    await client.close()
    binary, structured = await take(broker, 2)
    assert binary.attributes == EVENT | {"subject": "Euro € 😀"}
    assert (binary.content_type, binary.payload) == ("text/plain", b"hello")
    assert structured.is_structured
    assert [binary.broker_id, structured.broker_id] == ["1", "2"]
    assert binary.place == settings["subject"]


@only("mqtt")
async def test_mqtt_3_carries_whole_events(server, connect):
    broker = connect(server.make_settings(version="3.1.1"))
    await begin(broker)
    await broker.publish([make_message(1), make_structured_message(2)])
    first, second = await take(broker, 2)
    assert first.is_structured
    assert second.is_structured
    assert json.loads(first.payload) == make_message(1).attributes | {
        "datacontenttype": "application/json",
        "data": {"number": 1},
    }
    assert second.payload == make_structured_message(2).payload
    assert await settle(broker) == []


@only("mqtt")
async def test_mqtt_3_tells_wrong_credentials(server, connect):
    broker = connect(server.make_settings(version="3.1.1", password="wrong"))
    with pytest.raises(BrokerUnavailableError, match="refuses the user"):
        await broker.publish([make_message(1)])


@only("mqtt")
async def test_mqtt_keeps_what_comes_while_nobody_is_there(server, connect):
    broker = connect(server.make_settings())
    await begin(broker)
    await broker.publish([make_message(number) for number in range(150)])
    await asyncio.to_thread(server.restart)
    assert [message.attributes["id"] for message in await take(broker, 150)] == [f"e{n}" for n in range(150)]


@only("redis")
async def test_redis_takes_over_from_a_dead_consumer_of_another_name(server, connect):
    settings = server.make_settings()
    begun = asyncio.Event()

    class Stuck(Taker):
        async def handle(self, messages):
            begun.set()
            await asyncio.sleep(600)

    dead = connect(settings | {"consumer": "dead"})
    async with consuming(dead, Stuck()):
        await dead.publish([make_message(1)])
        await begun.wait()
    (taken,) = await take(connect(settings))
    assert taken.attributes["id"] == "e1"
    assert taken.is_redelivered


@pytest.fixture
async def redis_client(server):
    async with Redis(port=server.port, username=USER, password=PASSWORD) as client:
        yield client


@only("redis")
async def test_redis_reads_entries_as_others_write_them(server, connect, redis_client):
    settings = server.make_settings()
    await redis_client.xadd(settings["stream"], {"event": json.dumps(EVENT)})
    entry = {f"ce-{name}": value for name, value in EVENT.items()} | {"content-type": "text/plain", "data": b"\xff"}
    entry_id = await redis_client.xadd(settings["stream"], entry)
    structured, binary = await take(connect(settings), 2)
    assert (structured.content_type, json.loads(structured.payload)) == (STRUCTURED_TYPE, EVENT)
    assert (binary.content_type, binary.attributes, binary.payload) == ("text/plain", EVENT, b"\xff")
    assert binary.broker_id == entry_id.decode()


@only("redis")
async def test_redis_what_was_cut_off_holds_nothing_up(server, connect, redis_client):
    settings = server.make_settings()
    begun = asyncio.Event()

    class Stuck(Taker):
        async def handle(self, messages):
            begun.set()
            await asyncio.sleep(600)

    broker = connect(settings)
    async with consuming(broker, Stuck()):
        await broker.publish([make_message(1)])
        await begun.wait()
    await redis_client.xtrim(settings["stream"], maxlen=0, approximate=False)
    await broker.publish([make_message(2)])
    assert [message.attributes["id"] for message in await take(broker)] == ["e2"]
    assert await settle(broker) == []


@only("redis")
async def test_redis_keeps_about_as_many_messages_as_it_is_told(server, connect, redis_client):
    settings = server.make_settings(max_length=100)
    broker = connect(settings)
    for start in range(0, 1000, 100):
        await broker.publish([make_message(start + number) for number in range(100)])
    assert 100 <= await redis_client.xlen(settings["stream"]) < 400


@only("redis")
async def test_redis_that_is_full_is_told(server, connect, redis_client):
    broker = connect(server.make_settings())
    await redis_client.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(BrokerUnavailableError, match="maxmemory"):
            await broker.publish([make_message(1)])
    finally:
        await redis_client.config_set("maxmemory", "0")
    await broker.publish([make_message(1)])


@only("redis")
async def test_a_group_may_begin_with_what_is_new(server, connect):
    settings = server.make_settings(start="new")
    broker = connect(settings)
    await broker.publish([make_message(1)])
    await begin(broker)
    await broker.publish([make_message(2)])
    assert [message.attributes["id"] for message in await take(broker)] == ["e2"]
