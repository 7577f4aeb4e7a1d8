"""The one row that says who may write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from kapell.engine.rows import to_microseconds
from kapell.errors import StaleOwnerError

if TYPE_CHECKING:
    import sqlite3

_TAKE_OVER = """
    INSERT INTO owner (only, epoch, name, acquired_at, lease_until) VALUES (1, 1, ?1, ?2, ?3)
    ON CONFLICT (only) DO UPDATE SET epoch = epoch + 1, name = ?1, acquired_at = ?2, lease_until = ?3
    RETURNING epoch
"""
_FIND_OWNER = "SELECT epoch, name FROM owner"
_PROLONG = "UPDATE owner SET lease_until = ?"


def take_over(connection: sqlite3.Connection, owner: str, now: datetime, lease_seconds: float) -> int:
    """Make `owner` the owner and return its epoch."""
    (epoch,) = connection.execute(
        _TAKE_OVER, (owner, to_microseconds(now), _end_of_lease(now, lease_seconds))
    ).fetchone()
    return int(epoch)


def check_epoch(connection: sqlite3.Connection, epoch: int) -> None:
    """Raise `StaleOwnerError` unless `epoch` is the present owner's. Call it inside the transaction it protects."""
    row = connection.execute(_FIND_OWNER).fetchone()
    if row is None:
        raise StaleOwnerError("Nobody owns the runs of this data folder: acquire them before writing.")
    if row[0] != epoch:
        raise StaleOwnerError(
            f"The runs were taken over by {row[1]} (epoch {row[0]}, ours is {epoch}); nothing was written.",
            hint="Stop this process; the other one carries the runs on.",
        )


def prolong_lease(connection: sqlite3.Connection, now: datetime, lease_seconds: float) -> None:
    """Set a new end to the present owner's lease."""
    connection.execute(_PROLONG, (_end_of_lease(now, lease_seconds),))


def _end_of_lease(now: datetime, lease_seconds: float) -> int:
    return to_microseconds(now + timedelta(seconds=lease_seconds))
