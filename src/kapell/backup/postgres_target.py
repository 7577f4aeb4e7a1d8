"""Filling a PostgreSQL database from an archive, in one transaction: it is whole, or as it was before."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa

from kapell.backup.tables import (
    GROUPS,
    LEFT_OUT,
    LOG,
    LOG_REVISIONS,
    NUMBERED,
    RUNS,
    RUNS_REVISIONS,
    SERVER,
    list_tables,
)
from kapell.engine.postgres_store.connections import Connection, Connections, describe_database, parse_url
from kapell.engine.postgres_store.errors import translate_error
from kapell.engine.rows import to_microseconds
from kapell.errors import ConflictError
from kapell.storage.postgres_arrays import encode_text
from kapell.storage.server_database import list_revisions, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from kapell.backup.archive import ArchiveReader, Manifest, Part

    Tell = Callable[[str, int], None]

_LIST_COLUMNS = """
    SELECT attname::text, typname::text FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped
"""
_LIST_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
_HOLDING = ("runs", "definitions", "people", "workflows", "audit_records")
"""Tables that have rows as soon as an installation was used."""

_SET_LAST = """
    SELECT setval(sequence::regclass, greatest(%(last)s::int8, (SELECT coalesce(max("{column}"), 1) FROM "{table}")))
    FROM pg_get_serial_sequence(quote_ident(%(table)s), %(column)s) AS sequence WHERE sequence IS NOT NULL
"""
_TAKE_OVER = 'INSERT INTO owner ("only", epoch, name, acquired_at, lease_until) VALUES (1, %s, %s, %s, %s)'
_DROP_ORPHANS = "DELETE FROM lines WHERE NOT EXISTS (SELECT FROM runs WHERE runs.run_id = lines.run_id)"
_OWNER = "a restored backup"
_TELL_ROWS = 1000

# A value travels as its column wants it. JSON is the text that it is.
_SENT = {"bool": "bool", "int2": "int2", "int4": "int4", "int8": "int8", "float8": "float8", "bytea": "bytea"}


class PostgresTarget:
    """A database that is to hold what an archive holds. What it held before goes in the same transaction."""

    def __init__(self, url: str) -> None:
        """Fill the database at `url`, whose lock is held.

        Raises:
            StorageError: It cannot be reached or used.
            ConflictError: Its tables are another program's.
        """
        Connections(url).close()  # refuses servers and databases that Kapell cannot use
        self._engine = sa.create_engine(
            sa.make_url(url).set(drivername="postgresql+psycopg"),
            poolclass=sa.NullPool,
            isolation_level="READ COMMITTED",
        )
        self.where = f"the database {describe_database(parse_url(url))}"
        with self._begin() as (_, connection):
            self._present = {name for (name,) in connection.execute(_LIST_TABLES)} & {*_list_all(), *LEFT_OUT}
            self._check_own(connection)

    def is_empty(self) -> bool:
        """Tell whether nothing is there that would be replaced."""
        with self._begin() as (_, connection):
            return not any(_has_rows(connection, table) for table in _HOLDING if table in self._present)

    def fill(self, archive: ArchiveReader, manifest: Manifest, now: datetime, tell: Tell) -> None:
        """Replace what is there by what the archive holds. Raises `StorageError`."""
        with self._begin() as (wrapped, connection):
            epoch = max(manifest.epoch, _find_epoch(connection) if "owner" in self._present else 0)
            for table in sorted(self._present):
                connection.execute(f'DROP TABLE "{table}" CASCADE'.encode())
            for group, revision in _order_groups(manifest):
                upgrade(wrapped, revision)
                for part in manifest.parts:
                    if part.group == group:
                        _copy(connection, archive, part, tell)
            upgrade(wrapped)
            if manifest.source == "sqlite":
                connection.execute(_DROP_ORPHANS)
            moment = to_microseconds(now)
            connection.execute("DELETE FROM owner")
            connection.execute(_TAKE_OVER, (epoch + 1, _OWNER, moment, moment))
            for table in _list_all():
                connection.execute(f'ANALYZE "{table}"'.encode())

    def discard(self) -> None:
        """Do nothing: a transaction that failed has left nothing."""

    def put_in_place(self, aside: Path | None) -> None:
        """Do nothing: the transaction has done it."""

    def _check_own(self, connection: Connection) -> None:
        """Make sure that tables of these names are Kapell's: `groups` and `roles` are names that others use, too."""
        known = set(list_revisions())
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall() if self._is_migrated else []
        if self._present and not {name for (name,) in found} & known:
            raise ConflictError(
                f"In {self.where} there are tables of another program, or of a newer Kapell: "
                f"{', '.join(sorted(self._present)[:5])}.",
                hint="Make a database for Kapell alone.",
            )

    @property
    def _is_migrated(self) -> bool:
        return "alembic_version" in self._present

    @contextmanager
    def _begin(self) -> Iterator[tuple[sa.Connection, Connection]]:
        """Give one connection twice, as Alembic and as `COPY` want it, in a transaction."""
        try:
            with self._engine.connect() as wrapped, wrapped.begin():
                plain: Any = wrapped.connection.driver_connection
                plain.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0")
                yield wrapped, plain
        except psycopg.Error as error:
            raise translate_error(error, self.where) from error
        except sa.exc.DBAPIError as error:
            if isinstance(error.orig, psycopg.Error):
                raise translate_error(error.orig, self.where) from error
            raise


