"""What the API remembers of requests."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from kapell.storage.tables import Moment, metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("principal_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("idempotency_keys_by_created_at", "created_at"),
)
"""Which run a start with an idempotency key led to, and what was asked for (its digest), so that no key is reused."""
