"""Sensitive reads leave an audit record, too: once a minute for each caller and target, however often they look."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING

from kapell.audit import AuditEntry

if TYPE_CHECKING:
    from datetime import datetime

    from kapell.audit import Actor
    from kapell.audit.recorder import AuditRecorder
    from kapell.clock import Clock

EVERY = timedelta(minutes=1)
_MOST_REMEMBERED = 20_000


class SensitiveReads:
    """Records who looked at what."""

    def __init__(self, recorder: AuditRecorder, clock: Clock) -> None:
        """Write with `recorder`, by the time of `clock`."""
        self._recorder = recorder
        self._clock = clock
        self._noted: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()

    async def note(self, actor: Actor, action: str, target: str, namespace: str | None = None) -> None:
        """Record that somebody reads something, before it is given out.

        Args:
            actor: Who reads.
            action: Such as `run.read_data`.
            target: Such as `run/<id>`.
            namespace: Where that is.

        Raises:
            StorageError: It cannot be recorded, so it is not to be read either.
        """
        key = (actor.actor_id, action, target)
        now = self._clock.now()
        noted_at = self._noted.get(key)
        if noted_at is not None and now - noted_at < EVERY:
            return
        self._noted[key] = now
        self._noted.move_to_end(key)
        try:
            await self._recorder.record(AuditEntry.by(actor, action, target, namespace=namespace))
        except BaseException:
            self._noted.pop(key, None)
            raise
        if len(self._noted) > _MOST_REMEMBERED:
            self._noted.popitem(last=False)
