"""Lists, counts and search of runs (on PostgreSQL; on SQLite they are in the runs' own files), and bulk operations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TEXT, TSVECTOR

revision = "0006_search"
down_revision = "0005_requests"


def upgrade() -> None:
    """Make the tables."""
    _make_bulk()
    if op.get_bind().dialect.name == "postgresql":
        _make_indexes()
        _make_counts()
        _make_search()


def _make_bulk() -> None:
    op.create_table(
        "bulk_operations",
        sa.Column("bulk_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("order", sa.LargeBinary, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("matched", sa.Integer, nullable=False),
        sa.Column("handled", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("bulk_id", name="bulk_operations_key"),
        sa.CheckConstraint(
            "state IN ('preview', 'running', 'completed', 'cancelled')", name=op.f("bulk_operations_state_is_known")
        ),
    )
    op.create_index("bulk_operations_by_state", "bulk_operations", ["state"])
    op.create_table(
        "bulk_targets",
        sa.Column("bulk_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("bulk_id", "number", name="bulk_targets_key"),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk_operations.bulk_id"], name="bulk_targets_bulk_id_of_bulk_operations"
        ),
        sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f("bulk_targets_outcome_is_known")),
    )


def _make_indexes() -> None:
    for index in ("runs_by_status", "runs_by_name", "runs_by_parent"):
        op.drop_index(index, "runs")
    op.create_index("runs_by_start", "runs", ["created_at", "run_key"])
    op.create_index("runs_by_status", "runs", ["status", "created_at", "run_key"])
    op.create_index("runs_by_namespace", "runs", ["namespace", "status", "created_at", "run_key"])
    op.create_index("runs_by_name", "runs", ["name", "namespace", "status", "created_at", "run_key", "version"])
    op.create_index(
        "runs_by_parent",
        "runs",
        ["parent_run_id", "created_at", "run_key"],
        postgresql_where=sa.text("parent_run_id IS NOT NULL"),
    )
    op.create_index("runs_by_update", "runs", ["updated_at", "run_key"])


def _make_counts() -> None:
    op.create_table(
        "subjects",
        sa.Column("subject_key", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("namespace", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("subject_key", name="subjects_key"),
        sa.UniqueConstraint("namespace", "name", "version", name="subjects_one_namespace_name_version"),
    )
    op.create_table(
        "run_counts",
        sa.Column("span_seconds", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("subject_key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("begins_at", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("what", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("span_seconds", "subject_key", "begins_at", "what", name="run_counts_key"),
        postgresql_with={"fillfactor": 50},
    )


def _make_search() -> None:
    op.create_table(
        "faults",
        sa.Column("fault_key", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("run_key", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fault_key", name="faults_key"),
    )
    op.create_index("faults_by_run", "faults", ["run_key"])
    op.create_table(
        "search_texts",
        sa.Column("run_key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("words", TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("run_key", name="search_texts_key"),
    )
    op.create_index("search_texts_by_words", "search_texts", ["words"], postgresql_using="gin")
    op.create_table(
        "search_progress",
        sa.Column("only", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("run_key", sa.BigInteger, nullable=False),
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("fault_key", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("only", name="search_progress_key"),
        sa.CheckConstraint('"only" = 1', name=op.f("search_progress_one_row")),
    )
