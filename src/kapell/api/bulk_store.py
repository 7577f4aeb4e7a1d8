"""Bulk operations in the server's database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from kapell.api.asked_runs import AskedRuns
from kapell.errors import ConflictError, NotFoundError
from kapell.identity.model import Principal
from kapell.storage.tables.bulk import bulk_operations as operations
from kapell.storage.tables.bulk import bulk_targets as targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kapell.storage.server_database import ServerDatabase

BulkAction = Literal["cancel", "suspend", "resume", "retry", "skip"]
BulkState = Literal["preview", "running", "completed", "cancelled"]
Outcome = Literal["done", "refused"]

PREVIEW_KEPT = timedelta(hours=1)
OPERATION_KEPT = timedelta(days=30)
_ROWS_AT_ONCE = 2000  # some 10 ms, which is how long others wait to write
_MOST_REASONS = 20


class BulkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done to many runs, and for whom.

    Attributes:
        action: The command that each run is given.
        runs: Which runs were asked for.
        reason: Why.
        output: What counts as the failed task's output, for `skip`.
        principal: Who asked.
        origin: From where.
    """

    action: BulkAction
    runs: AskedRuns
    reason: str
    output: Any = msgspec.UNSET
    principal: Principal
    origin: str


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk operation, as it is stored.

    Attributes:
        bulk_id: Its id.
        state: `preview` until it is started; `running` until every run was seen to, or it was cancelled.
        order: What is to be done.
        matched: How many runs it is about.
        handled: The number of the last run that was seen to.
        created_at: When it was previewed.
        started_at: When it was started.
        ended_at: When it ended.
    """

    bulk_id: str
    state: BulkState
    order: BulkOrder
    matched: int
    handled: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class BulkTarget(msgspec.Struct, frozen=True):
    """A run that a bulk operation is about.

    Attributes:
        number: Its number in the operation, from 1.
        run_id: The run.
        outcome: What became of it; null until it was seen to.
        reason: Why it was refused.
    """

    number: int
    run_id: str
    outcome: Outcome | None = None
    reason: str = ""


class ReasonCount(msgspec.Struct, frozen=True):
    """For how many runs a command was, or would be, refused with one reason."""

    reason: str
    count: int


class BulkStore:
    """Keeps bulk operations. Its methods block."""

    def __init__(self, database: ServerDatabase) -> None:
        """Keep them in `database`."""
        self._database = database

    def add(self, operation: Operation, run_ids: Sequence[str]) -> None:
        """Add a preview with its runs. Nothing of it is seen before all is there."""
        row = {name: getattr(operation, name) for name in operation.__struct_fields__ if name != "order"}
        row["order"] = msgspec.json.encode(operation.order)
        row["actor_id"] = operation.order.principal.principal_id
        row["actor_name"] = operation.order.principal.name
        rows = [
            {"bulk_id": operation.bulk_id, "number": number, "run_id": run_id, "reason": ""}
            for number, run_id in enumerate(run_ids, 1)
        ]
        with self._database.write() as connection:
            connection.execute(sa.insert(operations).values(row))
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            with self._database.write() as connection:
                connection.execute(sa.insert(targets), rows[first : first + _ROWS_AT_ONCE])

    def get(self, bulk_id: str) -> Operation:
        """Return an operation. Raises `NotFoundError`."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(operations).where(operations.c.bulk_id == bulk_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no bulk operation {bulk_id}.", hint="Previews are kept for an hour.")
        return _read(row)

    def list_page(self, actor_id: str | None, limit: int, after: str | None) -> list[Operation]:
        """Return operations that were started, the newest first: of one principal, or of all."""
        query = sa.select(operations).where(operations.c.state != "preview")
        if actor_id is not None:
            query = query.where(operations.c.actor_id == actor_id)
        if after is not None:
            query = query.where(operations.c.bulk_id < after)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query.order_by(operations.c.bulk_id.desc()).limit(limit))]

    def list_running(self) -> list[Operation]:
        """Return operations that have runs left, the oldest first."""
        query = sa.select(operations).where(operations.c.state == "running").order_by(operations.c.bulk_id)
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def list_targets(self, bulk_id: str, after: int, limit: int, outcome: Outcome | None = None) -> list[BulkTarget]:
        """Return runs of an operation with a larger number than `after`, in order."""
        query = sa.select(targets.c.number, targets.c.run_id, targets.c.outcome, targets.c.reason).where(
            targets.c.bulk_id == bulk_id, targets.c.number > after
        )
        if outcome is not None:
            query = query.where(targets.c.outcome == outcome)
        with self._database.read() as connection:
            return [BulkTarget(*row) for row in connection.execute(query.order_by(targets.c.number).limit(limit))]

    def count_outcomes(self, bulk_id: str) -> tuple[int, int, list[ReasonCount]]:
        """Return how many runs obeyed, how many refused, and the most frequent reasons."""
        query = (
            sa.select(targets.c.outcome, targets.c.reason, sa.func.count())
            .where(targets.c.bulk_id == bulk_id, targets.c.outcome.is_not(None))
            .group_by(targets.c.outcome, targets.c.reason)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        refusals = [ReasonCount(reason, count) for outcome, reason, count in rows if outcome == "refused"]
        refusals.sort(key=lambda each: (-each.count, each.reason))
        done = sum(count for outcome, _, count in rows if outcome == "done")
        return done, sum(each.count for each in refusals), refusals[:_MOST_REASONS]

    def move(self, bulk_id: str, before: BulkState, after: BulkState, now: datetime) -> None:
        """Let an operation go from one state to another. Raises `ConflictError` if it is not in the first."""
        moment = operations.c.started_at if after == "running" else operations.c.ended_at
        with self._database.write() as connection:
            changed = connection.execute(
                sa.update(operations)
                .where(operations.c.bulk_id == bulk_id, operations.c.state == before)
                .values({"state": after, moment.name: now})
            )
            if not changed.rowcount:
                raise ConflictError(f"The bulk operation {bulk_id} is not in the state `{before}` any more.")

    def note(self, bulk_id: str, seen_to: Sequence[BulkTarget]) -> bool:
        """Note what became of runs, and tell whether the operation still goes on."""
        rows = [{"of": bulk_id, "nth": each.number, "became": each.outcome, "why": each.reason} for each in seen_to]
        with self._database.write() as connection:
            connection.execute(
                sa.update(targets)
                .where(targets.c.bulk_id == sa.bindparam("of"), targets.c.number == sa.bindparam("nth"))
                .values(outcome=sa.bindparam("became"), reason=sa.bindparam("why")),
                rows,
            )
            connection.execute(
                sa.update(operations).where(operations.c.bulk_id == bulk_id).values(handled=seen_to[-1].number)
            )
            state = connection.execute(sa.select(operations.c.state).where(operations.c.bulk_id == bulk_id))
            return bool(state.scalar_one() == "running")

    def forget_old(self, now: datetime) -> int:
        """Forget previews that nobody started, and operations that ended long ago; return how many."""
        is_old = sa.or_(
            sa.and_(operations.c.state == "preview", operations.c.created_at < now - PREVIEW_KEPT),
            operations.c.ended_at < now - OPERATION_KEPT,
        )
        with self._database.read() as connection:
            old = connection.execute(sa.select(operations.c.bulk_id).where(is_old)).scalars().all()
        for bulk_id in old:
            with self._database.write() as connection:
                connection.execute(sa.delete(targets).where(targets.c.bulk_id == bulk_id))
                connection.execute(sa.delete(operations).where(operations.c.bulk_id == bulk_id))
        return len(old)


def _read(row: Any) -> Operation:
    return Operation(
        bulk_id=row.bulk_id,
        state=row.state,
        order=msgspec.json.decode(row.order, type=BulkOrder),
        matched=row.matched,
        handled=row.handled,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
