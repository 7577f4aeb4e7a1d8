"""Bulk operations: a command for many runs, what it is to be given to, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata

bulk_operations = sa.Table(
    "bulk_operations",
    metadata,
    sa.Column("bulk_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("order", sa.LargeBinary, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("matched", sa.Integer, nullable=False),
    sa.Column("handled", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("started_at", Moment),
    sa.Column("ended_at", Moment),
    sa.CheckConstraint("state IN ('preview', 'running', 'completed', 'cancelled')", name="state_is_known"),
    sa.Index("bulk_operations_by_state", "state"),
)
"""`order` is what was asked for and by whom, as JSON; `handled` is the number of the last run that was seen to."""

bulk_targets = sa.Table(
    "bulk_targets",
    metadata,
    sa.Column("bulk_id", sa.ForeignKey(bulk_operations.c.bulk_id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.CheckConstraint("outcome IN ('done', 'refused')", name="outcome_is_known"),
)
"""The runs that were found when it was previewed, numbered from 1; `outcome` is null until the run was seen to."""
