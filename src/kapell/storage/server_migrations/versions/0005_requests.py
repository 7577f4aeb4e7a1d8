"""What the API remembers of requests: idempotency keys."""

from __future__ import annotations

revision = "0005_requests"
down_revision = "0004_runs"


def upgrade() -> None:
    """Make the tables."""
