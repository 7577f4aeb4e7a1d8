"""Events and who listens for them, on PostgreSQL; on SQLite they are in the runs' own file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, TEXT

revision = "0009_events"
down_revision = "0008_triggers"


def upgrade() -> None:
    """Make the tables."""
    if op.get_bind().dialect.name != "postgresql":
        return
    _make_events()
    _make_readers()
    _make_listeners()


def _make_events() -> None:
    sorted_text = TEXT(collation="C")
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("arrived_at", sa.BigInteger, nullable=False),
        sa.Column("namespace", sorted_text, nullable=False),
        sa.Column("source", sorted_text, nullable=False),
        sa.Column("event_id", sorted_text, nullable=False),
        sa.Column("type", sorted_text, nullable=False),
        sa.Column("subject", sorted_text),
        sa.Column("via", sorted_text, nullable=False),
        sa.Column("event_hash", BYTEA, nullable=False),
        sa.Column("body", BYTEA, nullable=False),
        sa.PrimaryKeyConstraint("position", name="events_key"),
        sa.UniqueConstraint("event_hash", name="events_one_event_hash"),
        postgresql_with={"toast_tuple_target": 8160},
    )
    op.create_index("events_by_arrival", "events", ["arrived_at", "position"])
    op.create_index("events_by_namespace", "events", ["namespace", "position"])
    for column in ("type", "source", "subject", "event_id", "via"):
        condition = sa.text("subject IS NOT NULL") if column == "subject" else None
        more = [sa.text('"left"(type, 200)')] if column in {"source", "via"} else []
        columns = [sa.text(f'"left"({column}, 200)'), sa.text("namespace"), sa.text("position"), *more]
        op.create_index(f"events_by_{column}", "events", columns, postgresql_where=condition)


def _make_readers() -> None:
    sorted_text = TEXT(collation="C")
    op.create_table(
        "pruned_events",
        sa.Column("only", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("only", name="pruned_events_key"),
        sa.CheckConstraint('"only" = 1', name=op.f("pruned_events_one_row")),
    )
    op.create_table(
        "event_uses",
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("run_id", sorted_text, nullable=False),
        sa.Column("reference", sorted_text, nullable=False),
    )
    begin = sa.text('"left"(reference, 200)')
    op.create_index("event_uses_key", "event_uses", ["position", "at", "run_id", begin], unique=True)
    op.create_table(
        "event_cursors",
        sa.Column("name", sorted_text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="event_cursors_key"),
    )


def _make_listeners() -> None:
    op.create_table(
        "listen_shapes",
        sa.Column("shape_key", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("shape", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("shape_key", name="listen_shapes_key"),
    )
    op.create_table(
        "listeners",
        sa.Column("digest", BYTEA, nullable=False),
        sa.Column("run_id", TEXT(collation="C"), nullable=False),
        sa.Column("entry", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("shape_key", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", "run_id", "entry", name="listeners_key"),
    )
    op.create_index("listeners_by_run", "listeners", ["run_id", "entry"])
    op.create_index("listeners_by_shape", "listeners", ["shape_key"])
