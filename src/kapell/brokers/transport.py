"""What an adapter to a kind of broker has to bring; everything else is in `supervised.py`, once for all kinds.

All methods raise `BrokerUnavailableError` when the broker cannot be reached or does not let us in.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import msgspec

from kapell.brokers.broker import BrokerUnavailableError, Incoming, Outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kapell.brokers.settings import AnySettings

ANSWER_SECONDS: Final = 10.0
"""How long a broker may take for an answer before it counts as lost."""

IDLE_SECONDS: Final = 5.0
"""How long a request for messages waits at the broker, where that has to be said."""

GATHER_SECONDS: Final = 0.02
"""How long the first message of a batch waits for further ones."""

_Item = TypeVar("_Item")


class Delivery(msgspec.Struct, frozen=True):
    """A message as it came.

    Attributes:
        message: What is handed over.
        receipt: What the adapter needs to acknowledge it.
    """

    message: Incoming
    receipt: Any


class Intake(Protocol):
    """An open way in."""

    keep_seconds: float | None
    """How often `keep` has to be called while messages are being handled; `None` for never."""

    async def receive(self) -> Sequence[Delivery]:
        """Return the next messages, in order, as soon as there are some; may return none after a while."""
        ...

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Let the broker forget these, the oldest that are not acknowledged."""
        ...

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are still being handled."""
        ...

    async def close(self) -> None:
        """Let go of it, also of a broken one; what is not acknowledged will be delivered again."""
        ...


class Outlet(Protocol):
    """An open way out."""

    @property
    def is_open(self) -> bool:
        """Whether it is not known to be broken."""
        ...

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, str]:
        """Publish, wait until all are confirmed, and return which were refused for good, each with the reason."""
        ...

    async def close(self) -> None:
        """Let go of it, also of a broken one."""
        ...


class Transport(Protocol):
    """A kind of broker with its settings."""

    async def open_intake(self) -> Intake:
        """Connect and begin to receive. Raises `UsageError` where the settings name no place for that."""
        ...

    async def open_outlet(self) -> Outlet:
        """Connect for publishing. Raises `UsageError` where the settings name no place for that."""
        ...


async def gather_batch(queue: asyncio.Queue[_Item], lost: asyncio.Future[Any], limit: int) -> list[_Item]:
    """Return what a broker has pushed into a queue: waits for the first, and a moment for further ones.

    Raises:
        BrokerUnavailableError: `lost` was done before there was a message.
    """
    first = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait((first, lost), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            raise BrokerUnavailableError("The broker has closed the connection.")
    finally:
        first.cancel()
    batch = [first.result()]
    with suppress(TimeoutError):
        async with asyncio.timeout(GATHER_SECONDS):
            while len(batch) < limit:
                batch.append(await queue.get())
    return batch


def make_tls(settings: AnySettings) -> ssl.SSLContext | None:
    """Return how the broker's certificate is checked; `None` where the URL asks for no encryption.

    Raises:
        BrokerUnavailableError: The file of the certificate authority cannot be read.
    """
    if not settings.is_encrypted:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as error:
        raise BrokerUnavailableError(
            f"The certificates in {settings.ca_file} cannot be read: {error}.", hint="See `ca_file` of the connection."
        ) from error


def tell_refused(settings: AnySettings, why: object) -> BrokerUnavailableError:
    """Return the error that the broker does not let us in."""
    who = f"the user `{settings.username}`" if settings.username else "a caller without a name"
    return BrokerUnavailableError(
        f"The broker at {settings.url} refuses {who}: {why}.", hint="Check the connection's credentials."
    )


def tell_unavailable(settings: AnySettings, why: object) -> BrokerUnavailableError:
    """Return the error that the broker cannot be used now; `why` is an exception or a sentence without its end."""
    told = str(why).rstrip(".") or type(why).__name__
    return BrokerUnavailableError(f"The broker at {settings.url} cannot be used: {told}.")
