"""Principals, sessions, tokens, roles, bindings."""

from __future__ import annotations

revision = "0002_identity"
down_revision = "0001_audit"


def upgrade() -> None:
    """Make the tables."""
