"""Principals, sessions, tokens, roles, bindings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_identity"
down_revision = "0001_audit"


def upgrade() -> None:
    """Make the tables."""
    _make_people()
    _make_groups()
    _make_roles()
    _make_credentials()


def _make_people() -> None:
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("last_sign_in_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("person_id", name="people_key"),
        sa.UniqueConstraint("name", name="people_one_name"),
        sa.CheckConstraint("name <> '' AND name = lower(name)", name=op.f("people_name_is_lower_case")),
    )
    op.create_table(
        "provider_subjects",
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="provider_subjects_key"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="provider_subjects_person_id_of_people"),
    )
    op.create_index("provider_subjects_by_person_id", "provider_subjects", ["person_id"])


def _make_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="groups_key"),
        sa.CheckConstraint("name NOT LIKE '%:%'", name=op.f("groups_name_is_not_claimed")),
    )
    op.create_table(
        "group_members",
        sa.Column("group_name", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.PrimaryKeyConstraint("group_name", "person_id", name="group_members_key"),
        sa.ForeignKeyConstraint(
            ["group_name"], ["groups.name"], name="group_members_group_name_of_groups", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="group_members_person_id_of_people"),
    )
    op.create_index("group_members_by_person_id", "group_members", ["person_id"])
    op.create_table(
        "claimed_groups",
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("group_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "group_name", name="claimed_groups_key"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="claimed_groups_person_id_of_people"),
        sa.CheckConstraint("group_name LIKE '%:%'", name=op.f("claimed_groups_name_has_its_provider")),
    )
    op.create_index("claimed_groups_by_group_name", "claimed_groups", ["group_name"])


def _make_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="roles_key"),
    )
    op.create_table(
        "bindings",
        sa.Column("binding_id", sa.String(26), nullable=False),
        sa.Column("role_name", sa.String(200), nullable=False),
        sa.Column("subject_kind", sa.String(10), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("namespace", sa.String(200), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("binding_id", name="bindings_key"),
        sa.UniqueConstraint(
            "subject_kind",
            "subject",
            "role_name",
            "namespace",
            name="bindings_one_subject_kind_subject_role_name_namespace",
        ),
        sa.CheckConstraint("subject_kind IN ('person', 'group')", name=op.f("bindings_subject_kind_is_known")),
    )
    op.create_index("bindings_by_role_name", "bindings", ["role_name"])


def _make_credentials() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(26), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("method", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="sessions_key"),
        sa.UniqueConstraint("token_hash", name="sessions_one_token_hash"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="sessions_person_id_of_people"),
        sa.CheckConstraint("expires_at > created_at", name=op.f("sessions_expires_after_it_began")),
    )
    op.create_index("sessions_by_person_id", "sessions", ["person_id"])
    op.create_index("sessions_by_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "api_tokens",
        sa.Column("token_id", sa.String(26), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("owner_id", sa.String(26), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.Column("namespaces", sa.JSON),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("last_used_at", sa.BigInteger),
        sa.Column("last_used_from", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="api_tokens_key"),
        sa.ForeignKeyConstraint(["owner_id"], ["people.person_id"], name="api_tokens_owner_id_of_people"),
        sa.CheckConstraint("expires_at > created_at", name=op.f("api_tokens_expires_after_it_was_made")),
    )
    op.create_index("api_tokens_by_owner_id", "api_tokens", ["owner_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_failed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", name="sign_in_failures_key"),
        sa.CheckConstraint("failures > 0", name=op.f("sign_in_failures_has_failures")),
    )
    op.create_index("sign_in_failures_by_last_failed_at", "sign_in_failures", ["last_failed_at"])
