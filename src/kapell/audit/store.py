"""The statements of the audit log: dialect-free, each on a connection that the caller has opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import sqlalchemy as sa

from kapell.audit.encoding import write_moment
from kapell.audit.model import (
    AuditRecord,
    Head,
    HeadStatement,
    Introduction,
    KnownKey,
    PrivatePart,
    TailStatement,
)
from kapell.storage.tables.audit import audit_heads, audit_keys, audit_private, audit_records, audit_tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.sql import ColumnElement

    from kapell.audit.model import RecordFilter

_PAGE = 2000
_LEAVES_PAGE = 20_000


class Tail(NamedTuple):
    """The last record, as the table has it.

    Attributes:
        number: Its number; 0 while there is none.
        hash: Its hash.
        key_id: Who signed that it is the last one.
        signature: The signature of the `TailStatement`.
    """

    number: int
    hash: bytes
    key_id: str
    signature: bytes

    @property
    def statement(self) -> TailStatement:
        """What is signed."""
        return TailStatement(hash=self.hash.hex(), key_id=self.key_id, number=self.number)


class StoredHead(NamedTuple):
    """A head with what the next one begins with.

    Attributes:
        head: The head.
        peaks: The peaks of its tree.
    """

    head: Head
    peaks: bytes


_lock_tail = sa.select(
    audit_tail.c.number, audit_tail.c.hash, audit_tail.c.key_id, audit_tail.c.signature
).with_for_update()
_update_tail = sa.update(audit_tail)
_insert_records = sa.insert(audit_records)
_insert_private = sa.insert(audit_private)


def lock_tail(connection: sa.Connection) -> Tail | None:
    """Return the last record, and let nobody else write one before this transaction ends; `None` if the row is gone."""
    row = connection.execute(_lock_tail).first()
    return None if row is None else Tail(row.number, row.hash, row.key_id, row.signature)


def find_last_number(connection: sa.Connection) -> int:
    """Return the number of the last record, which more may follow at any time; 0 if there is none."""
    return connection.execute(sa.select(audit_tail.c.number)).scalar() or 0


def insert_records(
    connection: sa.Connection, records: list[dict[str, Any]], private: list[dict[str, Any]], tail: Tail
) -> None:
    """Add records of one moment with their private parts, as rows; the last of them is `tail`."""
    if connection.dialect.name == "postgresql":
        from kapell.audit import postgres_writing  # noqa: PLC0415 -- its driver is installed where it is used

        postgres_writing.insert_records(connection, records, private, tail._asdict())
        return
    connection.execute(_insert_records, records)
    connection.execute(_insert_private, private)
    connection.execute(_update_tail, tail._asdict())


def delete_private(connection: sa.Connection, number: int) -> bool:
    """Erase a record's private part, and tell whether there was one."""
    if connection.dialect.name == "sqlite":  # overwrite what is deleted; PostgreSQL does so when it vacuums
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    return connection.execute(sa.delete(audit_private).where(audit_private.c.number == number)).rowcount > 0


def find_record(connection: sa.Connection, number: int) -> AuditRecord | None:
    """Return a record, or `None`."""
    row = connection.execute(_select_records().where(audit_records.c.number == number)).first()
    return None if row is None else _make_record(row)


def list_records(
    connection: sa.Connection, where: RecordFilter, *, limit: int, before: int | None = None
) -> list[AuditRecord]:
    """Return the newest records that fit, newest first; with `before` only those with a lower number."""
    statement = _select_records().where(*make_conditions(where)).order_by(audit_records.c.number.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit_records.c.number < before)
    return [_make_record(row) for row in connection.execute(statement)]


