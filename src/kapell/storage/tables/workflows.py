"""Workflows, their drafts, and their published versions."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kapell.storage.tables import Moment, metadata

ExactText = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Text that is compared byte by byte, so that both databases sort names alike."""

_Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A row stays when the last draft is discarded: revisions go on counting, so that none ever means two texts.
# From `newest` on it is a projection, kept for list pages: of the newest version, or of the draft where there is none.
workflows = sa.Table(
    "workflows",
    metadata,
    sa.Column("workflow_key", _Key, primary_key=True, autoincrement=True),
    sa.Column("namespace", ExactText, nullable=False),
    sa.Column("name", ExactText, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("newest", sa.Text),
    sa.Column("is_deprecated", sa.Boolean, nullable=False),
    sa.Column("has_draft", sa.Boolean, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.UniqueConstraint("namespace", "name"),
    sa.CheckConstraint("revision >= 0", name="revision_counts"),
)

# What is searched of the workflows that list pages show, packed in the order of the pages: a search reads nothing else.
workflow_search = sa.Table(
    "workflow_search",
    metadata,
    sa.Column("namespace", ExactText, primary_key=True),
    sa.Column("name", ExactText, primary_key=True),
    sa.Column("search", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["namespace", "name"], ["workflows.namespace", "workflows.name"]),
    sqlite_with_rowid=False,
)

workflow_drafts = sa.Table(
    "workflow_drafts",
    metadata,
    sa.Column("workflow_key", _Key, sa.ForeignKey("workflows.workflow_key"), primary_key=True, autoincrement=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("source", sa.LargeBinary, nullable=False),
    sa.Column("base_version", sa.Text),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.Column("updated_by_name", sa.Text, nullable=False),
    sa.CheckConstraint("revision >= 1", name="revision_counts"),
)

# `precedence` sorts bytewise as versions do (semver.org, 11); build metadata makes no other version.
workflow_versions = sa.Table(
    "workflow_versions",
    metadata,
    sa.Column("workflow_key", _Key, sa.ForeignKey("workflows.workflow_key"), primary_key=True, autoincrement=False),
    sa.Column("precedence", sa.LargeBinary, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("published_at", Moment, nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.Column("published_by_name", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("deprecated_at", Moment),
    sa.Column("deprecated_by", sa.Text),
    sa.Column("deprecated_by_name", sa.Text),
    sa.Column("deprecation_reason", sa.Text),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("source", sa.LargeBinary, nullable=False),
    sa.CheckConstraint(
        "(deprecated_at IS NULL) = (deprecation_reason IS NULL)"
        " AND (deprecated_at IS NULL) = (deprecated_by IS NULL)"
        " AND (deprecated_at IS NULL) = (deprecated_by_name IS NULL)",
        name="deprecation_is_whole",
    ),
)
