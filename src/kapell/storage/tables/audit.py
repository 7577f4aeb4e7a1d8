"""The audit log: its records, what of them can be erased, its last record, its signed heads, its keys."""

from __future__ import annotations

import sqlalchemy as sa

from kapell.storage.tables import Moment, metadata

_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""On SQLite the row's own number, which needs no second index."""

audit_records = sa.Table(
    "audit_records",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("namespace", sa.Text),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("before_digest", sa.Text),
    sa.Column("after_digest", sa.Text),
    sa.Column("redacts", _Number),
    sa.Column("commitment", sa.LargeBinary, nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("number >= 1", "numbered_from_one"),
    sa.CheckConstraint("decision IN ('allowed', 'denied')", "decision_is_known"),
    sa.CheckConstraint("redacts >= 1 AND redacts < number", "redacts_an_earlier_one"),
    sa.CheckConstraint("length(commitment) = 32 AND length(previous) = 32 AND length(hash) = 32", "hashes_are_whole"),
    sa.Index("audit_records_by_actor_id", "actor_id", "number"),
    sa.Index("audit_records_by_action", "action", "number"),
    sa.Index("audit_records_by_target", "target", "number"),
    sa.Index("audit_records_by_namespace", "namespace", "number"),
)
"""The chain. `hash` covers every other column, and by `previous` all records before."""

audit_private = sa.Table(
    "audit_private",
    metadata,
    sa.Column("number", _Number, sa.ForeignKey("audit_records.number"), primary_key=True, autoincrement=False),
    sa.Column("salt", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("length(salt) = 32", "salt_is_whole"),
)
"""What may be personal, as JSON. A row that is gone was erased: a record with `redacts` says so."""

audit_keys = sa.Table(
    "audit_keys",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.Text, nullable=False, unique=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("introduced_at", Moment, nullable=False),
    sa.Column("predecessor", sa.Text, nullable=False),
    sa.Column("is_endorsed", sa.Boolean, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("endorsement", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("number >= 1", "numbered_from_one"),
)
"""The public halves of the signing keys; `signature` is by the key itself, `endorsement` by the one before."""

audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=False),
    sa.Column("size", _Number, nullable=False, unique=True),
    sa.Column("root", sa.LargeBinary, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.Text, sa.ForeignKey("audit_keys.key_id"), nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("peaks", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("number >= 1", "numbered_from_one"),
    sa.CheckConstraint("size >= 1", "covers_records"),
)
"""Signed heads. `peaks` are the roots of the perfect trees that `size` falls into: the next head begins with them."""

audit_tail = sa.Table(
    "audit_tail",
    metadata,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", _Number, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("one = 1", "only_row"),
)
"""The last record, signed; number 0: none yet. Whoever writes locks this row first, so that records do not fork."""
