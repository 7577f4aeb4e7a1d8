"""Events on PostgreSQL: the tables of `kapell.storage.schema`, where their reasons stand, in PostgreSQL's words.

What differs: an index names `position`, where SQLite's ends in it by itself; and it holds only the beginning of words
that may be long, because PostgreSQL refuses a row whose entry in an index exceeds some 2,700 bytes.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TEXT

from kapell.storage.tables import Moment, metadata

_ONLY_POSTGRESQL = {"only": "postgresql"}
_SortedText = TEXT(collation="C")

INDEXED_LENGTH = 200
"""How much of a word is in its index, in characters."""


def _take_begin(column: str) -> sa.TextClause:
    return sa.text(f'"left"({column}, {INDEXED_LENGTH})')


def _index(column: str, *more: sa.TextClause, where: sa.TextClause | None = None) -> sa.Index:
    return sa.Index(f"events_by_{column}", _take_begin(column), "namespace", "position", *more, postgresql_where=where)


events = sa.Table(
    "events",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("arrived_at", Moment, nullable=False),
    sa.Column("namespace", _SortedText, nullable=False),
    sa.Column("source", _SortedText, nullable=False),
    sa.Column("event_id", _SortedText, nullable=False),
    sa.Column("type", _SortedText, nullable=False),
    sa.Column("subject", _SortedText),
    sa.Column("via", _SortedText, nullable=False),
    sa.Column("event_hash", BYTEA, nullable=False, unique=True),
    sa.Column("body", BYTEA, nullable=False),
    sa.Index("events_by_arrival", "arrived_at", "position"),
    sa.Index("events_by_namespace", "namespace", "position"),
    _index("type"),
    _index("source", _take_begin("type")),
    _index("subject", where=sa.text("subject IS NOT NULL")),
    _index("event_id"),
    _index("via", _take_begin("type")),
    postgresql_with={"toast_tuple_target": 8160},
    info=_ONLY_POSTGRESQL,
)

pruned_events = sa.Table(
    "pruned_events",
    metadata,
    sa.Column("only", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.CheckConstraint('"only" = 1', name="one_row"),
    info=_ONLY_POSTGRESQL,
)

event_uses = sa.Table(
    "event_uses",
    metadata,
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("run_id", _SortedText, nullable=False),
    sa.Column("reference", _SortedText, nullable=False),
    sa.Index("event_uses_key", "position", "at", "run_id", _take_begin("reference"), unique=True),
    info=_ONLY_POSTGRESQL,
)

event_cursors = sa.Table(
    "event_cursors",
    metadata,
    sa.Column("name", _SortedText, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    info=_ONLY_POSTGRESQL,
)

listen_shapes = sa.Table(
    "listen_shapes",
    metadata,
    sa.Column("shape_key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("shape", sa.Text, nullable=False),
    info=_ONLY_POSTGRESQL,
)

listeners = sa.Table(
    "listeners",
    metadata,
    sa.Column("digest", BYTEA, primary_key=True),
    sa.Column("run_id", _SortedText, primary_key=True),
    sa.Column("entry", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("shape_key", sa.BigInteger, nullable=False),
    sa.Index("listeners_by_run", "run_id", "entry"),
    sa.Index("listeners_by_shape", "shape_key"),
    info=_ONLY_POSTGRESQL,
)
