"""Who owns the runs of a database: a lock that ends with its holder's connection, and a lease for when that breaks.

The lock is the server's (a session-level advisory lock), so that it ends with the process that holds it, on whichever
machine that dies. But it also ends when only the connection does: the server was restarted, or a firewall forgot it.
Then the owner is still at work, and takes the lock again within seconds. So whoever finds the lock free while the
owner's lease runs waits until the lease is prolonged (somebody is at work) or has run out. It need not wait for an
owner that left in order, which ends its lease, nor for a process of this machine that is gone.

Safety rests on none of this: what a former owner writes is refused by its epoch. The lock spares it the surprise.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg.errors import UndefinedTable

from kapell.engine.maintenance.lease import LEASE_SECONDS
from kapell.engine.postgres_store.connections import (
    Connection,
    connect,
    describe_database,
    is_broken,
    parse_url,
)
from kapell.engine.postgres_store.errors import translate_error
from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.errors import ConflictError, StorageError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kapell.clock import Clock

log = get_logger(__name__)

_OWNER_LOCK = 0x4B41_504C_0002
_LOOK_SECONDS = 0.5
_KEEP_SECONDS = 2.0

_TRY_LOCK = "SELECT pg_try_advisory_lock(%s)"
_UNLOCK = "SELECT pg_advisory_unlock_all()"
_FIND_OWNER = "SELECT epoch, name, acquired_at, lease_until FROM owner"
_END_LEASE = "UPDATE owner SET lease_until = least(lease_until, %s)"


class Holder(NamedTuple):
    """Who acquired the runs last.

    Attributes:
        epoch: Its epoch.
        name: Its machine and process, `<host>:<pid>`, or what a command calls itself.
        since: When it acquired the runs, by its own clock.
        lease_until: When its lease ends, by its own clock.
    """

    epoch: int
    name: str
    since: datetime
    lease_until: datetime

    def is_gone(self) -> bool:
        """Tell whether this is a process of this machine that has ended, or this process before it was restarted."""
        host, _, pid = self.name.rpartition(":")
        if host != socket.gethostname() or not pid.isdecimal():
            return False
        if int(pid) == os.getpid():
            return True
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False  # it belongs to another user
        return False


class OwnerLock:
    """The lock on the runs of one database. While it is held, a thread sees to it that it stays so."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Name the database; nothing is connected to before it is needed. Raises `UsageError` for an unreadable URL."""
        self._options = parse_url(url)
        self._where = describe_database(self._options)
        self._clock = clock
        self._connection: Connection | None = None
        self._is_owner = False
        self._keeper: threading.Thread | None = None
        self._released = threading.Event()

    def try_lock(self) -> bool:
        """Take the lock if nobody owns the runs, and tell whether this object holds it now. Raises `StorageError`."""
        if self._take():
            holder = self.find_holder()
            if holder is None or not self._has_lease(holder):
                return True
            self._let_go()
        return False

    def lock(self) -> None:
        """Take the lock, to be held until `unlock` or the end of the process.

        Raises:
            ConflictError: Another process owns the runs; the text says which, and since when.
            StorageError: The server refused, or could not be reached.
        """
        for _ in self._waits():
            time.sleep(_LOOK_SECONDS)

    async def lock_patiently(self) -> None:
        """Do as `lock`, without holding up the event loop while the lease of a lost owner runs out."""
        for _ in self._waits():
            await asyncio.sleep(_LOOK_SECONDS)

    def find_holder(self) -> Holder | None:
        """Return who acquired the runs last; `None` if nobody has. Raises `StorageError`."""
        with self._connected() as connection:
            try:
                row = connection.execute(_FIND_OWNER).fetchone()
            except UndefinedTable:
                return None  # a new database, whose tables are yet to be made
        if row is None:
            return None
        epoch, name, since, lease_until = row
        return Holder(epoch, name, from_microseconds(since), from_microseconds(lease_until))

    def unlock(self) -> None:
        """End the lease and give the lock back; if this object does not hold it, nothing happens."""
        self._stop_keeping()
        if self._is_owner and self._connection is not None and not is_broken(self._connection):
            with suppress(psycopg.Error):
                self._connection.execute(_END_LEASE, (to_microseconds(self._clock.now()),))
        self._is_owner = False
        self._let_go()

    def _start_keeping(self) -> None:
        """Take the lock again whenever its connection breaks, from a thread, until `unlock`."""
        self._released.clear()
        self._keeper = threading.Thread(target=self._keep, name="owner-lock", daemon=True)
        self._keeper.start()

    def _stop_keeping(self) -> None:
        self._released.set()
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.join()

    def _keep(self) -> None:
        while not self._released.wait(_KEEP_SECONDS):
            try:
                is_kept = self._take()
            except StorageError as error:
                log.info("owner_lock_lost", message=error.message)
            else:
                if not is_kept:
                    # Somebody wants the runs, and waits for the lease to run out. Meanwhile it is being prolonged.
                    log.warning("owner_lock_taken", database=self._where)

    def _waits(self) -> Iterator[None]:
        """Take the lock; give the caller a turn whenever it has to wait."""
        lost: Holder | None = None
        until = 0.0
        while True:
            is_free = self._take()
            holder = self.find_holder()
            if not is_free or (lost is not None and holder != lost):
                self._let_go()
                raise self._make_conflict(holder)
            # An owner that does not prolong its lease any more counts as lost, even if its clock is ahead of ours.
            if holder is None or not self._has_lease(holder) or (lost and self._clock.monotonic() > until):
                break
            self._let_go()  # so that it can take the lock again
            if lost is None:
                lost, until = holder, self._clock.monotonic() + LEASE_SECONDS
                log.warning("waiting_for_lost_owner", owner=holder.name, lease_until=holder.lease_until.isoformat())
            yield
        self._is_owner = True
        self._start_keeping()

    def _take(self) -> bool:
        if self._connection is not None and not is_broken(self._connection):
            return True
        self._let_go()
        with self._translating():
            connection = connect(self._options)
            row = connection.execute(_TRY_LOCK, (_OWNER_LOCK,)).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._connection = connection
        return True

    def _has_lease(self, holder: Holder) -> bool:
        return holder.lease_until > self._clock.now() and not holder.is_gone()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(psycopg.Error):
            if not is_broken(connection):
                connection.execute(_UNLOCK)  # the server would do so too, but some time after the connection's end
            connection.close()

    def _make_conflict(self, holder: Holder | None) -> ConflictError:
        who = f"{holder.name}, since {holder.since:%Y-%m-%d %H:%M:%S} UTC" if holder else "another process"
        return ConflictError(
            f"The runs of the database {self._where} are owned by {who}.",
            hint="Wait for it to end, or choose another database.",
        )

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self._translating():
            if self._connection is not None:
                yield self._connection
                return
            connection = connect(self._options)
            try:
                yield connection
            finally:
                connection.close()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate_error(error, self._where) from error
