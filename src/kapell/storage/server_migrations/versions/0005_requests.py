"""What the API remembers of requests: idempotency keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_requests"
down_revision = "0004_runs"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "idempotency_keys",
        sa.Column("principal_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name="idempotency_keys_key"),
    )
    op.create_index("idempotency_keys_by_created_at", "idempotency_keys", ["created_at"])
