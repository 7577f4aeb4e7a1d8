"""NATS with JetStream: publishing with an answer of the stream, and a durable pull consumer.

Attributes stand in headers `ce-...`, written as HTTP's binding of CloudEvents has them; `content-type` stands only for
structured form, and the data's media type in `ce-datacontenttype` (in older senders in `content-type`).
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from nats.aio.client import Client
from nats.errors import AuthorizationError, Error, MaxPayloadError, NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy, Header, StreamConfig
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from kapell.brokers.binding import read_form
from kapell.brokers.broker import BrokerUnavailableError, Incoming, Outgoing
from kapell.brokers.transport import (
    ANSWER_SECONDS,
    GATHER_SECONDS,
    IDLE_SECONDS,
    Delivery,
    make_tls,
    tell_refused,
    tell_unavailable,
)
from kapell.errors import UsageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

    from kapell.brokers.settings import NatsSettings

_log = get_logger(__name__)

_PREFIX: Final = "ce-"
_CONTENT_TYPE: Final = "content-type"
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
"""What header values hold as it is; everything else is percent-encoded (HTTP binding, 3.1.3.2)."""

_NOT_LET_IN: Final = "Authorization Violation"
"""What the library says, in an error without a class of its own, when the server refuses who connects."""

_DROP_SECONDS: Final = 0.5

_TOO_LARGE: Final = 10054
"""JetStream's number for a message that is larger than its stream takes."""


class NatsTransport:
    """See `Transport`."""

    def __init__(self, settings: NatsSettings) -> None:
        """Connect nothing yet."""
        self._settings = settings

    async def open_intake(self) -> NatsIntake:
        """Connect and find the stream and the consumer, or make them."""
        settings = self._settings
        if not settings.stream:
            raise UsageError("The connection to NATS names no `stream` to consume from.")
        connection, lost = await _connect(settings)
        try:
            with _telling(settings):
                stream = connection.jetstream(timeout=ANSWER_SECONDS)
                if settings.create:
                    await _make_stream(stream, settings)
                info = await _find_consumer(stream, settings)
                subscription = await stream.pull_subscribe_bind(durable=settings.durable, stream=settings.stream)
        except BaseException:
            await connection.close()
            raise
        return NatsIntake(connection, lost, subscription, info, settings)

    async def open_outlet(self) -> NatsOutlet:
        """Connect."""
        if not self._settings.subject:
            raise UsageError("The connection to NATS names no `subject` to publish to.")
        connection, _ = await _connect(self._settings)
        return NatsOutlet(connection, self._settings)


class NatsIntake:
    """A durable consumer; see `Intake`."""

    def __init__(
        self,
        connection: Client,
        lost: asyncio.Future[None],
        subscription: JetStreamContext.PullSubscription,
        info: ConsumerInfo,
        settings: NatsSettings,
    ) -> None:
        """Take over an open connection; `lost` is done when it is broken."""
        self._connection = connection
        self._lost = lost
        self._subscription = subscription
        self._settings = settings
        patience = info.config.ack_wait or settings.acknowledge_seconds
        self._left_over_seconds = patience if info.num_ack_pending else 0.0
        self.keep_seconds: float | None = patience / 3

    async def receive(self) -> Sequence[Delivery]:
        """Return the next messages.

        What a process that died had under way comes again only when the server has lost its patience. The first call
        waits for that, so that nothing newer overtakes it.
        """
        wait, self._left_over_seconds = self._left_over_seconds, 0.0
        if wait:
            await asyncio.sleep(wait)
        with _telling(self._settings):
            return [_make_delivery(message) for message in await self._fetch()]

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Let the consumer go on behind these."""
        with _telling(self._settings):
            for delivery in deliveries:
                await delivery.receipt.ack()
            await self._connection.flush(timeout=int(ANSWER_SECONDS))

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Ask the server for more patience."""
        with _telling(self._settings):
            for delivery in deliveries:
                await delivery.receipt.in_progress()

    async def close(self) -> None:
        """Close the connection."""
        with _telling(self._settings):
            await self._connection.close()

    async def _fetch(self) -> list[Msg]:
        messages = await self._fetch_within(self._settings.prefetch, GATHER_SECONDS)
        if messages:
            return messages
        messages = await self._fetch_within(1, IDLE_SECONDS)
        missing = self._settings.prefetch - len(messages)
        if messages and missing:
            messages += await self._fetch_within(missing, GATHER_SECONDS)
        return messages

    async def _fetch_within(self, count: int, seconds: float) -> list[Msg]:
        fetching = asyncio.ensure_future(self._subscription.fetch(count, seconds))
        try:
            await asyncio.wait((fetching, self._lost), return_when=asyncio.FIRST_COMPLETED)
            if self._lost.done():
                raise tell_unavailable(self._settings, "it has closed the connection")
            with suppress(NatsTimeoutError, TimeoutError):
                return fetching.result()
            return []
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)


