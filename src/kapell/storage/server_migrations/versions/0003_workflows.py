"""Workflows, their drafts and versions; secrets."""

from __future__ import annotations

revision = "0003_workflows"
down_revision = "0002_identity"


def upgrade() -> None:
    """Make the tables."""
