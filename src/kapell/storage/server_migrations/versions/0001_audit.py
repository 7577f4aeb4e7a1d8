"""The audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_audit"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _make_records()
    _make_signatures()
    tail = sa.table("audit_tail", *map(sa.column, ("one", "number", "hash", "key_id", "signature")))
    op.execute(tail.insert().values(one=1, number=0, hash=bytes(32), key_id="", signature=b""))


def _make_records() -> None:
    op.create_table(
        "audit_records",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("namespace", sa.Text),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("before_digest", sa.Text),
        sa.Column("after_digest", sa.Text),
        sa.Column("redacts", _NUMBER),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_records_key")),
        sa.CheckConstraint("number >= 1", op.f("audit_records_numbered_from_one")),
        sa.CheckConstraint("decision IN ('allowed', 'denied')", op.f("audit_records_decision_is_known")),
        sa.CheckConstraint("redacts >= 1 AND redacts < number", op.f("audit_records_redacts_an_earlier_one")),
        sa.CheckConstraint(
            "length(commitment) = 32 AND length(previous) = 32 AND length(hash) = 32",
            op.f("audit_records_hashes_are_whole"),
        ),
    )
    op.create_index("audit_records_by_at", "audit_records", ["at"])
    for column in ("actor_id", "action", "target", "namespace"):
        op.create_index(f"audit_records_by_{column}", "audit_records", [column, "number"])
    op.create_table(
        "audit_private",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_private_key")),
        sa.ForeignKeyConstraint(["number"], ["audit_records.number"], op.f("audit_private_number_of_audit_records")),
        sa.CheckConstraint("length(salt) = 32", op.f("audit_private_salt_is_whole")),
    )


def _make_signatures() -> None:
    op.create_table(
        "audit_keys",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("introduced_at", sa.BigInteger, nullable=False),
        sa.Column("predecessor", sa.Text, nullable=False),
        sa.Column("is_endorsed", sa.Boolean, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("endorsement", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_keys_key")),
        sa.UniqueConstraint("key_id", name=op.f("audit_keys_one_key_id")),
        sa.CheckConstraint("number >= 1", op.f("audit_keys_numbered_from_one")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("number", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("peaks", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("audit_heads_key")),
        sa.UniqueConstraint("size", name=op.f("audit_heads_one_size")),
        sa.ForeignKeyConstraint(["key_id"], ["audit_keys.key_id"], op.f("audit_heads_key_id_of_audit_keys")),
        sa.CheckConstraint("number >= 1", op.f("audit_heads_numbered_from_one")),
        sa.CheckConstraint("size >= 1", op.f("audit_heads_covers_records")),
    )
    op.create_table(
        "audit_tail",
        sa.Column("one", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("one", name=op.f("audit_tail_key")),
        sa.CheckConstraint("one = 1", op.f("audit_tail_only_row")),
    )
