"""Where the runs of a measurement are kept: a new data folder, or a new PostgreSQL database."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from kapell.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine_bench.rows import Bench


@contextmanager
def make_settings(bench: Bench, *, durability: str = "effect", on_postgres: bool = False) -> Iterator[Settings]:
    """Give the settings of an installation in which nothing is stored yet; what it stores is deleted at the end."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        settings = Settings(data=Path(name), durability=durability, max_tasks_per_run=1_000_000)
        if not on_postgres:
            yield settings
            return
        with _make_database(bench.database) as url:
            yield Settings(data=Path(name), durability=durability, max_tasks_per_run=1_000_000, database=url)


@contextmanager
def _make_database(server: str) -> Iterator[str]:
    """Give the URL of a new database on the server that `server`, the URL of another one, names."""
    import psycopg  # noqa: PLC0415 -- only who measures PostgreSQL needs its driver

    name = f"kapell_bench_{token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            address, separator, options = server.partition("?")
            yield f"{address.rpartition('/')[0]}/{name}{separator}{options}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
