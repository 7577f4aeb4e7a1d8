"""The migrations of the database of log lines."""

from __future__ import annotations

from kapell.storage.migrations import Migration

_FIRST_TABLES = (
    """
    CREATE TABLE lines (
        run_id TEXT NOT NULL,
        seq INTEGER NOT NULL CHECK (seq >= 1),
        at INTEGER NOT NULL,
        reference TEXT NOT NULL,
        entry INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        stream TEXT NOT NULL CHECK (stream = 'stdout' OR stream = 'stderr' OR stream = 'info'),
        text TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) STRICT, WITHOUT ROWID
    """,
)

LOG_MIGRATIONS: tuple[Migration, ...] = (Migration(1, _FIRST_TABLES),)
