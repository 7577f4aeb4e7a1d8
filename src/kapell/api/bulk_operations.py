"""Commands for many runs: found once, shown to whoever asks, and then given to exactly those runs, one after another.

A preview keeps the runs that it found. What is started is the preview, so that nothing is hit that was not shown,
whatever has come or moved since. The runs are seen to a few at a time, between whatever else the server does; what
became of them is written down after each few, so that a server that starts again goes on where the last one was.
A command that was given but not yet written down is then given a second time: a run that stands already where the
command leads counts as done.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from kapell.api.bulk_store import BulkOrder, BulkTarget, Operation, ReasonCount
from kapell.audit import AuditEntry
from kapell.engine.selecting import make_cursor
from kapell.errors import ConflictError, KapellError, LimitExceededError, NotFoundError, StorageError, UsageError
from kapell.ids import make_id
from kapell.kernel import commands as c
from kapell.kernel.transitions import LEGAL
from kapell.telemetry import get_logger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from kapell.api.bulk_store import BulkAction, BulkStore
    from kapell.clock import Clock
    from kapell.engine.engine import Engine
    from kapell.engine.store import RunFilter, RunRecord
    from kapell.identity.access import Access

log = get_logger(__name__)

MOST_RUNS = 50_000
"""How many runs one operation may be about."""

_AT_ONCE = 20
_PAGE = 500
_SAMPLE = 10
_RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 5.0

PERMISSIONS: dict[BulkAction, str] = {
    "cancel": "run.control",
    "suspend": "run.control",
    "resume": "run.control",
    "retry": "run.repair",
    "skip": "run.repair",
}
"""What each action needs in the namespace of each run."""

_LEADS_TO: dict[BulkAction, frozenset[str]] = {
    "cancel": frozenset({"cancelling", "cancelled"}),
    "suspend": frozenset({"suspended"}),
    "resume": frozenset({"running", "waiting", "completed"}),
    "retry": frozenset({"running", "waiting", "completed"}),
    "skip": frozenset({"running", "waiting", "completed"}),
}
"""Where a run may stand that has obeyed."""

_COMMANDS: dict[BulkAction, type[c.Command]] = {
    "cancel": c.CancelRun,
    "suspend": c.SuspendRun,
    "resume": c.ResumeRun,
    "retry": c.RetryTask,
    "skip": c.SkipTask,
}


class Preview(NamedTuple):
    """What an operation would do.

    Attributes:
        operation: The operation, not started.
        sample: Some of its runs, the newest.
        refusals: Why some of them would refuse, as they stand now, and how many.
    """

    operation: Operation
    sample: list[RunRecord]
    refusals: list[ReasonCount]


class BulkOperations:
    """Previews, starts and carries out bulk operations."""

    def __init__(self, store: BulkStore, engine: Engine, access: Access, clock: Clock) -> None:
        """Wire it; `begin` lets it work."""
        self.store = store
        self._engine = engine
        self._access = access
        self._clock = clock
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._in_doubt: set[str] | None = None

    # -- what callers ask ----------------------------------------------------------------------------------------------

    def preview(self, order: BulkOrder, where: RunFilter) -> Preview:
        """Find the runs and keep them, without doing anything to them. Blocks.

        Raises:
            LimitExceededError: There are too many.
            StorageError: They cannot be read or kept.
        """
        run_ids: list[str] = []
        sample: list[RunRecord] = []
        refusals: dict[str, int] = {}
        for record in self._iter_runs(where):
            if len(run_ids) == MOST_RUNS:
                raise LimitExceededError(
                    f"More than {MOST_RUNS:,} runs match.", hint="Narrow the filter, for example by time."
                )
            run_ids.append(record.run_id)
            if len(sample) < _SAMPLE:
                sample.append(record)
            reason = self._foresee(order, record)
            if reason:
                refusals[reason] = refusals.get(reason, 0) + 1
        now = self._clock.now()
        operation = Operation(
            bulk_id=make_id(now),
            state="preview",
            order=order,
            matched=len(run_ids),
            handled=0,
            created_at=now,
            started_at=None,
            ended_at=None,
        )
        self.store.add(operation, run_ids)
        rows = sorted(refusals.items(), key=lambda row: (-row[1], row[0]))
        return Preview(operation, sample, [ReasonCount(*row) for row in rows])

    async def start(self, bulk_id: str, expected: int) -> Operation:
        """Start what was previewed.

        Raises:
            NotFoundError: There is no such operation.
            UsageError: It is about another number of runs than the caller expects.
            ConflictError: It was started before.
        """
        operation = await asyncio.to_thread(self.store.get, bulk_id)
        if operation.matched != expected:
            raise UsageError(
                f"The preview has {operation.matched} runs, and not {expected}.",
                hint="Nothing was done. Look at the preview again, and start it with the number that it shows.",
            )
        await asyncio.to_thread(self.store.move, bulk_id, "preview", "running", self._clock.now())
        self._wake.set()
        return await asyncio.to_thread(self.store.get, bulk_id)

    async def cancel(self, bulk_id: str) -> Operation:
        """Leave the runs alone that have not been seen to yet. Raises `NotFoundError`, `ConflictError`."""
        await asyncio.to_thread(self.store.get, bulk_id)
        await asyncio.to_thread(self.store.move, bulk_id, "running", "cancelled", self._clock.now())
        return await asyncio.to_thread(self.store.get, bulk_id)

    def _iter_runs(self, where: RunFilter) -> Iterator[RunRecord]:
        store, after = self._engine.store, None
        while True:
            if where.text:
                found = store.search_runs(where, limit=_PAGE, after=after)
                yield from found.records
                after = found.next_after
                if after is None:
                    return
            else:
                records = store.list_runs(where, limit=_PAGE, after=after)
                yield from records
                if len(records) < _PAGE:
                    return
                after = make_cursor(where, records[-1])

    def _foresee(self, order: BulkOrder, record: RunRecord) -> str:
        """Return why a run would refuse, as it stands now; an empty text if it would not."""
        permission = PERMISSIONS[order.action]
        if not self._access.can(order.principal, permission, record.namespace):
            return f"This needs `{permission}` in the namespace `{record.namespace}`."
        status = "running" if record.status == "waiting" else record.status
        if _COMMANDS[order.action] not in LEGAL.get(status, frozenset()):
            return f"A run that is {record.status} cannot be given `{order.action}`."
        return ""

    # -- carrying them out ---------------------------------------------------------------------------------------------

    def begin(self, record: Callable[[AuditEntry], Awaitable[None]]) -> None:
        """Begin to carry out what was started, also before the last stop of the server; `record` writes the audit."""
        self._record = record
        self._task = asyncio.get_running_loop().create_task(self._run(), name="kapell-bulk")

    async def close(self) -> None:
        """Stop between two runs; the next start of the server goes on there."""
        self._closing.set()
        self._wake.set()
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=_CLOSE_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                running = await asyncio.to_thread(self.store.list_running)
                if self._in_doubt is None:
                    self._in_doubt = {operation.bulk_id for operation in running}
                for operation in running:
                    if self._closing.is_set():
                        return
                    await self._see_to_some(operation)
            except KapellError as error:
                log.warning("bulk_delayed", message=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if not running:
                await self._wake.wait()

    async def _see_to_some(self, operation: Operation) -> None:
        bulk_id = operation.bulk_id
        chosen = await asyncio.to_thread(self.store.list_targets, bulk_id, operation.handled, _AT_ONCE)
        if not chosen:
            try:
                await asyncio.to_thread(self.store.move, bulk_id, "running", "completed", self._clock.now())
            except ConflictError:
                return  # it was cancelled just now
            return
        is_again = self._in_doubt is not None and bulk_id in self._in_doubt
        seen_to = await self._give_all(operation, chosen, is_again=is_again)
        if self._in_doubt is not None:
            self._in_doubt.discard(bulk_id)
        await asyncio.to_thread(self.store.note, bulk_id, seen_to)

    async def _give_all(
        self, operation: Operation, chosen: Sequence[BulkTarget], *, is_again: bool
    ) -> list[BulkTarget]:
        looked_at = await asyncio.to_thread(self._look_at, operation.order, chosen)
        given = []
        for target, found in zip(chosen, looked_at, strict=True):
            given.append(asyncio.ensure_future(self._give(operation, target, found, is_again=is_again)))
            await asyncio.sleep(0)  # a run is read from disk: between two of them, others have their turn
        return list(await asyncio.gather(*given))

    def _look_at(self, order: BulkOrder, chosen: Sequence[BulkTarget]) -> list[RunRecord | str]:
        """Return each run that may be given the command now, or why it may not."""
        found: list[RunRecord | str] = []
        permission = PERMISSIONS[order.action]
        for target in chosen:
            try:
                record = self._engine.store.get_record(target.run_id)
            except NotFoundError as error:
                found.append(error.message)
                continue
            is_allowed = self._access.can(order.principal, permission, record.namespace)
            found.append(record if is_allowed else f"This needs `{permission}` in the namespace `{record.namespace}`.")
        return found

    async def _give(
        self, operation: Operation, target: BulkTarget, found: RunRecord | str, *, is_again: bool
    ) -> BulkTarget:
        if isinstance(found, str):
            return msgspec.structs.replace(target, outcome="refused", reason=found)
        order = operation.order
        actor = order.principal.act_from(order.origin)
        entry = AuditEntry.by(
            actor,
            f"run.{order.action}",
            f"run/{target.run_id}",
            namespace=found.namespace,
            reason=order.reason,
            details={"bulk": operation.bulk_id},
        )
        await self._record(entry)
        try:
            await self._command(order, target.run_id)
        except StorageError:
            raise
        except KapellError as error:
            if is_again and isinstance(error, ConflictError) and found.status in _LEADS_TO[order.action]:
                return msgspec.structs.replace(target, outcome="done")
            return msgspec.structs.replace(target, outcome="refused", reason=error.message)
        return msgspec.structs.replace(target, outcome="done")

    async def _command(self, order: BulkOrder, run_id: str) -> None:
        engine = self._engine
        reason = f"{order.principal.name} asked for it{': ' + order.reason if order.reason else '.'}"
        match order.action:
            case "cancel":
                await engine.cancel_run(run_id, reason)
            case "suspend":
                await engine.suspend_run(run_id, reason)
            case "resume":
                await engine.resume_run(run_id)
            case "retry":
                await engine.retry_task(run_id)
            case "skip":
                await engine.skip_task(run_id, order.output)
