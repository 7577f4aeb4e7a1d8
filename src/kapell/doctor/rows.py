"""Rows of an installation's databases, whatever state they are in: nothing is made, migrated or locked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from kapell.doctor.model import NotExaminedError

if TYPE_CHECKING:
    from pathlib import Path

    from kapell.settings import Settings

RUNS: Final = "runs.db"
LOG: Final = "log.db"
SERVER: Final = "server.db"
_BUSY_SECONDS = 5.0


class Rows:
    """Answers to queries that both databases understand."""

    def __init__(self, settings: Settings) -> None:
        """Look into the data folder, or into the database that the settings name."""
        self._settings = settings

    def ask(self, file: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in one of the folder's databases, or in PostgreSQL.

        Raises:
            NotExaminedError: There is no such database, or it cannot be read.
        """
        try:
            return self._ask_postgres(query) if self._settings.database else self.ask_file(file, query)
        except NotExaminedError:
            raise
        except Exception as error:  # whatever a driver raises for a broken database
            raise NotExaminedError(f"it cannot be read: {error}") from error

    def ask_file(self, file: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in a SQLite file. Raises `NotExaminedError`, `sqlite3.Error`."""
        path = self._settings.data / file
        if not path.is_file():
            raise NotExaminedError(f"there is no {path} yet")
        with closing(_open(path)) as connection:
            return connection.execute(query).fetchall()

    def _ask_postgres(self, query: str) -> list[tuple[Any, ...]]:
        import psycopg  # noqa: PLC0415 -- the driver is an optional extra

        with psycopg.connect(self._settings.database, connect_timeout=5, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = on")
            return connection.execute(query.encode()).fetchall()


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
    )
    connection.execute("PRAGMA query_only = ON")
    return connection
