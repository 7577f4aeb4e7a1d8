"""The tables, as they are now: the text to read in order to understand what is stored.

`storage/migrations/` leads an existing database here. Times are whole microseconds since 1970 in UTC. A run's rows hang
on a small integer, its `run_key`, given in the order of storing: keys stay short in every index, "newest first" is the
order of the primary key, and the events of many runs appended together land next to each other.
"""

from __future__ import annotations

RUNS_SCHEMA: tuple[str, ...] = (
    # Who may write. One row; the epoch rises with every owner, and a write under an older one is refused.
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
    # The projection that list pages read. (`status IN (...)` would cost 4 us a write: SQLite builds a table for it.)
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
    # Each index ends in run_key by itself, so that what has one status, parent etc. is sorted by age. `runs_by_name`
    # ends in the version, so that runs of other versions are passed over without being looked at.
    "CREATE INDEX runs_by_start ON runs (created_at)",
    "CREATE INDEX runs_by_status ON runs (status, created_at)",
    "CREATE INDEX runs_by_namespace ON runs (namespace, status, created_at)",
    "CREATE INDEX runs_by_name ON runs (name, namespace, status, created_at, run_key, version)",
    "CREATE INDEX runs_by_parent ON runs (parent_run_id, created_at) WHERE parent_run_id IS NOT NULL",
    "CREATE INDEX runs_by_end ON runs (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX runs_by_update ON runs (updated_at)",
    "CREATE INDEX runs_by_definition ON runs (definition_key)",
    # Runs that got an error, in that order: what the search index has yet to be told of follows its last number.
    """
    CREATE TABLE faults (
        fault_key INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        run_key INTEGER NOT NULL REFERENCES runs (run_key)
    ) STRICT
    """,
    "CREATE INDEX faults_by_run ON faults (run_key)",
    # What is counted: of everything, each namespace, workflow and version (empty is what is not told apart), how many
    # runs started, ended and took how long in each hour and day. `what` is one of the numbers in engine/counting.py.
    # Counts outlive the runs.
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
    # The truth: batches of events, never changed. crc32 covers every other column.
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
    # States folded from the history, to shorten recovery; the two newest of a run are kept.
    """
    CREATE TABLE snapshots (
        run_key INTEGER NOT NULL REFERENCES runs (run_key),
        seq INTEGER NOT NULL CHECK (seq >= 0),
        crc32 INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (run_key, seq)
    ) STRICT
    """,
    # Large values, once each; a payload goes when the last run that uses it does.
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
    # Commands of other processes; ids are never given twice, so that an answer cannot be mistaken for another's.
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
    # CloudEvents in their order of arrival. The hash stands for namespace, source and id. Each index ends in the
    # position, by itself or by name; two go on with the type, so that events of other types are passed over there.
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
    # The largest position of an event that was deleted: positions are never given twice.
    """
    CREATE TABLE pruned_events (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        position INTEGER NOT NULL
    ) STRICT
    """,
    # Which run consumed which event. A use goes with its event, and outlives its run.
    """
    CREATE TABLE event_uses (
        position INTEGER NOT NULL,
        at INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        reference TEXT NOT NULL,
        PRIMARY KEY (position, at, run_id, reference)
    ) STRICT, WITHOUT ROWID
    """,
    # How far each reader of all events has come.
    """
    CREATE TABLE event_cursors (
        name TEXT NOT NULL PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    # What tasks listen for, a row a key; it names the run by its id, which is what is asked for.
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

LOG_SCHEMA: tuple[str, ...] = (
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

# Words of runs, in a file of its own: all of it can be made anew from the runs.
SEARCH_SCHEMA: tuple[str, ...] = (
    # Which tables of words there are; `engine/sqlite_store/search.py` makes one for each 65,536 keys.
    """
    CREATE TABLE pieces (
        number INTEGER NOT NULL PRIMARY KEY
    ) STRICT
    """,
    # How far the index has come; the run's id tells whether that key still means the same run.
    """
    CREATE TABLE progress (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        run_key INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        fault_key INTEGER NOT NULL
    ) STRICT
    """,
)
