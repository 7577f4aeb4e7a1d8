"""One SQLite file: how it is opened, and the only two ways to use it.

`write` is a transaction on the one connection that writes; `read` is a transaction on a connection from a small pool,
so that a reader never waits for a writer nor for another reader. WAL mode makes both see a consistent state, also from
other processes.

What a committed transaction means depends on `durability`. With `full`, SQLite syncs its log at every commit, so that
it survives a power cut. With `process` it does not: what was committed survives the death of the process, however
violent, and a power cut may take the last commits, but never leaves half of one.

What SQLite itself cannot detect: its log (`*-wal`) is checked by a checksum per page, and reading it after a crash
stops at the first page that does not match. A disk that damages the *tail* of that log after having acknowledged the
sync therefore looks like a log that was shorter; nothing in the file tells the two apart.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal

from kapell.storage.data_folder import make_private_file
from kapell.storage.errors import DatabaseUnusableError, UnfitValueError, translate_error
from kapell.storage.migrations import Migration, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

APPLICATION_ID = 0x4B41504C  # "KAPL": tells our files from other programs' ones
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
_OPENING_TIMEOUT_SECONDS = 5.0  # while another process creates or migrates the same file
_WAL_KEPT_BYTES = 16 * 1024 * 1024
_WRITER_CACHE_KIB = 8 * 1024
_READER_CACHE_KIB = 2 * 1024
_IDLE_READERS = 4

Durability = Literal["full", "process"]


class Database:
    """A SQLite file with a known schema. Any thread may use it; writers wait for one another, readers for nobody."""

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        durability: Durability = "full",
        busy_timeout_seconds: float = 5.0,
    ) -> None:
        """Open the file, creating or migrating it as needed.

        Args:
            path: The file; its folder exists.
            migrations: The schema's migrations, from the first.
            durability: What a commit survives: `full` a power cut, `process` the death of the process.
            busy_timeout_seconds: How long a call waits while another process writes.

        Raises:
            DatabaseUnusableError: The file is damaged, foreign, or of a newer Kapell.
            StorageError: It cannot be opened or created.
        """
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise DatabaseUnusableError(
                f"SQLite {sqlite3.sqlite_version} is too old.", hint="Kapell needs 3.37 or newer."
            )
        self.path = path
        self._busy_timeout_seconds = busy_timeout_seconds
        self._write_lock = threading.Lock()
        self._idle_readers: list[sqlite3.Connection] = []
        self._closed = False
        make_private_file(path)
        try:
            self._writer = self._connect(_WRITER_CACHE_KIB)
            try:
                _prepare(self._writer, path, migrations, durability)
                self._set_busy_timeout(self._writer)
            except BaseException:
                self._writer.close()
                raise
        except sqlite3.Error as error:
            raise translate_error(error, path) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give the writing connection in a transaction: committed at the end, rolled back if anything is raised.

        Raises:
            StorageError: SQLite refused; nothing of the transaction is kept, and the next one may succeed.
        """
        with self._write_lock:
            connection = self._writer
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    _roll_back(connection)
                    raise
            except sqlite3.Error as error:
                raise translate_error(error, self.path) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one consistent state until the end.

        Raises:
            StorageError: SQLite refused.
        """
        try:
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                _roll_back(connection)
                self._give_back(connection)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
        except OverflowError as error:  # the driver says so of a number that is asked for
            raise UnfitValueError(f"The database cannot take a value: {error}.") from error

    def close(self) -> None:
        """Close the file. Reads under way in other threads end first by themselves; a second call does nothing."""
        with self._write_lock:
            self._closed = True
            while self._idle_readers:
                self._idle_readers.pop().close()
            self._writer.close()

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_OPENING_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        return connection

    def _set_busy_timeout(self, connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout_seconds * 1000)}")

    def _take_reader(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("it has been closed")
        with suppress(IndexError):
            return self._idle_readers.pop()
        connection = self._connect(_READER_CACHE_KIB)
        connection.execute("PRAGMA query_only = ON")
        self._set_busy_timeout(connection)
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed or len(self._idle_readers) >= _IDLE_READERS:
            connection.close()
        else:
            self._idle_readers.append(connection)


def _prepare(
    connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], durability: Durability
) -> None:
    _check_identity(connection, path)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise DatabaseUnusableError(
            f"The database {path} cannot use a write-ahead log (it uses {mode}).",
            hint="Put the data folder on a local disk; network file systems do not work.",
        )
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: plain fsync does not reach the disk there
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
    migrate(connection, migrations)


def _check_identity(connection: sqlite3.Connection, path: Path) -> None:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id == APPLICATION_ID:
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables or application_id:
        raise DatabaseUnusableError(
            f"The file {path} is a database of another program.", hint="Choose another data folder."
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _roll_back(connection: sqlite3.Connection) -> None:
    """End the transaction, if SQLite has not already done so itself; what is being raised matters more."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
