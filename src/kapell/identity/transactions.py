"""Transactions of identity: what changes, its audit record, and the word to all caches that it has changed."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from kapell.audit import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    import sqlalchemy as sa

    from kapell.audit import Actor, AuditLog
    from kapell.clock import Clock
    from kapell.storage.server_database import ServerDatabase


class Change:
    """A transaction under way.

    Attributes:
        connection: Where to read and write.
        now: The moment of all that it does.
    """

    def __init__(self, connection: sa.Connection, audit_log: AuditLog, now: datetime) -> None:
        """Belong to a transaction that somebody else commits."""
        self.connection = connection
        self.now = now
        self._audit_log = audit_log

    def record(self, actor: Actor, action: str, target: str, **rest: Any) -> None:
        """Write the audit record of what is done here; `rest` are other fields of `AuditEntry`.

        `before` and `after` may be given as structs; their digests are recorded.
        """
        for moment in ("before", "after"):
            if moment in rest:
                rest[f"{moment}_digest"] = _digest(rest.pop(moment))
        self._audit_log.append(self.connection, AuditEntry.by(actor, action, target, **rest), self.now)


class Transactions:
    """Opens the transactions, and counts those that change who may do what.

    What services remember of the database holds for one `version`. Changes by other processes do not count here, which
    is why nothing is remembered for more than a few seconds either.
    """

    def __init__(self, database: ServerDatabase, audit_log: AuditLog, clock: Clock) -> None:
        """Work on `database`, by the time of `clock`."""
        self.clock = clock
        self.audit_log = audit_log
        self.version = 0
        self._database = database
        self._lock = threading.Lock()

    def read(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection that sees one consistent state."""
        return self._database.read()

    @contextmanager
    def write(self) -> Iterator[Change]:
        """Give a transaction that takes nothing from anybody: what is remembered stays true."""
        with self._database.write() as connection:
            yield Change(connection, self.audit_log, self.clock.now())

    @contextmanager
    def change(self) -> Iterator[Change]:
        """Give a transaction after which nothing that was remembered counts; that holds when this returns."""
        try:
            with self.write() as change:
                yield change
        finally:
            # Also when a commit failed: it may have arrived all the same.
            with self._lock:
                self.version += 1


def _digest(value: Any) -> str | None:
    """Return the SHA-256 of a value as canonical JSON, `None` for nothing."""
    if value is None:
        return None
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
