"""How a database gets from the schema that it has to the one that this version of Kapell declares.

Migrations are numbered from 1 without a gap; the number of the last one is kept in the file (`PRAGMA user_version`).
Each runs in one transaction, so that a crash leaves the database before it or after it. A published migration never
changes. That all of them together give what `storage/schema.py` declares is a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kapell.storage.errors import DatabaseUnusableError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

_events = get_logger(__name__)  # `log` is a module of this package


class Migration(NamedTuple):
    """One step from a schema to the next.

    Attributes:
        number: Its place in the order, from 1.
        statements: What is executed, in one transaction.
    """

    number: int
    statements: tuple[str, ...]


def read_version(connection: sqlite3.Connection) -> int:
    """Return the number of the last migration that this database has seen; 0 for an empty one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    """Apply the migrations that the database has not seen; another process may do the same at the same time.

    Raises:
        DatabaseUnusableError: The database was written by a newer version of Kapell.
    """
    version = read_version(connection)
    if version > len(migrations):
        raise DatabaseUnusableError(
            f"The database was written by a newer version of Kapell (schema {version}, this one knows "
            f"{len(migrations)}).",
            hint="Use that version, or another data folder.",
        )
    for migration in migrations[version:]:
        _apply(connection, migration)
    if version < len(migrations):
        (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
        _events.info("database_migrated", database=path, before=version, after=len(migrations))


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if read_version(connection) < migration.number:
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
