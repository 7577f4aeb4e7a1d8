"""The log of a database as evidence: opened without changing anything, and read without believing anything.

Rows are read as the driver gives them, as somebody may have put anything into them; what cannot be a line becomes a
finding. Pages follow the keys, so that a log of any size is read in bounded memory.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from kapell.audit.encoding import write_moment
from kapell.audit.findings import Finding
from kapell.audit.lines import HeadLine, KeyLine, RecordLine, TailLine, UnreadableLine
from kapell.audit.model import Head, HeadStatement, Introduction, KnownKey, PublicPart, TailStatement
from kapell.audit.proofs import Revealed, SealedRecord
from kapell.audit.store import make_conditions
from kapell.errors import NotFoundError, StorageError, UsageError
from kapell.storage.tables.audit import audit_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kapell.audit.lines import Evidence, Line
    from kapell.audit.model import RecordFilter

_PAGE = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PUBLIC = tuple(name for name in PublicPart.__struct_fields__ if name != "at")
_WRONG = (TypeError, ValueError, OverflowError, AttributeError)

# Without types, so that the values arrive as they are stored.
_records = sa.table("audit_records", *map(sa.column, (*_PUBLIC, "at", "commitment", "previous", "hash")))
_private = sa.table("audit_private", *map(sa.column, ("number", "salt", "body")))
_heads = sa.table(
    "audit_heads",
    *map(sa.column, ("number", "size", "root", "at", "previous", "key_id", "signature", "peaks")),
)
_keys = sa.table(
    "audit_keys",
    *map(
        sa.column,
        ("number", "key_id", "public_key", "introduced_at", "predecessor", "is_endorsed", "signature", "endorsement"),
    ),
)
_tail = sa.table("audit_tail", *map(sa.column, ("one", "number", "hash", "key_id", "signature")))


@contextmanager
def open_evidence(url: str) -> Iterator[sa.Connection]:
    """Give a connection that sees one consistent state of a database and can change nothing.

    Raises:
        UsageError: The URL names no database that Kapell can use.
        NotFoundError: There is no audit log in it.
        StorageError: It cannot be read.
    """
    try:
        engine = _make_engine(url)
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        raise UsageError(f"`{url}` is no database that Kapell can use: {error}.") from error
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("audit_records"):
                raise NotFoundError("There is no audit log in this database.")
            yield connection
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(f"The database cannot be read: {str(cause).strip()}.") from error
    finally:
        engine.dispose()


def make_evidence_url(path: Path) -> str:
    """Return the URL of a SQLite file, to be opened for reading only. Raises `NotFoundError`."""
    if not path.is_file():
        raise NotFoundError(f"There is no database {path}.", hint="Name its folder with --data, or give --database.")
    # SQLite makes files beside one that is in WAL mode; on a medium that cannot be written it must be told not to.
    is_fixed = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    return f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro{'&immutable=1' if is_fixed else ''}&uri=true"


def count_records(connection: sa.Connection) -> int:
    """Return how many records there are."""
    return connection.execute(sa.select(sa.func.count()).select_from(_records)).scalar_one()


def read_log(connection: sa.Connection) -> Iterator[Evidence]:
    """Yield the whole log, as `lines` describes it."""
    counts = {"audit_records": 0, "audit_private": 0, "audit_heads": 0}
    yield from _iter_keys(connection)
    heads = _iter_heads(connection)
    head = next(heads, None)
    for row in _iter_records(connection):
        counts["audit_records"] += 1
        counts["audit_private"] += row.salt is not None or row.body is not None
        while head is not None and _comes_before(head[0], row.number):
            counts["audit_heads"] += 1
            yield head[1]
            head = next(heads, None)
        yield _make_record(row)
    while head is not None:
        counts["audit_heads"] += 1
        yield head[1]
        head = next(heads, None)
    yield from _find_surplus(connection, counts)
    yield from _iter_tail(connection)


def read_selection(connection: sa.Connection, where: RecordFilter) -> Iterator[Evidence]:
    """Yield the keys and the records that fit."""
    yield from _iter_keys(connection)
    fitting = sa.select(audit_records.c.number).where(*make_conditions(where))
    for row in _iter_records(connection, _records.c.number.in_(fitting)):
        yield _make_record(row)


def _make_engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            poolclass=sa.NullPool,
            isolation_level="REPEATABLE READ",
            connect_args={"options": "-c default_transaction_read_only=on"},
        )
    if parsed.get_backend_name() != "sqlite":
        raise UsageError(f"Kapell does not know databases of the kind `{parsed.get_backend_name()}`.")
    if parsed.database and not parsed.database.startswith("file:"):
        from_path = sa.make_url(url).database or ""
        parsed = sa.make_url(f"sqlite:///file:{quote(os.path.realpath(from_path))}?mode=ro&uri=true")
    engine = sa.create_engine(parsed, poolclass=sa.NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    # Somebody may have put bytes into a text that are none.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")


def _iter_records(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Iterator[sa.Row[Any]]:
    joined = _records.outerjoin(_private, _private.c.number == _records.c.number)
    statement = sa.select(_records, _private.c.salt, _private.c.body).select_from(joined).where(*conditions)
    yield from _iter_pages(connection, statement, _records.c.number)


def _iter_pages(
    connection: sa.Connection, unordered: sa.Select[Any], key: sa.ColumnClause[Any]
) -> Iterator[sa.Row[Any]]:
    page = statement = unordered.order_by(key).limit(_PAGE)
    while rows := connection.execute(page).all():
        yield from rows
        page = statement.where(key > getattr(rows[-1], key.name))


def _make_record(row: sa.Row[Any]) -> Evidence:
    if type(row.number) is not int:
        return Finding(kind="edited", place=f"record {row.number!r}", text="Its number is none.")
    try:
        public = PublicPart(at=_say_moment(row.at), **{name: getattr(row, name) for name in _PUBLIC})
        record = SealedRecord(
            public=public, commitment=_hex(row.commitment), previous=_hex(row.previous), private=_make_private(row)
        )
        return RecordLine(record=record, hash=_hex(row.hash))
    except _WRONG:
        text = "Its row holds values that are none of a record."
        finding = Finding(kind="edited", place=f"record {row.number}", text=text)
        return UnreadableLine(number=row.number, hash=row.hash, finding=finding)


def _make_private(row: sa.Row[Any]) -> Revealed | None:
    if row.salt is None and row.body is None:
        return None
    try:
        return Revealed(body=row.body.decode(), salt=_hex(row.salt))
    except _WRONG:
        return Revealed(body="", salt="")


def _iter_keys(connection: sa.Connection) -> Iterator[Evidence]:
    for row in connection.execute(sa.select(_keys).order_by(_keys.c.number)):
        try:
            introduction = Introduction(
                at=_say_moment(row.introduced_at),
                is_endorsed=_flag(row.is_endorsed),
                key_id=row.key_id,
                number=row.number,
                predecessor=row.predecessor,
                public_key=_hex(row.public_key),
            )
            key = KnownKey(introduction=introduction, signature=_hex(row.signature), endorsement=_hex(row.endorsement))
            yield KeyLine(key=key)
        except _WRONG:
            yield Finding(kind="edited", place=f"key {row.number}", text="Its row holds values that are none of a key.")


def _iter_heads(connection: sa.Connection) -> Iterator[tuple[Any, Evidence]]:
    """Yield the heads by size, each with it."""
    public_keys = {row.key_id: row.public_key for row in connection.execute(sa.select(_keys))}
    for row in _iter_pages(connection, sa.select(_heads), _heads.c.size):
        try:
            said = HeadStatement(
                at=_say_moment(row.at),
                key_id=row.key_id,
                number=row.number,
                previous=_hex(row.previous),
                public_key=_hex(public_keys.get(row.key_id, b"")),
                root=_hex(row.root),
                size=_whole(row.size),
            )
            line = HeadLine(head=Head(statement=said, signature=_hex(row.signature)), peaks=_hex(row.peaks))
        except _WRONG:
            text = "Its row holds values that are none of a head."
            yield row.size, Finding(kind="edited", place=f"head {row.number}", text=text)
        else:
            yield row.size, line


def _iter_tail(connection: sa.Connection) -> Iterator[Evidence]:
    for row in connection.execute(sa.select(_tail)):
        try:
            said = TailStatement(hash=_hex(row.hash), key_id=row.key_id, number=_whole(row.number))
            line: Line = TailLine(statement=said, signature=_hex(row.signature))
        except _WRONG:
            line = TailLine(statement=TailStatement(hash="", key_id="", number=-1), signature="")
        if row.one == 1:
            yield line
        else:
            yield Finding(kind="edited", place="last record", text="Its row is not the one that Kapell wrote.")


def _find_surplus(connection: sa.Connection, seen: dict[str, int]) -> Iterator[Finding]:
    """Yield what is in the tables and was not come by: rows that hang on nothing."""
    for table in (_records, _private, _heads):
        surplus = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() - seen[table.name]
        if surplus:
            yield Finding(kind="inserted", place=table.name, text=f"It holds {surplus} rows that belong to nothing.")


def _comes_before(size: Any, number: Any) -> bool:
    return type(size) is int and type(number) is int and size < number


def _hex(value: Any) -> str:
    if not isinstance(value, bytes | memoryview):
        raise TypeError(value)
    return value.hex()


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _flag(value: Any) -> bool:
    if value not in {0, 1}:
        raise ValueError(value)
    return bool(value)


def _say_moment(value: Any) -> str:
    return write_moment(_EPOCH + timedelta(microseconds=_whole(value)))
