"""The migrations of the search index's database."""

from __future__ import annotations

from kapell.storage.migrations import Migration

_FIRST_TABLES = (
    """
    CREATE TABLE pieces (
        number INTEGER NOT NULL PRIMARY KEY
    ) STRICT
    """,
    """
    CREATE TABLE progress (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        run_key INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        fault_key INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO progress (only, run_key, run_id, fault_key) VALUES (1, 0, '', 0)",
)

SEARCH_MIGRATIONS: tuple[Migration, ...] = (Migration(1, _FIRST_TABLES),)
