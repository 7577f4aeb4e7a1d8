"""Runs, on PostgreSQL; on SQLite they have a file of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, TEXT

revision = "0004_runs"
down_revision = "0003_workflows"

_STATUS_FITS_ENDED_AT = (
    "CASE WHEN status IN ('running', 'waiting', 'suspended', 'cancelling') THEN ended_at IS NULL "
    "WHEN status IN ('completed', 'faulted', 'cancelled', 'damaged') THEN ended_at IS NOT NULL ELSE false END"
)


def upgrade() -> None:
    """Make the tables."""
    if op.get_bind().dialect.name != "postgresql":
        return
    _make_owner()
    _make_runs()
    _make_history()
    _make_payloads()
    _make_inbox()
    _make_log()


def _make_owner() -> None:
    op.create_table(
        "owner",
        sa.Column("only", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("acquired_at", sa.BigInteger, nullable=False),
        sa.Column("lease_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("only", name="owner_key"),
        sa.CheckConstraint('"only" = 1', name=op.f("owner_one_row")),
        sa.CheckConstraint("epoch >= 1", name=op.f("owner_epoch_counts")),
    )


def _make_runs() -> None:
    op.create_table(
        "definitions",
        sa.Column("definition_key", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("digest", TEXT(collation="C"), nullable=False),
        sa.Column("source", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("definition_key", name="definitions_key"),
        sa.UniqueConstraint("digest", name="definitions_one_digest"),
    )
    op.create_table(
        "runs",
        sa.Column("run_key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("definition_key", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("parent_run_id", TEXT(collation="C")),
        sa.Column("parked_until", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("run_key", name="runs_key"),
        sa.UniqueConstraint("run_id", name="runs_one_run_id"),
        sa.ForeignKeyConstraint(
            ["definition_key"], ["definitions.definition_key"], name="runs_definition_key_of_definitions"
        ),
        sa.CheckConstraint(_STATUS_FITS_ENDED_AT, name=op.f("runs_status_fits_ended_at")),
    )
    op.create_index("runs_by_status", "runs", ["status", "run_key"])
    op.create_index("runs_by_name", "runs", ["name", "run_key"])
    for index, column in (("runs_by_parent", "parent_run_id"), ("runs_by_end", "ended_at")):
        op.create_index(index, "runs", [column, "run_key"], postgresql_where=sa.text(f"{column} IS NOT NULL"))
    op.create_index("runs_by_definition", "runs", ["definition_key"])


def _make_history() -> None:
    op.create_table(
        "history",
        sa.Column("run_key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("crc32", sa.BigInteger, nullable=False),
        sa.Column("body", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("run_key", "first_seq", name="history_key"),
        sa.CheckConstraint("first_seq >= 1", name=op.f("history_first_seq_counts")),
        sa.CheckConstraint("count >= 1", name=op.f("history_holds_events")),
        postgresql_with={"toast_tuple_target": 8160},
    )
    op.create_table(
        "snapshots",
        sa.Column("run_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("crc32", sa.BigInteger, nullable=False),
        sa.Column("body", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("run_key", "seq", name="snapshots_key"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.run_key"], name="snapshots_run_key_of_runs"),
        sa.CheckConstraint("seq >= 0", name=op.f("snapshots_seq_counts")),
        postgresql_with={"toast_tuple_target": 8160},
    )


def _make_payloads() -> None:
    op.create_table(
        "payloads",
        sa.Column("digest", TEXT(collation="C"), nullable=False),
        sa.Column("body", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="payloads_key"),
    )
    op.create_table(
        "payload_uses",
        sa.Column("run_key", sa.BigInteger, nullable=False),
        sa.Column("digest", TEXT(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "digest", name="payload_uses_key"),
        sa.ForeignKeyConstraint(["run_key"], ["runs.run_key"], name="payload_uses_run_key_of_runs"),
        sa.ForeignKeyConstraint(["digest"], ["payloads.digest"], name="payload_uses_digest_of_payloads"),
    )
    op.create_index("payload_uses_by_digest", "payload_uses", ["digest"])


def _make_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("command_id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("body", BYTEA, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("command_id", name="inbox_key"),
    )
    op.create_table(
        "inbox_answers",
        sa.Column("command_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("command_id", name="inbox_answers_key"),
    )


def _make_log() -> None:
    op.create_table(
        "lines",
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("text", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="lines_key"),
        sa.CheckConstraint("seq >= 1", name=op.f("lines_seq_counts")),
        sa.CheckConstraint("stream IN ('stdout', 'stderr', 'info')", name=op.f("lines_stream_is_known")),
    )
