"""A PostgreSQL database as it was at one moment: one transaction sees everything."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from kapell.backup.tables import GROUPS, LEFT_OUT, NUMBERED, SERVER, check_revision, list_tables
from kapell.engine.postgres_store.connections import Connection, connect, describe_database, parse_url
from kapell.engine.postgres_store.errors import translate_error
from kapell.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SETTINGS = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0"
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_LIST_TABLES = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
_LIST_COLUMNS = """
    SELECT attname::text, typname::text FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""
_FIND_LAST = "SELECT pg_sequence_last_value(pg_get_serial_sequence(quote_ident(%s), %s)::regclass)"

# How a column of a type is read, and as what it then arrives: the values are what SQLite would keep.
_READ = {
    "bool": ("{}::int::int8", "int8"),
    "int2": ("{}::int8", "int8"),
    "int4": ("{}::int8", "int8"),
    "int8": ("{}", "int8"),
    "float4": ("{}::float8", "float8"),
    "float8": ("{}", "float8"),
    "bytea": ("{}", "bytea"),
}
_AS_TEXT = ("{}::text", "text")


@contextmanager
def open_postgres_source(url: str) -> Iterator[PostgresSource]:
    """Give a database as it is now. Raises `NotFoundError`, `ConflictError`, `StorageError`, `UsageError`."""
    options = parse_url(url)
    where = describe_database(options)
    try:
        connection = connect(options, _SETTINGS)
        try:
            connection.execute(_BEGIN)
            yield PostgresSource(connection, where)
        finally:
            connection.close()
    except psycopg.Error as error:
        raise translate_error(error, where) from error


class PostgresSource:
    """The tables of a database."""

    kind = "postgresql"
    groups = GROUPS

    def __init__(self, connection: Connection, where: str) -> None:
        """Read in the transaction of a connection. Raises `NotFoundError`, `ConflictError`."""
        self._connection = connection
        self._tables = {name for (name,) in connection.execute(_LIST_TABLES)} - LEFT_OUT
        if "audit_records" not in self._tables:
            raise NotFoundError(f"There is nothing of Kapell in the database {where}.", hint="See --database.")
        check_revision(self.ask(SERVER, "SELECT version_num FROM alembic_version"), f"the database {where}")

    def list_tables(self, group: str) -> list[str]:
        """Return the tables that are there, each after those that it refers to."""
        return [table for table in list_tables(group) if table in self._tables]

    def list_columns(self, group: str, table: str) -> list[str]:
        """Return a table's columns, without those that the database computes."""
        del group
        return list(self._find_types(table))

    def iter_rows(self, group: str, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield all rows, as SQLite would keep them."""
        del group
        types = self._find_types(table)
        read = [_READ.get(types[column], _AS_TEXT) for column in columns]
        named = ", ".join(how.format(f'"{column}"') for column, (how, _) in zip(columns, read, strict=True))
        as_text = columns.index("text") if table == "lines" else None  # bytes here, text in SQLite
        with self._connection.cursor() as cursor:
            query = f'COPY (SELECT {named} FROM "{table}") TO STDOUT (FORMAT BINARY)'  # noqa: S608 -- our own names
            with cursor.copy(query) as copy:
                copy.set_types([kind for _, kind in read])
                for row in copy.rows():
                    if as_text is None:
                        yield row
                    else:
                        yield (*row[:as_text], row[as_text].decode(), *row[as_text + 1 :])

    def find_last_number(self, group: str, table: str) -> int | None:
        """Return the last number that the database has given to a row of its own accord, where it remembers that."""
        del group
        if table not in NUMBERED:
            return None
        row = self._connection.execute(_FIND_LAST, (table, NUMBERED[table])).fetchone()
        return None if row is None else row[0]

    def ask(self, group: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        del group
        return self._connection.execute(query.encode()).fetchall()

    def _find_types(self, table: str) -> dict[str, str]:
        return dict(self._connection.execute(_LIST_COLUMNS, (table,)).fetchall())
