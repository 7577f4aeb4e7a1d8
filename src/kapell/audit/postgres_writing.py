"""Adding records on PostgreSQL: in one statement, whose text is the same for any number of them.

A statement with a placeholder for each value would grow with the records, and taking it apart would cost more than what
it writes. Here a column travels as one array, so the server keeps the plan, and the three tables cost one trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kapell.storage.postgres_arrays import ByteaArray, Int8Array, TextArray
from kapell.storage.tables import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_INSERT = sa.text("""
    WITH new_records AS (
        INSERT INTO audit_records (
            number, actor_id, action, target, namespace, decision, before_digest, after_digest, redacts,
            commitment, previous, hash, at)
        SELECT new.*, CAST(:at AS int8) FROM unnest(
            CAST(:numbers AS int8[]), CAST(:actor_id AS text[]), CAST(:action AS text[]), CAST(:target AS text[]),
            CAST(:namespace AS text[]), CAST(:decision AS text[]), CAST(:before_digest AS text[]),
            CAST(:after_digest AS text[]), CAST(:redacts AS int8[]), CAST(:commitment AS bytea[]),
            CAST(:previous AS bytea[]), CAST(:record_hash AS bytea[])) AS new
    ), new_private AS (
        INSERT INTO audit_private (number, salt, body)
        SELECT * FROM unnest(CAST(:numbers AS int8[]), CAST(:salt AS bytea[]), CAST(:body AS bytea[]))
    )
    UPDATE audit_tail SET number = :number, hash = :hash, key_id = :key_id, signature = :signature
""").bindparams(sa.bindparam("at", type_=Moment()))

_TEXTS = ("actor_id", "action", "target", "namespace", "decision", "before_digest", "after_digest")


def insert_records(
    connection: sa.Connection,
    records: Sequence[Mapping[str, Any]],
    private: Sequence[Mapping[str, Any]],
    tail: Mapping[str, Any],
) -> None:
    """Add records of one moment with their private parts, as rows, and make the last record `tail`."""
    columns: dict[str, Any] = {name: TextArray(row[name] for row in records) for name in _TEXTS}
    columns |= {
        "at": records[0]["at"],
        "numbers": Int8Array(row["number"] for row in records),
        "redacts": Int8Array(row["redacts"] for row in records),
        "commitment": ByteaArray(row["commitment"] for row in records),
        "previous": ByteaArray(row["previous"] for row in records),
        "record_hash": ByteaArray(row["hash"] for row in records),
        "salt": ByteaArray(row["salt"] for row in private),
        "body": ByteaArray(row["body"] for row in private),
    }
    connection.execute(_INSERT, columns | dict(tail))
