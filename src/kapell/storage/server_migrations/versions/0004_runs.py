"""Runs, on PostgreSQL; on SQLite they have a file of their own."""

from __future__ import annotations

revision = "0004_runs"
down_revision = "0003_workflows"


def upgrade() -> None:
    """Make the tables."""
