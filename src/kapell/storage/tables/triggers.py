"""Triggers, and what became of each of their firings."""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata
from kapell.storage.tables.workflows import ExactText

# `planned_at` is the next planned moment, `next_at` when it is due (with jitter). Both are null while none is planned:
# a trigger that waits for the end of `awaited_run_id`, or one whose schedule has come to its end.
triggers = sa.Table(
    "triggers",
    metadata,
    sa.Column("trigger_id", sa.String(26), primary_key=True),
    sa.Column("namespace", ExactText, nullable=False),
    sa.Column("name", ExactText, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("workflow", sa.Text, nullable=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("owner_version", sa.Text),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("planned_at", Moment),
    sa.Column("next_at", Moment),
    sa.Column("last_fired_at", Moment),
    sa.Column("last_run_id", sa.Text),
    sa.Column("awaited_run_id", sa.Text),
    sa.Column("heard_position", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("gathered", sa.Text, nullable=False, server_default="[]"),
    sa.Column("decided", sa.BigInteger, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("updated_by_name", sa.Text, nullable=False),
    sa.UniqueConstraint("namespace", "name"),
    sa.CheckConstraint("kind IN ('schedule', 'webhook', 'event', 'run_end')", name="kind_is_known"),
    sa.CheckConstraint("revision >= 1", name="revision_counts"),
    sa.CheckConstraint("(planned_at IS NULL) = (next_at IS NULL)", name="plan_is_whole"),
    sa.Index("triggers_by_next_at", "next_at"),
    sa.Index("triggers_by_awaited_run_id", "awaited_run_id"),
)
"""`spec` is what a person wrote, as JSON, and `workflow` a part of it; `decided` counts rows of the history.

`heard_position` is the last event that a trigger has had to do with, and `gathered`, as JSON, what it keeps of such
until it fires: positions only, for the events themselves are sealed where they are stored.
"""

# One row a planned moment, and no second one ever: that is what makes each firing happen once. A row that stands for
# several missed moments names the first of them in `since` and is kept under the last.
trigger_firings = sa.Table(
    "trigger_firings",
    metadata,
    sa.Column("trigger_id", sa.String(26), sa.ForeignKey(triggers.c.trigger_id), primary_key=True),
    sa.Column("planned_at", Moment, primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("decided_at", Moment, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("fired_by", sa.Text),
    sa.Column("position", sa.BigInteger),
    sa.Column("events", sa.Text, nullable=False, server_default="[]"),
    sa.CheckConstraint("outcome IN ('starting', 'started', 'skipped', 'queued', 'replaced')", name="outcome_is_known"),
    sa.CheckConstraint("is_open = (outcome IN ('starting', 'queued'))", name="open_fits_outcome"),
    sa.CheckConstraint("count >= 1", name="count_counts"),
    sa.Index("trigger_firings_by_event", "trigger_id", "position", unique=True),
    sa.Index(
        "trigger_firings_by_open",
        "trigger_id",
        "planned_at",
        postgresql_where=sa.text("is_open"),
        sqlite_where=sa.text("is_open"),
    ),
)