class NatsOutlet:
    """See `Outlet`."""

    def __init__(self, connection: Client, settings: NatsSettings) -> None:
        """Take over an open connection."""
        self._connection = connection
        self._stream = connection.jetstream(timeout=ANSWER_SECONDS, publish_async_max_pending=1000)
        self._settings = settings

    @property
    def is_open(self) -> bool:
        """Whether it is not known to be broken."""
        return self._connection.is_connected

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, str]:
        """Publish, and wait for the stream's answer to each message."""
        refused = {}
        answers: dict[int, asyncio.Future[Any]] = {}
        with _telling(self._settings):
            for place, message in enumerate(messages):
                try:
                    answers[place] = await self._stream.publish_async(
                        self._settings.subject,
                        message.payload,
                        wait_stall=ANSWER_SECONDS,
                        headers=_write_headers(message),
                    )
                except MaxPayloadError:
                    refused[place] = f"it is larger than the {self._connection.max_payload} bytes that the server takes"
            if answers:
                await asyncio.wait(answers.values(), timeout=ANSWER_SECONDS)
            return refused | self._find_refused(answers)

    async def close(self) -> None:
        """Close the connection."""
        with _telling(self._settings):
            await self._connection.close()

    def _find_refused(self, answers: Mapping[int, asyncio.Future[Any]]) -> dict[int, str]:
        refused = {}
        troubles = []
        for place, answer in answers.items():
            if not answer.done():
                answer.cancel()
                troubles.append(tell_unavailable(self._settings, "it does not confirm what is published"))
            elif isinstance(error := answer.exception(), APIError) and error.err_code == _TOO_LARGE:
                refused[place] = str(error.description)
            elif isinstance(error, NoStreamResponseError):
                why = f"no stream has the subject `{self._settings.subject}`"
                troubles.append(tell_unavailable(self._settings, why))
            elif error is not None:
                troubles.append(tell_unavailable(self._settings, error))
        if troubles:
            raise troubles[0]
        return refused


async def _connect(settings: NatsSettings) -> tuple[Client, asyncio.Future[None]]:
    """Return a connection, and a future that is done when it is broken."""
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    connection = Client()
    told: list[Exception] = []

    async def tell_lost() -> None:
        if not lost.done():
            lost.set_result(None)

    async def note_error(error: Exception) -> None:
        _log.debug("nats_error", why=str(error))
        told.append(error)

    tls = make_tls(settings)
    scheme = "nats" if tls is None else "tls"
    try:
        with _telling(settings):
            await connection.connect(
                f"{scheme}://{settings.host}:{settings.port}",
                name="kapell",
                allow_reconnect=False,  # it is made anew by `SupervisedBroker`, which tells so
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=int(ANSWER_SECONDS),
                ping_interval=20,
                user=settings.username or None,
                password=settings.password or None,
                token=settings.token or None,
                tls=tls,
                closed_cb=tell_lost,
                error_cb=note_error,
            )
    except NoServersError as error:
        raise tell_unavailable(settings, told[-1] if told else error) from error
    except BaseException:
        # A handshake that failed is never seen to end.
        with suppress(Error, OSError, TimeoutError):
            async with asyncio.timeout(_DROP_SECONDS):
                await connection.close()
        raise
    return connection, lost


async def _make_stream(stream: JetStreamContext, settings: NatsSettings) -> None:
    try:
        await stream.stream_info(settings.stream)
    except NotFoundError:
        subjects = list(settings.subjects) or ([settings.subject] if settings.subject else [])
        await stream.add_stream(StreamConfig(name=settings.stream, subjects=subjects))


async def _find_consumer(stream: JetStreamContext, settings: NatsSettings) -> ConsumerInfo:
    found: ConsumerInfo
    try:
        found = await stream.consumer_info(settings.stream, settings.durable)
    except NotFoundError:
        if not settings.create:
            raise
    else:
        return found
    subjects = list(settings.subjects)
    config = ConsumerConfig(
        durable_name=settings.durable,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=settings.acknowledge_seconds,
        deliver_policy=DeliverPolicy.ALL if settings.start == "first" else DeliverPolicy.NEW,
        # Not more than one batch is ever under way, so whatever comes again comes in front of what is new.
        max_ack_pending=settings.prefetch,
        filter_subject=subjects[0] if len(subjects) == 1 else None,
        filter_subjects=subjects if len(subjects) > 1 else None,
    )
    found = await stream.add_consumer(settings.stream, config)
    return found


def _make_delivery(message: Msg) -> Delivery:
    attributes = {}
    content_type = ""
    for name, value in (message.headers or {}).items():
        lower = name.lower()
        if lower == _CONTENT_TYPE:
            content_type = value
        elif lower.startswith(_PREFIX):
            attributes[lower.removeprefix(_PREFIX)] = unquote(value, errors="replace")
    content_type, attributes = read_form(content_type, attributes)
    metadata = message.metadata
    return Delivery(
        Incoming(
            content_type=content_type,
            attributes=attributes,
            payload=message.data,
            place=message.subject,
            broker_id=str(metadata.sequence.stream),
            is_redelivered=metadata.num_delivered > 1,
        ),
        message,
    )


def _write_headers(message: Outgoing) -> dict[str, str]:
    headers = {f"{_PREFIX}{name}": quote(value, safe=_PLAIN) for name, value in message.attributes.items()}
    if message.is_structured:
        headers[_CONTENT_TYPE] = message.content_type
    elif message.content_type:
        headers[f"{_PREFIX}datacontenttype"] = quote(message.content_type, safe=_PLAIN)
    headers[Header.MSG_ID.value] = quote(message.id, safe=_PLAIN)
    return headers


@contextmanager
def _telling(settings: NatsSettings) -> Iterator[None]:
    """Say in our own words what NATS or its library says."""
    try:
        yield
    except (BrokerUnavailableError, NoServersError):
        raise
    except (Error, OSError, TimeoutError) as error:
        if isinstance(error, AuthorizationError) or _NOT_LET_IN in str(error):
            raise tell_refused(settings, "wrong credentials") from error
        raise tell_unavailable(settings, error) from error
