"""Triggers, and what became of each of their firings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008_triggers"
down_revision = "0007_preferences"


def upgrade() -> None:
    """Make the tables."""
    exact_text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    op.create_table(
        "triggers",
        sa.Column("trigger_id", sa.String(26), nullable=False),
        sa.Column("namespace", exact_text, nullable=False),
        sa.Column("name", exact_text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("workflow", sa.Text, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("owner_version", sa.Text),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("planned_at", sa.BigInteger),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("last_fired_at", sa.BigInteger),
        sa.Column("last_run_id", sa.Text),
        sa.Column("awaited_run_id", sa.Text),
        sa.Column("decided", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("updated_by", sa.Text, nullable=False),
        sa.Column("updated_by_name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", name="triggers_key"),
        sa.UniqueConstraint("namespace", "name", name="triggers_one_namespace_name"),
        sa.CheckConstraint("kind IN ('schedule', 'webhook', 'event', 'run_end')", name=op.f("triggers_kind_is_known")),
        sa.CheckConstraint("revision >= 1", name=op.f("triggers_revision_counts")),
        sa.CheckConstraint("(planned_at IS NULL) = (next_at IS NULL)", name=op.f("triggers_plan_is_whole")),
    )
    op.create_index("triggers_by_next_at", "triggers", ["next_at"])
    op.create_index("triggers_by_awaited_run_id", "triggers", ["awaited_run_id"])
    _make_firings()


def _make_firings() -> None:
    op.create_table(
        "trigger_firings",
        sa.Column("trigger_id", sa.String(26), nullable=False),
        sa.Column("planned_at", sa.BigInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("fired_by", sa.Text),
        sa.PrimaryKeyConstraint("trigger_id", "planned_at", name="trigger_firings_key"),
        sa.ForeignKeyConstraint(["trigger_id"], ["triggers.trigger_id"], name="trigger_firings_trigger_id_of_triggers"),
        sa.CheckConstraint(
            "outcome IN ('starting', 'started', 'skipped', 'queued', 'replaced')",
            name=op.f("trigger_firings_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "is_open = (outcome IN ('starting', 'queued'))", name=op.f("trigger_firings_open_fits_outcome")
        ),
        sa.CheckConstraint("count >= 1", name=op.f("trigger_firings_count_counts")),
    )
    op.create_index(
        "trigger_firings_by_open",
        "trigger_firings",
        ["trigger_id", "planned_at"],
        postgresql_where=sa.text("is_open"),
        sqlite_where=sa.text("is_open"),
    )
