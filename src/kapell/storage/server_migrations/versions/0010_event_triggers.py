"""What triggers have heard of events, and which events each of their firings was for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_event_triggers"
down_revision = "0009_events"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("triggers", sa.Column("heard_position", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("triggers", sa.Column("gathered", sa.Text, nullable=False, server_default="[]"))
    op.add_column("trigger_firings", sa.Column("position", sa.BigInteger))
    op.add_column("trigger_firings", sa.Column("events", sa.Text, nullable=False, server_default="[]"))
    op.create_index("trigger_firings_by_event", "trigger_firings", ["trigger_id", "position"], unique=True)
