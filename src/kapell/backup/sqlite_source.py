"""What a backup is made of: a data folder or a PostgreSQL database, as it was at one moment, while others write to it.

On PostgreSQL one transaction sees one moment. With SQLite an installation is three files, and there is no moment at
which all three are seen; so what matters is in which order the three moments come. They lie some milliseconds apart, as
all three transactions begin before the first row is read.

1. `log.db` first. A run's lines are written after the run, so every line belongs to a run that was there; at worst the
   last lines are missing, and no outcome rests on those. (Had the lines been read later, an attempt that is made again
   after a restore could find its lines there before it began.) Lines of a run that was deleted in between are left out
   when they are restored.
2. `runs.db` next.
3. `server.db` last. Whatever is done to a run is written there before the run's own database hears of it: the start's
   audit record and idempotency key first, then the run. So each run in a backup has its record and its key, and each
   command that a history shows has its record. What was published before a run was started is published in the backup.

What a backup may then hold too many of is harmless, and what a crash leaves as well: an audit record and an idempotency
key of a start that has no run. The same request under the same key starts it, under the same id. The server's tables
agree with each other in any case, since they are one file: a signed head covers records that are there, and what
witnesses keep can only be newer. They tell so after a restore, as they should: what happened since the backup is gone.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kapell.backup.tables import (
    GROUPS,
    LEFT_OUT,
    LOG,
    RUNS,
    SERVER,
    check_revision,
    list_tables,
    refuse_schema,
)
from kapell.errors import NotFoundError
from kapell.storage.data_folder import SERVER_DATABASE
from kapell.storage.errors import translate_error
from kapell.storage.migrations.log import LOG_MIGRATIONS
from kapell.storage.migrations.runs import RUNS_MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FILES = {LOG: "log.db", RUNS: "runs.db", SERVER: SERVER_DATABASE}
"""The file of each group in a data folder."""

_BUSY_SECONDS = 10.0


@contextmanager
def open_sqlite_source(folder: Path) -> Iterator[SqliteSource]:
    """Give a data folder as it is now. Raises `NotFoundError`, `ConflictError`, `StorageError`."""
    with ExitStack() as stack:
        paths = {group: folder / name for group, name in FILES.items()}
        found = {group: stack.enter_context(_open_file(paths[group])) for group in GROUPS if paths[group].is_file()}
        if not found:
            raise NotFoundError(
                f"There is nothing of Kapell in {folder}.", hint="Name its folder with --data, or --database."
            )
        yield SqliteSource(found, paths)


class SqliteSource:
    """The files of a data folder."""

    kind = "sqlite"

    def __init__(self, connections: dict[str, sqlite3.Connection], paths: dict[str, Path]) -> None:
        """Read on these connections, each in a transaction. Raises `ConflictError` for tables of another Kapell."""
        self.groups = tuple(connections)
        self._connections = connections
        self._paths = paths
        for group, newest in ((LOG, len(LOG_MIGRATIONS)), (RUNS, len(RUNS_MIGRATIONS))):
            if group in connections:
                ((version,),) = self.ask(group, "PRAGMA user_version")
                if version != newest:
                    raise refuse_schema(paths[group], is_newer=version > newest)
        if SERVER in connections:
            check_revision(self.ask(SERVER, "SELECT version_num FROM alembic_version"), paths[SERVER])

    def list_tables(self, group: str) -> list[str]:
        """Return the tables that are there, each after those that it refers to."""
        there = {name for (name,) in self.ask(group, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
        return [table for table in list_tables(group) if table in there - LEFT_OUT]

    def list_columns(self, group: str, table: str) -> list[str]:
        """Return a table's columns, without those that the database computes."""
        return [name for _, name, *_, hidden in self.ask(group, f'PRAGMA table_xinfo("{table}")') if not hidden]

    def iter_rows(self, group: str, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield all rows."""
        named = ", ".join(f'"{column}"' for column in columns)
        try:
            yield from self._connections[group].execute(f'SELECT {named} FROM "{table}"')  # noqa: S608 -- our own names
        except sqlite3.Error as error:
            raise translate_error(error, self._paths[group]) from error

    def find_last_number(self, group: str, table: str) -> int | None:
        """Return the last number that the database has given to a row of its own accord, where it remembers that."""
        if not self.ask(group, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"):
            return None
        found = self.ask(group, f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'")  # noqa: S608 -- our own name
        return found[0][0] if found else None

    def ask(self, group: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        try:
            return self._connections[group].execute(query).fetchall()
        except sqlite3.Error as error:
            raise translate_error(error, self._paths[group]) from error


@contextmanager
def _open_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that sees one moment of a file, and changes nothing."""
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path.resolve()))}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
        )
    except sqlite3.Error as error:
        raise translate_error(error, path) from error
    try:
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # the moment is that of the first read
        except sqlite3.Error as error:
            raise translate_error(error, path) from error
        yield connection
    finally:
        connection.close()
