"""The server's database, SQLite or PostgreSQL: opened, migrated, and used in two ways only.

`write` is a transaction that changes something, `read` one that sees one consistent state. Both give a SQLAlchemy Core
connection. On SQLite writers wait for one another in this process and by SQLite's own lock in others; on PostgreSQL
they run side by side. Methods block: callers choose the thread.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from kapell.errors import StorageError, UsageError
from kapell.storage.data_folder import make_private_file
from kapell.storage.errors import UnfitValueError
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

log = get_logger(__name__)

_MIGRATIONS = Path(__file__).with_name("server_migrations")
_MIGRATION_LOCK = 0x4B41504C
"""The key of PostgreSQL's advisory lock under which one of several starting servers migrates."""


def make_sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"


class ServerDatabase:
    """A database with the server's tables. Any thread may use it."""

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """Open the database and migrate it as needed.

        Args:
            url: `sqlite:///<path>` or `postgresql://<user>:<password>@<host>/<name>`.
            pool_size: How many connections are kept open at most.

        Raises:
            UsageError: The URL names no database that Kapell can use.
            StorageError: It cannot be opened or migrated.
        """
        self._engine = _make_engine(url, pool_size)
        self.is_sqlite = self._engine.dialect.name == "sqlite"
        self._write_lock = threading.Lock()
        try:
            self._migrate()
        except SQLAlchemyError as error:
            self._engine.dispose()
            raise _translate(error) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction: committed at the end, rolled back if anything is raised.

        Raises:
            StorageError: The database refused; nothing of the transaction is kept.
        """
        if not self.is_sqlite:
            with self._begin() as connection:
                yield connection
            return
        with self._write_lock, self._begin(immediate=True) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one consistent state until the end. Raises `StorageError`."""
        with self._begin(read_only=True) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; a second call does nothing."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, immediate: bool = False, read_only: bool = False) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                if self.is_sqlite:
                    connection.execution_options(kapell_begin="IMMEDIATE" if immediate else "DEFERRED")
                elif read_only:
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise _translate(error) from error
        except OverflowError as error:  # SQLite's driver says so of a number, and SQLAlchemy passes it on as it is
            raise UnfitValueError(f"The database cannot take a value: {error}.") from error

    def _migrate(self) -> None:
        with self._write_lock, self._begin(immediate=True) as connection:
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            before = _read_revision(connection)
            if before == list_revisions()[-1]:  # Alembic would take longer to find that out
                return
            upgrade(connection)
            after = _read_revision(connection)
        if before != after:
            log.info("database_migrated", database=self._engine.url.database, before=before, after=after)


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Migrate a database up to a revision, in the caller's transaction. Raises `SQLAlchemyError`."""
    config = _make_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@cache
def list_revisions() -> tuple[str, ...]:
    """Return the revisions of the schema that this Kapell knows, oldest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_make_config()).walk_revisions())[::-1]


def _make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _read_revision(connection: sa.Connection) -> str | None:
    """Return the last migration that the database has seen; `None` for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _make_engine(url: str, pool_size: int) -> sa.Engine:
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError as error:
        raise UsageError(
            f"`{url}` is no database URL.", hint="Write postgresql://user:password@host:5432/name."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        try:
            engine = sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_size=pool_size, max_overflow=0, pool_pre_ping=True
            )
        except ModuleNotFoundError as error:
            raise UsageError(
                "PostgreSQL needs a driver that is not installed.",
                hint="Install it with: pip install 'kapell[postgres]'",
            ) from error
        engine.dialect.use_insertmanyvalues_wo_returning = True  # many rows in one statement, not one statement each
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    if backend != "sqlite":
        raise UsageError(f"Kapell does not know databases of the kind `{backend}`.", hint="Use sqlite or postgresql.")
    if parsed.database and parsed.database != ":memory:":
        make_private_file(Path(parsed.database))
    engine = sa.create_engine(parsed, pool_size=pool_size, max_overflow=0, connect_args={"timeout": 10.0})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgres(connection: Any, _record: Any) -> None:
    from kapell.storage.postgres_arrays import register_arrays  # noqa: PLC0415 -- needs the driver

    register_arrays(connection)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own: `_begin_sqlite` does
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('kapell_begin', 'DEFERRED')}")


def _translate(error: SQLAlchemyError) -> StorageError:
    cause = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    if isinstance(error, DataError):
        return UnfitValueError(f"The database cannot take a value: {cause.strip()}.")
    return StorageError(f"The database refused: {cause.strip()}")
