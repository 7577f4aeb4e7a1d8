"""Runs on PostgreSQL: the tables of `kapell.storage.schema`, where their reasons stand, in PostgreSQL's words.

What differs: a table has no row number of its own there, so that an index names `run_key` where SQLite's ends in it by
itself; a run's log lies beside the rest, since it is each commit that says whether it is synced; and the text of log
lines is kept as bytes, because PostgreSQL's text cannot hold the character U+0000.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TEXT, TSVECTOR

from kapell.storage.tables import Moment, metadata

_ONLY_POSTGRESQL = {"only": "postgresql"}
_SortedText = TEXT(collation="C")
"""Text that sorts by its bytes, so that a prefix is a range and ids sort by their age in every locale."""

_WHOLE_ROWS = {"toast_tuple_target": 8160}
"""Bodies of some kilobytes stay in their row as they are: to compress them costs more than to write them."""

owner = sa.Table(
    "owner",
    metadata,
    sa.Column("only", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("acquired_at", Moment, nullable=False),
    sa.Column("lease_until", Moment, nullable=False),
    sa.CheckConstraint('"only" = 1', name="one_row"),
    sa.CheckConstraint("epoch >= 1", name="epoch_counts"),
    info=_ONLY_POSTGRESQL,
)

definitions = sa.Table(
    "definitions",
    metadata,
    sa.Column("definition_key", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("digest", _SortedText, nullable=False, unique=True),
    sa.Column("source", BYTEA, nullable=False),
    info=_ONLY_POSTGRESQL,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("run_id", _SortedText, nullable=False, unique=True),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("definition_key", sa.ForeignKey(definitions.c.definition_key), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("parent_run_id", _SortedText),
    sa.Column("parked_until", Moment),
    sa.Column("error", sa.Text),
    sa.CheckConstraint(
        "CASE WHEN status IN ('running', 'waiting', 'suspended', 'cancelling') THEN ended_at IS NULL "
        "WHEN status IN ('completed', 'faulted', 'cancelled', 'damaged') THEN ended_at IS NOT NULL ELSE false END",
        name="status_fits_ended_at",
    ),
    sa.Index("runs_by_start", "created_at", "run_key"),
    sa.Index("runs_by_status", "status", "created_at", "run_key"),
    sa.Index("runs_by_namespace", "namespace", "status", "created_at", "run_key"),
    sa.Index("runs_by_name", "name", "namespace", "status", "created_at", "run_key", "version"),
    sa.Index(
        "runs_by_parent",
        "parent_run_id",
        "created_at",
        "run_key",
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    ),
    sa.Index("runs_by_update", "updated_at", "run_key"),
    sa.Index("runs_by_end", "ended_at", "run_key", postgresql_where=sa.text("ended_at IS NOT NULL")),
    sa.Index("runs_by_definition", "definition_key"),
    info=_ONLY_POSTGRESQL,
)

faults = sa.Table(
    "faults",
    metadata,
    sa.Column("fault_key", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("run_key", sa.BigInteger, nullable=False),
    sa.Index("faults_by_run", "run_key"),
    info=_ONLY_POSTGRESQL,
)

subjects = sa.Table(
    "subjects",
    metadata,
    sa.Column("subject_key", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.UniqueConstraint("namespace", "name", "version"),
    info=_ONLY_POSTGRESQL,
)

# Rows of the present hour change with every commit: room on their pages keeps that out of the index.
run_counts = sa.Table(
    "run_counts",
    metadata,
    sa.Column("span_seconds", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subject_key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("begins_at", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("what", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    postgresql_with={"fillfactor": 50},
    info=_ONLY_POSTGRESQL,
)

# The search index. `words` also holds the run's namespace, and where its key lies (`postgres_store/pieces.py`).
search_texts = sa.Table(
    "search_texts",
    metadata,
    sa.Column("run_key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("run_id", _SortedText, nullable=False),
    sa.Column("words", TSVECTOR, nullable=False),
    sa.Index("search_texts_by_words", "words", postgresql_using="gin"),
    info=_ONLY_POSTGRESQL,
)

search_progress = sa.Table(
    "search_progress",
    metadata,
    sa.Column("only", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("run_key", sa.BigInteger, nullable=False),
    sa.Column("run_id", _SortedText, nullable=False),
    sa.Column("fault_key", sa.BigInteger, nullable=False),
    sa.CheckConstraint('"only" = 1', name="one_row"),
    info=_ONLY_POSTGRESQL,
)

# No foreign key to `runs`: PostgreSQL checks one by locking the run's row, which takes longer than adding the event.
# Only `append` and `prune` write here, one at a time, and each writes a run and its history in one transaction.
history = sa.Table(
    "history",
    metadata,
    sa.Column("run_key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("crc32", sa.BigInteger, nullable=False),
    sa.Column("body", BYTEA, nullable=False),
    sa.CheckConstraint("first_seq >= 1", name="first_seq_counts"),
    sa.CheckConstraint("count >= 1", name="holds_events"),
    postgresql_with=_WHOLE_ROWS,
    info=_ONLY_POSTGRESQL,
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("run_key", sa.ForeignKey(runs.c.run_key), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("crc32", sa.BigInteger, nullable=False),
    sa.Column("body", BYTEA, nullable=False),
    sa.CheckConstraint("seq >= 0", name="seq_counts"),
    postgresql_with=_WHOLE_ROWS,
    info=_ONLY_POSTGRESQL,
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("digest", _SortedText, primary_key=True),
    sa.Column("body", BYTEA, nullable=False),
    info=_ONLY_POSTGRESQL,
)

payload_uses = sa.Table(
    "payload_uses",
    metadata,
    sa.Column("run_key", sa.ForeignKey(runs.c.run_key), primary_key=True),
    sa.Column("digest", sa.ForeignKey(payloads.c.digest), primary_key=True),
    sa.Index("payload_uses_by_digest", "digest"),
    info=_ONLY_POSTGRESQL,
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("command_id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("run_id", _SortedText, nullable=False),
    sa.Column("body", BYTEA, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    info=_ONLY_POSTGRESQL,
)

inbox_answers = sa.Table(
    "inbox_answers",
    metadata,
    sa.Column("command_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    info=_ONLY_POSTGRESQL,
)

lines = sa.Table(
    "lines",
    metadata,
    sa.Column("run_id", _SortedText, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("entry", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.BigInteger, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("text", BYTEA, nullable=False),
    sa.CheckConstraint("seq >= 1", name="seq_counts"),
    sa.CheckConstraint("stream IN ('stdout', 'stderr', 'info')", name="stream_is_known"),
    info=_ONLY_POSTGRESQL,
)