def _list_all() -> list[str]:
    return [table for group in GROUPS for table in list_tables(group)]


def _order_groups(manifest: Manifest) -> list[tuple[str, str]]:
    """Return each group with the revision at which its rows fit, the earliest first."""
    found = [(LOG, LOG_REVISIONS[manifest.log_schema - 1]), (RUNS, RUNS_REVISIONS[manifest.runs_schema - 1])]
    if manifest.server_revision is not None:
        found.append((SERVER, manifest.server_revision))
    revisions = list_revisions()
    return sorted(found, key=lambda each: revisions.index(each[1]))


def _has_rows(connection: Connection, table: str) -> bool:
    return bool(connection.execute(f'SELECT FROM "{table}" LIMIT 1'.encode()).fetchall())


def _find_epoch(connection: Connection) -> int:
    row = connection.execute("SELECT epoch FROM owner").fetchone()
    return 0 if row is None else int(row[0])


def _copy(connection: Connection, archive: ArchiveReader, part: Part, tell: Tell) -> None:
    types: dict[str, str] = dict(connection.execute(_LIST_COLUMNS, (part.table,)).fetchall())
    kinds = [types[column] for column in part.columns]
    named = ", ".join(f'"{column}"' for column in part.columns)
    connection.execute(f'DELETE FROM "{part.table}"'.encode())  # noqa: S608 -- a part's name and columns are checked
    with connection.cursor() as cursor:
        query = f'COPY "{part.table}" ({named}) FROM STDIN (FORMAT BINARY)'
        with cursor.copy(query.encode()) as copy:
            copy.set_types([_SENT.get(kind, "text") for kind in kinds])
            for count, row in enumerate(archive.iter_rows(part), start=1):
                copy.write_row([_convert(value, kind) for value, kind in zip(row, kinds, strict=True)])
                if count % _TELL_ROWS == 0:
                    tell(part.table, _TELL_ROWS)
    tell(part.table, part.rows % _TELL_ROWS)
    if part.table in NUMBERED and (part.rows or part.last_number):
        column = NUMBERED[part.table]
        query = _SET_LAST.format(table=part.table, column=column)
        connection.execute(query.encode(), {"table": part.table, "column": column, "last": part.last_number or 1})


def _convert(value: Any, kind: str) -> Any:
    """Return a value of SQLite's as a column of PostgreSQL takes it."""
    if kind == "bool" and value is not None:
        return bool(value)
    if isinstance(value, str):
        if kind == "bytea":
            return value.encode()
        return encode_text(value).decode() if "\0" in value else value
    return value
