"""The one row that says who may write."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from kapell.engine.rows import to_microseconds
from kapell.errors import StaleOwnerError

if TYPE_CHECKING:
    from kapell.engine.postgres_store.connections import Connection

_TAKE_OVER = """
    INSERT INTO owner ("only", epoch, name, acquired_at, lease_until) VALUES (1, 1, %(name)s, %(now)s, %(until)s)
    ON CONFLICT ("only") DO UPDATE
    SET epoch = owner.epoch + 1, name = %(name)s, acquired_at = %(now)s, lease_until = %(until)s
    RETURNING epoch
"""
_FIND_OWNER = "SELECT epoch, name FROM owner FOR NO KEY UPDATE"
_PROLONG = "UPDATE owner SET lease_until = %s WHERE epoch = %s"


def take_over(connection: Connection, owner: str, now: datetime, lease_seconds: float) -> int:
    """Make `owner` the owner and return its epoch; an append under way ends first."""
    values = {"name": owner, "now": to_microseconds(now), "until": _end_of_lease(now, lease_seconds)}
    row = connection.execute(_TAKE_OVER, values).fetchone()
    assert row is not None
    return int(row[0])


def check_epoch(connection: Connection, epoch: int) -> None:
    """Raise `StaleOwnerError` unless `epoch` is the present owner's.

    Inside a transaction the owner's row stays locked: nobody takes over before it ends, and where the former
    transaction of a lost connection has not ended yet, this waits for it.
    """
    row = connection.execute(_FIND_OWNER).fetchone()
    if row is None or row[0] != epoch:
        raise _make_error(row, epoch)


def explain_refusal(connection: Connection, epoch: int) -> StaleOwnerError:
    """Return why a write under `epoch` was refused."""
    return _make_error(connection.execute(_FIND_OWNER).fetchone(), epoch)


def prolong_lease(connection: Connection, epoch: int, now: datetime, lease_seconds: float) -> None:
    """Set a new end to the lease of the owner of `epoch`. Raises `StaleOwnerError` if there is another."""
    if not connection.execute(_PROLONG, (_end_of_lease(now, lease_seconds), epoch)).rowcount:
        raise explain_refusal(connection, epoch)


def _make_error(row: tuple[Any, ...] | None, epoch: int) -> StaleOwnerError:
    if row is None:
        return StaleOwnerError("Nobody owns the runs of this database: acquire them before writing.")
    return StaleOwnerError(
        f"The runs were taken over by {row[1]} (epoch {row[0]}, ours is {epoch}); nothing was written.",
        hint="Stop this process; the other one carries the runs on.",
    )


def _end_of_lease(now: datetime, lease_seconds: float) -> int:
    return to_microseconds(now + timedelta(seconds=lease_seconds))
