"""What each person has chosen in the console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_preferences"
down_revision = "0006_search"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "preferences",
        sa.Column("person_id", sa.String(26), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="preferences_key"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="preferences_person_id_of_people"),
        sa.CheckConstraint("revision > 0", name=op.f("preferences_revision_counts")),
    )
