"""The audit log."""

from __future__ import annotations

revision = "0001_audit"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
