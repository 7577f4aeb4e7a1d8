"""The server's tables, declared once for SQLite and PostgreSQL; `server_migrations/` leads a database here.

Each module declares the tables of one feature in the shared `metadata`. Times are `Moment`s: whole microseconds since
1970 in UTC in the database, aware datetimes in Python.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Dialect, MetaData
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    _Moments = TypeDecorator[datetime]
else:
    _Moments = TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_one_%(column_0_N_name)s",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_of_%(referred_table_name)s",
        "pk": "%(table_name)s_key",
    }
)


class Moment(_Moments):
    """An aware datetime, kept as microseconds: the same order, size and arithmetic in both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return what is stored."""
        del dialect
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return what was meant."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)