def iter_hashes(connection: sa.Connection, after: int, until: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, `previous` and `hash` of the records after one number, up to and with another, in order."""
    table = audit_records.c
    statement = sa.select(table.number, table.previous, table.hash).order_by(table.number).limit(_PAGE)
    while rows := connection.execute(statement.where(table.number > after, table.number <= until)).all():
        for row in rows:
            yield row.number, row.previous, row.hash
        after = rows[-1].number


def iter_leaves(connection: sa.Connection, after: int, until: int) -> Iterator[bytes]:
    """Yield the hashes of the records after one number, up to and with another, in order, as fast as may be."""
    table = audit_records.c
    statement = sa.select(table.hash).order_by(table.number)
    for start in range(after, until, _LEAVES_PAGE):
        end = min(start + _LEAVES_PAGE, until)
        yield from connection.execute(statement.where(table.number > start, table.number <= end)).scalars()


def find_last_head(connection: sa.Connection) -> StoredHead | None:
    """Return the newest head, or `None`."""
    row = connection.execute(_select_heads().order_by(audit_heads.c.number.desc()).limit(1)).first()
    return None if row is None else _make_head(row)


def find_covering_head(connection: sa.Connection, number: int) -> StoredHead | None:
    """Return the newest head, if it covers this record."""
    stored = find_last_head(connection)
    return stored if stored is not None and stored.head.statement.size >= number else None


def list_heads(connection: sa.Connection, *, limit: int, before: int | None = None) -> list[Head]:
    """Return the newest heads, newest first; with `before` only those with a lower number."""
    statement = _select_heads().order_by(audit_heads.c.number.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit_heads.c.number < before)
    return [_make_head(row).head for row in connection.execute(statement)]


def insert_head(connection: sa.Connection, head: Head, at: datetime, peaks: bytes) -> None:
    """Add a head."""
    statement = head.statement
    connection.execute(
        sa.insert(audit_heads),
        {
            "number": statement.number,
            "size": statement.size,
            "root": bytes.fromhex(statement.root),
            "at": at,
            "previous": bytes.fromhex(statement.previous),
            "key_id": statement.key_id,
            "signature": bytes.fromhex(head.signature),
            "peaks": peaks,
        },
    )


def list_keys(connection: sa.Connection) -> list[KnownKey]:
    """Return all keys, the first one first."""
    return [_make_key(row) for row in connection.execute(sa.select(audit_keys).order_by(audit_keys.c.number))]


def insert_key(connection: sa.Connection, key: KnownKey, at: datetime) -> None:
    """Add a key."""
    statement = key.introduction
    connection.execute(
        sa.insert(audit_keys),
        {
            "number": statement.number,
            "key_id": statement.key_id,
            "public_key": bytes.fromhex(statement.public_key),
            "introduced_at": at,
            "predecessor": statement.predecessor,
            "is_endorsed": statement.is_endorsed,
            "signature": bytes.fromhex(key.signature),
            "endorsement": bytes.fromhex(key.endorsement),
        },
    )


def make_conditions(where: RecordFilter) -> Sequence[ColumnElement[bool]]:
    """Return a filter as conditions of SQL."""
    table = audit_records.c
    conditions: list[ColumnElement[bool]] = []
    if where.since is not None:
        conditions.append(table.at >= where.since)
    if where.until is not None:
        conditions.append(table.at < where.until)
    for column, wanted in ((table.action, where.action), (table.target, where.target)):
        if wanted is not None:
            is_beginning = wanted.endswith("*")
            conditions.append(column.startswith(wanted[:-1], autoescape=True) if is_beginning else column == wanted)
    for column, wanted in (
        (table.actor_id, where.actor),
        (table.namespace, where.namespace),
        (table.decision, where.decision),
    ):
        if wanted is not None:
            conditions.append(column == wanted)
    return conditions


def _select_records() -> sa.Select[Any]:
    table = audit_records.c
    return sa.select(
        table.number,
        table.at,
        table.actor_id,
        table.action,
        table.target,
        table.namespace,
        table.decision,
        table.before_digest,
        table.after_digest,
        table.redacts,
        table.hash,
        audit_private.c.body,
    ).select_from(audit_records.outerjoin(audit_private, audit_private.c.number == table.number))


def _make_record(row: sa.Row[Any]) -> AuditRecord:
    fields = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name for it
    body = fields.pop("body")
    private = None if body is None else msgspec.json.decode(body, type=PrivatePart)
    return AuditRecord(**fields | {"hash": row.hash.hex()}, private=private)


def _select_heads() -> sa.Select[Any]:
    return sa.select(audit_heads, audit_keys.c.public_key).join(audit_keys, audit_keys.c.key_id == audit_heads.c.key_id)


def _make_head(row: sa.Row[Any]) -> StoredHead:
    statement = HeadStatement(
        at=write_moment(row.at),
        key_id=row.key_id,
        number=row.number,
        previous=row.previous.hex(),
        public_key=row.public_key.hex(),
        root=row.root.hex(),
        size=row.size,
    )
    return StoredHead(Head(statement=statement, signature=row.signature.hex()), row.peaks)


def _make_key(row: sa.Row[Any]) -> KnownKey:
    introduction = Introduction(
        at=write_moment(row.introduced_at),
        is_endorsed=row.is_endorsed,
        key_id=row.key_id,
        number=row.number,
        predecessor=row.predecessor,
        public_key=row.public_key.hex(),
    )
    return KnownKey(introduction=introduction, signature=row.signature.hex(), endorsement=row.endorsement.hex())
