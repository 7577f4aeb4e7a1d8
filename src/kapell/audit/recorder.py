"""Group commit of audit records: those that wait are written together, in a thread, while the next ones gather."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kapell.audit.model import AuditEntry
    from kapell.audit.service import AuditLog

_MOST_AT_ONCE = 500


class AuditRecorder:
    """Writes the records of an event loop's requests. Records of one caller keep their order."""

    def __init__(self, log: AuditLog) -> None:
        """Write to `log`."""
        self._log = log
        self._waiting: list[tuple[AuditEntry, asyncio.Future[int]]] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, entry: AuditEntry) -> int:
        """Return the record's number when it is on disk; a caller that is cancelled may have been recorded, too.

        Raises:
            AuditDamagedError: The log was changed from outside.
            StorageError: The database refused; nothing was recorded.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[int] = loop.create_future()
        self._waiting.append((entry, written))
        if self._task is None:
            self._task = loop.create_task(self._write_waiting())
        return await written

    async def close(self) -> None:
        """Return when all that waits has been written, or refused."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                await self._write(batch)
        finally:
            self._task = None

    async def _write(self, batch: list[tuple[AuditEntry, asyncio.Future[int]]]) -> None:
        try:
            numbers = await asyncio.to_thread(self._log.record, [entry for entry, _ in batch])
        except BaseException as error:
            for _, written in batch:
                if not written.done():
                    written.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, written), number in zip(batch, numbers, strict=True):
            if not written.done():  # its caller has gone
                written.set_result(number)
