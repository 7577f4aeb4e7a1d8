"""RabbitMQ by AMQP 0.9.1: publishing with confirms, and a durable queue.

CloudEvents have a binding for AMQP 1.0; here its application properties are headers, which is how RabbitMQ translates
between both. They are read with either prefix, `cloudEvents:` or `cloudEvents_`, and written with the latter.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import aio_pika
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)

from kapell.brokers.binding import read_form
from kapell.brokers.broker import Incoming, Outgoing
from kapell.brokers.transport import ANSWER_SECONDS, Delivery, gather_batch, make_tls, tell_refused, tell_unavailable
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage

    from kapell.brokers.settings import RabbitmqSettings

# Whatever the libraries log as an error they raise, too, and then it is told here.
logging.getLogger("aiormq").setLevel(logging.CRITICAL)

_PREFIX: Final = "cloudEvents_"
_PREFIXES: Final = (_PREFIX, "cloudEvents:")


class RabbitmqTransport:
    """See `Transport`."""

    def __init__(self, settings: RabbitmqSettings) -> None:
        """Connect nothing yet."""
        self._settings = settings

    async def open_intake(self) -> RabbitmqIntake:
        """Connect, find the queue or make it, and consume from it."""
        settings = self._settings
        if not settings.queue:
            raise UsageError("The connection to RabbitMQ names no `queue` to consume from.")
        connection = await _connect(settings)
        try:
            with _telling(settings):
                await _find_queue(connection, settings)
                intake = RabbitmqIntake(connection, settings)
                await intake.begin()
        except BaseException:
            await connection.close()
            raise
        return intake

    async def open_outlet(self) -> RabbitmqOutlet:
        """Connect, and find the exchange or make it."""
        settings = self._settings
        if not settings.exchange and not settings.routing_key:
            raise UsageError("The connection to RabbitMQ names neither `exchange` nor `routing_key` to publish to.")
        connection = await _connect(settings)
        try:
            with _telling(settings):
                await _find_exchange(connection, settings)
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                exchange = await _get_exchange(channel, settings)
        except BaseException:
            await connection.close()
            raise
        return RabbitmqOutlet(connection, channel, exchange, settings)


class RabbitmqIntake:
    """A consumer of a queue; see `Intake`."""

    keep_seconds: float | None = None

    def __init__(self, connection: AbstractConnection, settings: RabbitmqSettings) -> None:
        """Take over an open connection."""
        self._connection = connection
        self._settings = settings
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def begin(self) -> None:
        """Ask for messages."""
        channel = await self._connection.channel()
        channel.close_callbacks.add(self._note_lost)
        await channel.set_qos(prefetch_count=self._settings.prefetch)
        queue = await channel.get_queue(self._settings.queue, ensure=False)
        # A queue that is deleted ends the consumer and nothing else.
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._note_lost)
        await queue.consume(self._arrived.put)

    async def receive(self) -> Sequence[Delivery]:
        """Return what the broker has pushed."""
        messages = await gather_batch(self._arrived, self._lost, self._settings.prefetch)
        return [Delivery(_read_message(message, self._settings.queue), message) for message in messages]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge all at once: the last, and with it all before it."""
        with _telling(self._settings):
            await deliveries[-1].receipt.ack(multiple=True)

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Do nothing: a broker waits as long as the connection lasts, or half an hour if it is told so."""

    async def close(self) -> None:
        """Close the connection."""
        with _telling(self._settings):
            await self._connection.close()

    def _note_lost(self, *_: Any) -> None:
        if not self._lost.done():
            self._lost.set_result(None)


class RabbitmqOutlet:
    """See `Outlet`."""

    def __init__(
        self,
        connection: AbstractConnection,
        channel: AbstractChannel,
        exchange: AbstractExchange,
        settings: RabbitmqSettings,
    ) -> None:
        """Take over an open channel."""
        self._connection = connection
        self._channel = channel
        self._exchange = exchange
        self._settings = settings

    @property
    def is_open(self) -> bool:
        """Whether it is not known to be broken."""
        return not self._channel.is_closed

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, str]:
        """Publish, and wait until each is confirmed."""
        # They go out in the order in which these begin.
        outcomes = await asyncio.gather(*map(self._send_one, messages), return_exceptions=True)
        refused = {}
        with _telling(self._settings):
            for place, outcome in enumerate(outcomes):
                if isinstance(outcome, PublishError):
                    where = f"exchange `{self._settings.exchange}` with the key `{self._settings.routing_key}`"
                    refused[place] = f"no queue is bound to the {where}"
                elif isinstance(outcome, BaseException):
                    raise outcome
        return refused

    async def close(self) -> None:
        """Close the connection."""
        with _telling(self._settings):
            await self._connection.close()

    async def _send_one(self, message: Outgoing) -> None:
        await self._exchange.publish(
            _write_message(message), self._settings.routing_key, mandatory=True, timeout=ANSWER_SECONDS
        )


async def _connect(settings: RabbitmqSettings) -> AbstractConnection:
    tls = make_tls(settings)
    with _telling(settings):
        return await aio_pika.connect(
            host=settings.host,
            port=settings.port,
            login=settings.username,
            password=settings.password,
            virtualhost=settings.virtual_host,
            ssl=tls is not None,
            ssl_context=tls,
            timeout=ANSWER_SECONDS,
        )


async def _find_queue(connection: AbstractConnection, settings: RabbitmqSettings) -> None:
    if not settings.create:
        return
    try:
        await _look_for_queue(connection, settings)
    except ChannelNotFoundEntity:
        if settings.exchange:
            await _find_exchange(connection, settings)
        async with connection.channel() as channel:
            queue = await channel.declare_queue(settings.queue, durable=True)
            if settings.exchange:
                for key in settings.bindings:
                    await queue.bind(settings.exchange, key)


async def _look_for_queue(connection: AbstractConnection, settings: RabbitmqSettings) -> None:
    # In a channel of its own, since the broker closes it when the queue is missing.
    async with connection.channel() as channel:
        await channel.declare_queue(settings.queue, passive=True)


async def _find_exchange(connection: AbstractConnection, settings: RabbitmqSettings) -> None:
    if not settings.exchange or not settings.create:
        return
    try:
        async with connection.channel() as channel:
            await channel.declare_exchange(settings.exchange, passive=True)
    except ChannelNotFoundEntity:
        async with connection.channel() as channel:
            await channel.declare_exchange(settings.exchange, aio_pika.ExchangeType.TOPIC, durable=True)


async def _get_exchange(channel: AbstractChannel, settings: RabbitmqSettings) -> AbstractExchange:
    if not settings.exchange:
        return channel.default_exchange
    return await channel.get_exchange(settings.exchange, ensure=False)


def _read_message(message: AbstractIncomingMessage, queue: str) -> Incoming:
    attributes = {}
    for name, value in message.headers.items():
        for prefix in _PREFIXES:
            if name.startswith(prefix) and value is not None:
                attributes[name.removeprefix(prefix)] = _write_canonically(value)
    content_type, attributes = read_form(message.content_type or "", attributes)
    return Incoming(
        content_type=content_type,
        attributes=attributes,
        payload=message.body,
        place=queue,
        broker_id=message.message_id or "",
        is_redelivered=bool(message.redelivered),
    )


def _write_canonically(value: Any) -> str:
    """Return an attribute's value as CloudEvents write it ("Type System")."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _write_message(message: Outgoing) -> aio_pika.Message:
    return aio_pika.Message(
        message.payload,
        headers={f"{_PREFIX}{name}": value for name, value in message.attributes.items()},
        content_type=message.content_type or None,
        message_id=message.id[:255],
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )


@contextmanager
def _telling(settings: RabbitmqSettings) -> Iterator[None]:
    """Say in our own words what the broker or its library says."""
    try:
        yield
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise tell_refused(settings, error) from error
    except DeliveryError as error:
        raise tell_unavailable(settings, "it does not take a message now") from error
    except (AMQPError, ChannelInvalidStateError, OSError, TimeoutError) as error:
        raise tell_unavailable(settings, error) from error
