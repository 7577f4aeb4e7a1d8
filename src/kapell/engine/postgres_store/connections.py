"""The connections to one PostgreSQL database, and what each kind of them is for.

One connection writes, under a lock, so that the owner's transactions never wait for each other on the server; one
stores events from outside, so that runs and events share the disk's syncs; one writes log lines, whose commits do not
wait for the disk; and a few read. A connection that broke is replaced by the
next call that needs it: a server that was restarted costs its callers the calls that were under way.
"""

from __future__ import annotations

import secrets
import select
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from kapell.engine.postgres_store.errors import translate_error
from kapell.errors import StorageError, UsageError
from kapell.storage.errors import DatabaseUnusableError
from kapell.storage.postgres_arrays import register_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

Connection = psycopg.Connection[tuple[Any, ...]]

_OLDEST_SERVER = 14_00_00
_IDLE_READERS = 4

# A peer that has vanished without a word is noticed within some ten seconds, not after the system's two hours.
_LINK = {
    "application_name": "kapell",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
# The server, too, must not keep locks for a writer that has vanished.
_ANY = "SET jit = off; SET idle_in_transaction_session_timeout = '15s'; "
# Statements of the writer find rows by their keys. A plan that was made while the tables were empty would rather read
# them whole, and it would be kept while they grow.
_WRITER = (
    "SET synchronous_commit = on; SET lock_timeout = '10s'; SET plan_cache_mode = force_generic_plan; "
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
)
_END_FORMER = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()
"""
_INDEXER = "SET synchronous_commit = off; SET lock_timeout = '10s'"
_LOGGER = "SET synchronous_commit = off; SET lock_timeout = '1s'"
# Readers look for a page among millions of rows: every statement has its index, and none is worth other processes.
_READER = (
    "SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on; "
    "SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0"
)


class Connections:
    """The connections of one store. Any thread may use it."""

    def __init__(self, url: str) -> None:
        """Connect to the database at `url`.

        Raises:
            UsageError: The URL cannot be read.
            DatabaseUnusableError: The server is too old, or the database has no Unicode.
            StorageError: It cannot be connected to.
        """
        self._options = parse_url(url)
        self._writer_options = self._options | {"application_name": f"kapell-writer-{secrets.token_hex(8)}"}
        self.where = describe_database(self._options)
        self._locks = {name: threading.Lock() for name in ("writer", "publisher", "logger", "indexer")}
        self._writers: dict[str, Connection] = {}
        self._idle_readers: list[Connection] = []
        self._closed = False
        try:
            with self.write() as connection:
                _check_server(connection, self.where)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give the connection that writes: each statement is a transaction, unless `connection.transaction()` is used.

        Raises:
            StorageError: The server refused, or could not be reached.
        """
        with self._take_writer("writer", self._writer_options, _WRITER) as connection:
            yield connection

    @contextmanager
    def write_log(self) -> Iterator[Connection]:
        """Give the connection whose commits do not wait for the disk. Raises `StorageError`."""
        with self._take_writer("logger", self._options, _LOGGER) as connection:
            yield connection

    @contextmanager
    def write_events(self) -> Iterator[Connection]:
        """Give the connection by which events are stored that come from outside. Raises `StorageError`."""
        with self._take_writer("publisher", self._options, _WRITER) as connection:
            yield connection

    @contextmanager
    def write_index(self) -> Iterator[Connection]:
        """Give the connection that fills the search index, which nobody waits for. Raises `StorageError`."""
        with self._take_writer("indexer", self._options, _INDEXER) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that reads; within `connection.transaction()` it sees one consistent state.

        Raises:
            StorageError: The server refused, or could not be reached.
        """
        with self._translating():
            connection = self._take_reader()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """Close all connections. Calls under way in other threads end first; a second call does nothing."""
        self._closed = True
        for name, lock in self._locks.items():
            with lock:
                _close(self._writers.pop(name, None))
        while self._idle_readers:
            _close(self._idle_readers.pop())

    @contextmanager
    def _take_writer(self, name: str, options: dict[str, Any], settings: str) -> Iterator[Connection]:
        with self._locks[name], self._translating():
            connection = self._writers.get(name)
            if connection is None or is_broken(connection):
                _close(self._writers.pop(name, None))
                connection = self._writers[name] = self._connect(options, settings)
            yield connection

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate_error(error, self.where) from error

    def _take_reader(self) -> Connection:
        with suppress(IndexError):
            while True:
                connection = self._idle_readers.pop()
                if not is_broken(connection):
                    return connection
                _close(connection)
        return self._connect(self._options, _READER)

    def _give_back(self, connection: Connection) -> None:
        if self._closed or len(self._idle_readers) >= _IDLE_READERS or is_broken(connection):
            _close(connection)
        else:
            self._idle_readers.append(connection)

    def _connect(self, options: dict[str, Any], settings: str) -> Connection:
        if self._closed:
            raise StorageError(f"The store on the database {self.where} has been closed.")
        return connect(options, settings)


def parse_url(url: str) -> dict[str, Any]:
    """Return the options of a connection to `postgresql://<user>:<password>@<host>:<port>/<name>?<option>=<value>`.

    Raises:
        UsageError: The URL cannot be read.
    """
    try:
        return _LINK | conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise UsageError(
            "The URL of the database cannot be read.", hint="Write postgresql://user:password@host:5432/name."
        ) from error


def describe_database(options: dict[str, Any]) -> str:
    """Return a name of the database for people, without its password."""
    name = options.get("dbname") or options.get("user") or "postgres"
    return f"`{name}` on {options.get('host') or 'this machine'}"


def connect(options: dict[str, Any], settings: str = "") -> Connection:
    """Return a new connection on which each statement is a transaction by itself. Raises `psycopg.Error`."""
    connection = psycopg.connect(**options, autocommit=True)
    try:
        register_arrays(connection)
        connection.execute(_ANY + settings)
    except BaseException:
        connection.close()
        raise
    return connection


def is_broken(connection: Connection) -> bool:
    """Tell whether a connection is closed, not idle, or has something to read while nobody asked: its end."""
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def end_former_writer(connection: Connection) -> None:
    """End what the server still does for the store's writing connections before this one, which were lost.

    Raises:
        StorageError: It has not ended within some seconds.
    """
    if not all(is_over for (is_over,) in connection.execute(_END_FORMER)):
        raise StorageError("The database server has not noticed yet that a connection was lost.")


def _close(connection: Connection | None) -> None:
    if connection is not None:
        with suppress(psycopg.Error):
            connection.close()


def _check_server(connection: Connection, where: str) -> None:
    if connection.info.server_version < _OLDEST_SERVER:
        raise DatabaseUnusableError(f"The server of {where} is too old.", hint="Use PostgreSQL 14 or newer.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnusableError(
            f"The database {where} has the encoding {encoding}.",
            hint="Make one with `CREATE DATABASE ... ENCODING UTF8`.",
        )
