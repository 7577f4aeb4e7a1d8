"""The tables of `kapell.identity`: people, groups, roles, bindings, sessions, API tokens.

A person is never deleted, so that the audit log's ids keep their meaning; an account is disabled. Of secrets only
hashes are kept: argon2id of passwords, which people choose, SHA-256 of the 256 random bits of sessions and tokens.
"""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata

ID = sa.String(26)
NAME = sa.String(200)
ADDRESS = sa.String(64)
EVERYWHERE = "*"
"""What a binding has in place of a namespace when it holds in all of them; no namespace has this name."""

people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", ID, primary_key=True),
    sa.Column("name", NAME, nullable=False, unique=True),
    sa.Column("display_name", NAME, nullable=False),
    sa.Column("password_hash", sa.String(200)),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("disabled_at", Moment),
    sa.Column("last_sign_in_at", Moment),
    sa.CheckConstraint("name <> '' AND name = lower(name)", name="name_is_lower_case"),
)

provider_subjects = sa.Table(
    "provider_subjects",
    metadata,
    sa.Column("issuer", sa.String(500), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id"), nullable=False, index=True),
)

groups = sa.Table(
    "groups",
    metadata,
    sa.Column("name", NAME, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    # Claimed groups are named `<provider>:<name>`, so neither kind can pass for the other.
    sa.CheckConstraint("name NOT LIKE '%:%'", name="name_is_not_claimed"),
)

group_members = sa.Table(
    "group_members",
    metadata,
    sa.Column("group_name", NAME, sa.ForeignKey("groups.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id"), primary_key=True, index=True),
)

claimed_groups = sa.Table(
    "claimed_groups",
    metadata,
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id"), primary_key=True),
    sa.Column("group_name", NAME, primary_key=True, index=True),
    sa.CheckConstraint("group_name LIKE '%:%'", name="name_has_its_provider"),
)

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("name", NAME, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("permissions", sa.JSON, nullable=False),
)

bindings = sa.Table(
    "bindings",
    metadata,
    sa.Column("binding_id", ID, primary_key=True),
    sa.Column("role_name", NAME, nullable=False),  # own roles and built-in ones, which are code: hence no foreign key
    sa.Column("subject_kind", sa.String(10), nullable=False),
    sa.Column("subject", NAME, nullable=False),
    sa.Column("namespace", NAME, nullable=False),
    sa.Column("made_by", NAME, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.CheckConstraint("subject_kind IN ('person', 'group')", name="subject_kind_is_known"),
    sa.UniqueConstraint("subject_kind", "subject", "role_name", "namespace"),
    sa.Index(None, "role_name"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", ID, primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id"), nullable=False, index=True),
    sa.Column("method", NAME, nullable=False),
    sa.Column("address", ADDRESS, nullable=False),
    sa.Column("user_agent", NAME, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.CheckConstraint("expires_at > created_at", name="expires_after_it_began"),
)

api_tokens = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("token_id", ID, primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("owner_id", ID, sa.ForeignKey("people.person_id"), nullable=False, index=True),
    sa.Column("name", NAME, nullable=False),
    sa.Column("permissions", sa.JSON, nullable=False),
    sa.Column("namespaces", sa.JSON(none_as_null=True)),  # NULL: all
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Column("last_used_at", Moment),
    sa.Column("last_used_from", ADDRESS, nullable=False),
    sa.CheckConstraint("expires_at > created_at", name="expires_after_it_was_made"),
)

sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("source", sa.String(80), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_failed_at", Moment, nullable=False, index=True),
    sa.CheckConstraint("failures > 0", name="has_failures"),
)
