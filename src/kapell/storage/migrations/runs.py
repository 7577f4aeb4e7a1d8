"""The migrations of the database of runs."""

from __future__ import annotations

from kapell.storage.migrations import Migration

_FIRST_TABLES = (
    """
    CREATE TABLE owner (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        epoch INTEGER NOT NULL CHECK (epoch >= 1),
        name TEXT NOT NULL,
        acquired_at INTEGER NOT NULL,
        lease_until INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE definitions (
        definition_key INTEGER NOT NULL PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        source BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE runs (
        run_key INTEGER NOT NULL PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        definition_key INTEGER NOT NULL REFERENCES definitions (definition_key),
        status TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        ended_at INTEGER,
        parent_run_id TEXT,
        parked_until INTEGER,
        error TEXT,
        CONSTRAINT status_fits_ended_at CHECK (CASE
            WHEN status = 'running' OR status = 'waiting' OR status = 'suspended' OR status = 'cancelling'
                THEN ended_at IS NULL
            WHEN status = 'completed' OR status = 'faulted' OR status = 'cancelled' OR status = 'damaged'
                THEN ended_at IS NOT NULL
            ELSE FALSE END)
    ) STRICT
    """,
    "CREATE INDEX runs_by_status ON runs (status)",
    "CREATE INDEX runs_by_name ON runs (name)",
    "CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL",
    "CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX runs_by_definition ON runs (definition_key)",
    """
    CREATE TABLE history (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        first_seq INTEGER NOT NULL CHECK (first_seq >= 1),
        count INTEGER NOT NULL CHECK (count >= 1),
        at INTEGER NOT NULL,
        crc32 INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (run_key, first_seq)
    ) STRICT
    """,
    """
    CREATE TABLE snapshots (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        seq INTEGER NOT NULL CHECK (seq >= 0),
        crc32 INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (run_key, seq)
    ) STRICT
    """,
    """
    CREATE TABLE payloads (
        digest TEXT NOT NULL PRIMARY KEY,
        body BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE payload_uses (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        digest TEXT NOT NULL REFERENCES payloads (digest),
        PRIMARY KEY (run_key, digest)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX payload_uses_by_digest ON payload_uses (digest)",
    """
    CREATE TABLE inbox (
        command_id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        run_id TEXT NOT NULL,
        body BLOB NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE inbox_answers (
        command_id INTEGER NOT NULL PRIMARY KEY,
        error TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    """,
)

_LISTS_AND_COUNTS = (
    "DROP INDEX runs_by_status",
    "DROP INDEX runs_by_name",
    "DROP INDEX runs_by_parent",
    "CREATE INDEX runs_by_start ON runs (created_at)",
    "CREATE INDEX runs_by_status ON runs (status, created_at)",
    "CREATE INDEX runs_by_namespace ON runs (namespace, status, created_at)",
    "CREATE INDEX runs_by_name ON runs (name, namespace, status, created_at, run_key, version)",
    "CREATE INDEX runs_by_parent ON runs (parent_run_id, created_at) WHERE parent_run_id IS NOT NULL",
    "CREATE INDEX runs_by_update ON runs (updated_at)",
    """
    CREATE TABLE faults (
        fault_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        run_key INTEGER NOT NULL REFERENCES runs (run_key)
    ) STRICT
    """,
    "CREATE INDEX faults_by_run ON faults (run_key)",
    """
    CREATE TABLE subjects (
        subject_key INTEGER NOT NULL PRIMARY KEY,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        version TEXT NOT NULL,
        UNIQUE (namespace, name, version)
    ) STRICT
    """,
    """
    CREATE TABLE run_counts (
        span_seconds INTEGER NOT NULL,
        subject_key INTEGER NOT NULL REFERENCES subjects (subject_key),
        begins_at INTEGER NOT NULL,
        what INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (span_seconds, subject_key, begins_at, what)
    ) STRICT, WITHOUT ROWID
    """,
)

_EVENTS = (
    """
    CREATE TABLE events (
        position INTEGER NOT NULL PRIMARY KEY,
        arrived_at INTEGER NOT NULL,
        namespace TEXT NOT NULL,
        source TEXT NOT NULL,
        event_id TEXT NOT NULL,
        type TEXT NOT NULL,
        subject TEXT,
        via TEXT NOT NULL,
        event_hash BLOB NOT NULL UNIQUE,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX events_by_arrival ON events (arrived_at)",
    "CREATE INDEX events_by_namespace ON events (namespace)",
    "CREATE INDEX events_by_type ON events (type, namespace)",
    "CREATE INDEX events_by_source ON events (source, namespace, position, type)",
    "CREATE INDEX events_by_subject ON events (subject, namespace) WHERE subject IS NOT NULL",
    "CREATE INDEX events_by_event_id ON events (event_id, namespace)",
    "CREATE INDEX events_by_via ON events (via, namespace, position, type)",
    """
    CREATE TABLE pruned_events (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        position INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE event_uses (
        position INTEGER NOT NULL,
        at INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        reference TEXT NOT NULL,
        PRIMARY KEY (position, at, run_id, reference)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE event_cursors (
        name TEXT NOT NULL PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE listen_shapes (
        shape_key INTEGER NOT NULL PRIMARY KEY,
        shape TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE listeners (
        digest BLOB NOT NULL,
        run_id TEXT NOT NULL,
        entry INTEGER NOT NULL,
        shape_key INTEGER NOT NULL,
        PRIMARY KEY (digest, run_id, entry)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX listeners_by_run ON listeners (run_id, entry)",
    "CREATE INDEX listeners_by_shape ON listeners (shape_key)",
)

RUNS_MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, _FIRST_TABLES),
    Migration(2, _LISTS_AND_COUNTS),
    Migration(3, _EVENTS),
)
