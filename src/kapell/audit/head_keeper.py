"""The duty that signs heads and sees that witnesses get them.

A head covers all records before it, so a witness that was away is sent the newest head and not those it missed.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from kapell.errors import KapellError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.audit.model import Head
    from kapell.audit.service import AuditLog
    from kapell.audit.witnesses import Witness
    from kapell.clock import Clock

log = get_logger(__name__)

_TICK_SECONDS = 1.0
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


class WitnessHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a witness is.

    Attributes:
        name: The witness.
        witnessed: Up to which record it has the log.
        taken_at: When it took a head last.
        trouble: Why it does not take the newest one, if it does not.
        failures: How often in a row it did not.
    """

    name: str
    witnessed: int = 0
    taken_at: datetime | None = None
    trouble: str | None = None
    failures: int = 0


class HeadKeeper:
    """Makes a head every so many seconds or records, and hands it to the witnesses until they take it."""

    def __init__(
        self,
        audit: AuditLog,
        witnesses: Sequence[Witness],
        clock: Clock,
        *,
        seconds: float = 60.0,
        records: int = 10_000,
    ) -> None:
        """Keep the heads of a log.

        Args:
            audit: The log.
            witnesses: Who is sent the heads.
            clock: Tells the time, and waits.
            seconds: How long a record waits at most for a head that covers it.
            records: How many records wait at most.
        """
        self._audit = audit
        self._clock = clock
        self._seconds = seconds
        self._records = records
        self._deliveries = [_Delivery(witness, clock) for witness in witnesses]
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """What is wrong, in a sentence: heads that cannot be made, or a witness that does not take them."""
        witness = next((delivery.health.trouble for delivery in self._deliveries if delivery.health.trouble), None)
        return self._trouble or witness

    def list_witnesses(self) -> list[WitnessHealth]:
        """Return how the witnesses are."""
        return [delivery.health for delivery in self._deliveries]

    async def run(self) -> None:
        """Make heads and hand them over, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._make_heads())
            for delivery in self._deliveries:
                group.create_task(delivery.run(self._audit))

    async def finish(self) -> None:
        """Make a last head and hand it over, once; after `run` has ended."""
        await self._make_head()
        await asyncio.gather(*(delivery.deliver(self._audit.last_head) for delivery in self._deliveries))

    async def _make_heads(self) -> None:
        made_at = self._clock.monotonic() - self._seconds
        while True:
            last = self._audit.last_head
            waiting = self._audit.last_number - (0 if last is None else last.statement.size)
            if waiting >= self._records or self._clock.monotonic() - made_at >= self._seconds:
                await self._make_head()
                made_at = self._clock.monotonic()
            await self._clock.sleep(min(_TICK_SECONDS, self._seconds))

    async def _make_head(self) -> None:
        try:
            await asyncio.to_thread(self._audit.make_head)
        except KapellError as error:
            if self._trouble != error.message:
                log.warning("audit_head_failed", message=error.message, hint=error.hint)
            self._trouble = error.message
        else:
            self._trouble = None


class _Delivery:
    """Hands heads to one witness."""

    def __init__(self, witness: Witness, clock: Clock) -> None:
        self._witness = witness
        self._clock = clock
        self._taken: Head | None = None
        self.health = WitnessHealth(name=witness.name)

    async def run(self, audit: AuditLog) -> None:
        while True:
            await self.deliver(audit.last_head)
            failures = self.health.failures
            wait = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS)) - 1] if failures else _TICK_SECONDS
            await self._clock.sleep(wait)

    async def deliver(self, head: Head | None) -> None:
        """Hand a head over, if there is one that the witness has not taken yet."""
        if head is None or head == self._taken:
            return
        try:
            await asyncio.to_thread(self._witness.send, head)
        except KapellError as error:
            if self.health.trouble is None:
                log.warning("audit_witness_failed", witness=self._witness.name, message=error.message)
            failures = self.health.failures + 1
            self.health = msgspec.structs.replace(self.health, trouble=error.message, failures=failures)
        else:
            self._taken = head
            self.health = WitnessHealth(
                name=self._witness.name, witnessed=head.statement.size, taken_at=self._clock.now()
            )
