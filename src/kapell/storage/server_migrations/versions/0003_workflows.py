"""Workflows, their drafts and versions; secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_workflows"
down_revision = "0002_identity"

_EXACT_TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_workflows()
    _make_search()
    _make_drafts()
    _make_versions()
    _make_vault()


def _make_workflows() -> None:
    op.create_table(
        "workflows",
        sa.Column("workflow_key", _KEY, autoincrement=True, nullable=False),
        sa.Column("namespace", _EXACT_TEXT, nullable=False),
        sa.Column("name", _EXACT_TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Text(), nullable=True),
        sa.Column("is_deprecated", sa.Boolean(), nullable=False),
        sa.Column("has_draft", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_key", name=op.f("workflows_key")),
        sa.UniqueConstraint("namespace", "name", name=op.f("workflows_one_namespace_name")),
        sa.CheckConstraint("revision >= 0", name=op.f("workflows_revision_counts")),
    )


def _make_search() -> None:
    op.create_table(
        "workflow_search",
        sa.Column("namespace", _EXACT_TEXT, nullable=False),
        sa.Column("name", _EXACT_TEXT, nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("namespace", "name", name=op.f("workflow_search_key")),
        sa.ForeignKeyConstraint(
            ["namespace", "name"],
            ["workflows.namespace", "workflows.name"],
            name=op.f("workflow_search_namespace_name_of_workflows"),
        ),
        sqlite_with_rowid=False,
    )


def _make_drafts() -> None:
    op.create_table(
        "workflow_drafts",
        sa.Column("workflow_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("base_version", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_by_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_key", name=op.f("workflow_drafts_key")),
        sa.ForeignKeyConstraint(
            ["workflow_key"], ["workflows.workflow_key"], name=op.f("workflow_drafts_workflow_key_of_workflows")
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("workflow_drafts_revision_counts")),
    )


def _make_versions() -> None:
    op.create_table(
        "workflow_versions",
        sa.Column("workflow_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("precedence", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("published_by_name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("deprecated_at", sa.BigInteger(), nullable=True),
        sa.Column("deprecated_by", sa.Text(), nullable=True),
        sa.Column("deprecated_by_name", sa.Text(), nullable=True),
        sa.Column("deprecation_reason", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workflow_key", "precedence", name=op.f("workflow_versions_key")),
        sa.ForeignKeyConstraint(
            ["workflow_key"], ["workflows.workflow_key"], name=op.f("workflow_versions_workflow_key_of_workflows")
        ),
        sa.CheckConstraint(
            "(deprecated_at IS NULL) = (deprecation_reason IS NULL)"
            " AND (deprecated_at IS NULL) = (deprecated_by IS NULL)"
            " AND (deprecated_at IS NULL) = (deprecated_by_name IS NULL)",
            name=op.f("workflow_versions_deprecation_is_whole"),
        ),
    )


def _make_vault() -> None:
    op.create_table(
        "master_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("master_keys_key")),
    )
    op.create_table(
        "secrets",
        sa.Column("namespace", _EXACT_TEXT, nullable=False),
        sa.Column("name", _EXACT_TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_by_name", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("namespace", "name", name=op.f("secrets_key")),
        sa.ForeignKeyConstraint(["key_id"], ["master_keys.key_id"], name=op.f("secrets_key_id_of_master_keys")),
        sa.CheckConstraint("version >= 1", name=op.f("secrets_version_counts")),
    )
