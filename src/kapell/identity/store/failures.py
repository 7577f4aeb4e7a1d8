"""Rows of failed sign-ins, by their source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from kapell.storage.tables.identity import sign_in_failures

if TYPE_CHECKING:
    from datetime import datetime

_TABLE = sign_in_failures


def find_failures(connection: sa.Connection, source: str) -> tuple[int, datetime] | None:
    """Return how often a source failed and when it last did."""
    row = connection.execute(sa.select(_TABLE).where(_TABLE.c.source == source)).one_or_none()
    return None if row is None else (row.failures, row.last_failed_at)


def add_failure(connection: sa.Connection, source: str, now: datetime, *, forgotten_before: datetime) -> None:
    """Count a failure; those that are long ago are forgotten first."""
    is_old = (_TABLE.c.source == source) & (_TABLE.c.last_failed_at < forgotten_before)
    connection.execute(sa.delete(_TABLE).where(is_old))
    count = (
        sa.update(_TABLE).where(_TABLE.c.source == source).values(failures=_TABLE.c.failures + 1, last_failed_at=now)
    )
    if connection.execute(count).rowcount:
        return
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(_TABLE).values(source=source, failures=1, last_failed_at=now))
    except IntegrityError:  # another server counted the first one meanwhile
        connection.execute(count)


def forget_source(connection: sa.Connection, source: str) -> None:
    """Forget what a source did."""
    connection.execute(sa.delete(_TABLE).where(_TABLE.c.source == source))


def forget_before(connection: sa.Connection, moment: datetime) -> int:
    """Forget the sources that have not failed since; return how many there were."""
    return connection.execute(sa.delete(_TABLE).where(_TABLE.c.last_failed_at < moment)).rowcount
