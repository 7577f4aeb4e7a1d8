"""What a backup is made of: an installation as it was at one moment."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from kapell.backup.sqlite_source import open_sqlite_source
from kapell.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kapell.settings import Settings


class Source(Protocol):
    """An installation at one moment."""

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def groups(self) -> Sequence[str]:
        """Which databases there are."""
        ...

    def list_tables(self, group: str) -> list[str]:
        """Return the tables that are there, each after those that it refers to."""
        ...

    def list_columns(self, group: str, table: str) -> list[str]:
        """Return a table's columns, without those that the database computes."""
        ...

    def iter_rows(self, group: str, table: str, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Yield all rows, as SQLite would keep them."""
        ...

    def find_last_number(self, group: str, table: str) -> int | None:
        """Return the last number that the database has given to a row of its own accord, where it remembers that."""
        ...

    def ask(self, group: str, query: str) -> list[tuple[Any, ...]]:
        """Return what a query in the SQL of both databases finds."""
        ...


@contextmanager
def open_source(settings: Settings) -> Iterator[Source]:
    """Give an installation as it is now; whoever writes to it goes on.

    Raises:
        NotFoundError: There is nothing.
        ConflictError: Its tables are not those of this Kapell.
        StorageError: It cannot be read.
    """
    if not settings.database:
        with open_sqlite_source(settings.data) as folder:
            yield folder
        return
    try:
        from kapell.backup.postgres_source import (  # noqa: PLC0415 -- the driver is an optional extra
            open_postgres_source,
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "PostgreSQL needs a driver that is not installed.", hint="Install it with: pip install 'kapell[postgres]'"
        ) from error
    with open_postgres_source(settings.database) as database:
        yield database
