"""Redis Streams: XADD out, a consumer group in.

CloudEvents have no binding for Redis. An entry in structured form has the event in the field `event`; one in binary
form has each attribute in a field of its own (`ce-id` ...), the media type in `content-type`, the payload in `data`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from kapell.brokers.binding import read_form
from kapell.brokers.broker import STRUCTURED_TYPE, Incoming, Outgoing
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

    from kapell.brokers.settings import RedisSettings

_Entry: TypeAlias = tuple[bytes, dict[bytes, bytes]]

_log = get_logger(__name__)

_PREFIX: Final = "ce-"
_EVENT: Final = "event"
_DATA: Final = "data"
_CONTENT_TYPE: Final = "content-type"


class RedisTransport:
    """See `Transport`."""

    def __init__(self, settings: RedisSettings) -> None:
        """Connect nothing yet."""
        self._settings = settings

    async def open_intake(self) -> RedisIntake:
        """Connect and find the group, or make it."""
        settings = self._settings
        if not settings.stream:
            raise UsageError("The connection to Redis names no `stream` to consume from.")
        with _telling(settings):
            client = await _connect(settings)
            try:
                if settings.create:
                    await _make_group(client, settings)
            except BaseException:
                await client.aclose()
                raise
        return RedisIntake(client, settings)

    async def open_outlet(self) -> RedisOutlet:
        """Connect."""
        if not self._settings.target:
            raise UsageError("The connection to Redis names no `target` to publish to.")
        with _telling(self._settings):
            return RedisOutlet(await _connect(self._settings), self._settings)


class RedisIntake:
    """A consumer of a group; see `Intake`."""

    def __init__(self, client: Redis, settings: RedisSettings) -> None:
        """Take over an open client."""
        self._client = client
        self._settings = settings
        self._has_left_over = True
        self._next_claim = 0.0
        self.keep_seconds: float | None = settings.claim_seconds / 3

    async def receive(self) -> Sequence[Delivery]:
        """Return what this consumer has left undone, then what others have, then what is new."""
        with _telling(self._settings):
            if self._has_left_over:
                entries = await self._read("0", 0)
                self._has_left_over = bool(entries)
                if entries:
                    return await self._list_deliveries(entries, is_redelivered=True)
            if time.monotonic() >= self._next_claim:
                entries = await self._claim()
                if entries:
                    return await self._list_deliveries(entries, is_redelivered=True)
                self._next_claim = time.monotonic() + self._settings.claim_seconds / 3
            return await self._list_deliveries(await self._read_new(), is_redelivered=False)

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Let the group forget these entries."""
        with _telling(self._settings):
            await self._forget([delivery.receipt for delivery in deliveries])

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Claim these entries anew, so that no other consumer does."""
        ids = [delivery.receipt for delivery in deliveries]
        name = self._settings.stream
        with _telling(self._settings):
            await self._client.xclaim(name, self._settings.group, self._settings.consumer, 0, ids, justid=True)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _read_new(self) -> list[_Entry]:
        # A pause of the server's, rounded to its milliseconds; it must be the shorter of both.
        entries = await self._read(">", int(IDLE_SECONDS * 1000))
        missing = self._settings.prefetch - len(entries)
        if entries and missing:
            await asyncio.sleep(GATHER_SECONDS)
            entries += await self._read(">", 0, missing)
        return entries

    async def _read(self, start: str, block: int, count: int | None = None) -> list[_Entry]:
        """Return entries of the group: `>` for new ones, `0` for those that this consumer has not acknowledged."""
        found: Any = await self._client.xreadgroup(
            self._settings.group,
            self._settings.consumer,
            {self._settings.stream: start},
            count=count or self._settings.prefetch,
            block=block or None,
        )
        return list(found[0][1]) if found else []

    async def _claim(self) -> list[_Entry]:
        found: Any = await self._client.xautoclaim(
            self._settings.stream,
            self._settings.group,
            self._settings.consumer,
            int(self._settings.claim_seconds * 1000),
            count=self._settings.prefetch,
        )
        return list(found[1])

    async def _list_deliveries(self, entries: Sequence[_Entry], *, is_redelivered: bool) -> Sequence[Delivery]:
        # What the stream no longer has while the group still waits for it comes without fields.
        gone = [entry_id for entry_id, fields in entries if not fields]
        if gone:
            _log.warning("entries_cut_off", stream=self._settings.stream, count=len(gone))
            await self._forget(gone)
        return [
            Delivery(_read_entry(self._settings.stream, entry_id, fields, is_redelivered=is_redelivered), entry_id)
            for entry_id, fields in entries
            if fields
        ]

    async def _forget(self, entry_ids: Sequence[bytes]) -> None:
        await self._client.xack(self._settings.stream, self._settings.group, *entry_ids)


class RedisOutlet:
    """See `Outlet`."""

    is_open = True
    """The client connects anew by itself."""

    def __init__(self, client: Redis, settings: RedisSettings) -> None:
        """Take over an open client."""
        self._client = client
        self._settings = settings

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, str]:
        """Append the messages.

        Not in a transaction: Redis 7.0 drops transactions when it loads its append-only file and the user `default` is
        switched off.
        """
        settings = self._settings
        with _telling(settings):
            async with self._client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.xadd(settings.target, _write_entry(message), maxlen=settings.max_length, approximate=True)
                await pipeline.execute()
        return {}

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


async def _connect(settings: RedisSettings) -> Redis:
    tls = make_tls(settings)
    client = Redis(
        host=settings.host,
        port=settings.port,
        db=settings.database,
        username=settings.username or None,
        password=settings.password or None,
        ssl=tls is not None,
        ssl_ca_certs=settings.ca_file or None,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    try:
        await client.ping()
    except BaseException:
        await client.aclose()
        raise
    return client


async def _make_group(client: Redis, settings: RedisSettings) -> None:
    start = "0" if settings.start == "first" else "$"
    try:
        await client.xgroup_create(settings.stream, settings.group, id=start, mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


def _read_entry(stream: str, entry_id: bytes, fields: Mapping[bytes, bytes], *, is_redelivered: bool) -> Incoming:
    texts = {name.decode(errors="replace"): value for name, value in fields.items()}
    content_type = STRUCTURED_TYPE
    attributes: dict[str, str] = {}
    if _EVENT not in texts:
        beside = {
            name.removeprefix(_PREFIX): value.decode(errors="replace")
            for name, value in texts.items()
            if name.startswith(_PREFIX)
        }
        content_type, attributes = read_form(texts.get(_CONTENT_TYPE, b"").decode(errors="replace"), beside)
    return Incoming(
        content_type=content_type,
        attributes=attributes,
        payload=texts.get(_EVENT, texts.get(_DATA, b"")),
        place=stream,
        broker_id=entry_id.decode(),
        is_redelivered=is_redelivered,
    )


def _write_entry(message: Outgoing) -> dict[Any, Any]:
    if message.is_structured:
        return {_EVENT: message.payload}
    fields: dict[Any, Any] = {f"{_PREFIX}{name}": value for name, value in message.attributes.items()}
    if message.content_type:
        fields[_CONTENT_TYPE] = message.content_type
    return fields | {_DATA: message.payload}


@contextmanager
def _telling(settings: RedisSettings) -> Iterator[None]:
    """Say in our own words what Redis or its library says."""
    try:
        yield
    except (AuthenticationError, AuthorizationError, NoPermissionError) as error:
        raise tell_refused(settings, error) from error
    except (RedisError, OSError, TimeoutError) as error:
        raise tell_unavailable(settings, error) from error
