"""What each person has chosen in the console: views, theme."""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata
from kapell.storage.tables.identity import ID

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("person_id", ID, sa.ForeignKey("people.person_id"), primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # JSON; no database is to look into it
    sa.Column("updated_at", Moment, nullable=False),
    sa.CheckConstraint("revision > 0", name="revision_counts"),
)
