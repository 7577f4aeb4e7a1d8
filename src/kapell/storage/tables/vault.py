"""Secrets, sealed, and the ids of the master keys that this database was sealed with."""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata
from kapell.storage.tables.workflows import ExactText

master_keys = sa.Table(
    "master_keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("first_used_at", Moment, nullable=False),
)

# Value and data key are bound to namespace, name and version: no row opens in the place of another.
secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("namespace", ExactText, primary_key=True),
    sa.Column("name", ExactText, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("key_id", sa.Text, sa.ForeignKey("master_keys.key_id"), nullable=False),
    sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("updated_by_name", sa.Text, nullable=False),
    sa.Column("last_used_at", Moment),
    sa.CheckConstraint("version >= 1", name="version_counts"),
)
