"""Starting runs for callers: each start has its audit record, and an idempotency key starts one run only.

Starts that arrive together share one transaction, in which their audit records and idempotency keys are written. Only
then the engine is asked. If the server dies in between, the record says that a run was asked for which is not there,
and the same request with the same key starts it, under the same id.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from kapell.audit import AuditEntry
from kapell.errors import ConflictError, NotFoundError
from kapell.ids import make_run_id
from kapell.storage.tables.requests import idempotency_keys as keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from kapell.api.live import LiveEvents
    from kapell.audit import Actor, AuditLog
    from kapell.clock import Clock
    from kapell.engine.engine import Engine
    from kapell.engine.seals import ContentHashes
    from kapell.engine.store import RunRecord
    from kapell.language.model import Workflow
    from kapell.storage.server_database import ServerDatabase

KEPT = timedelta(days=7)
"""How long an idempotency key is remembered."""

_MOST_AT_ONCE = 200
_PAUSE_SECONDS = 0.0001
_LONGEST_PAUSE_SECONDS = 0.003
"""A transaction costs as much as twenty records in it. So it waits for more of them, the longer the more starts are
under way; who starts runs one after the other is not held up."""

_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class _Start:
    """One start that waits to be written."""

    __slots__ = ("content", "digest", "done", "entry", "key", "principal_id", "run_id")

    def __init__(
        self, run_id: str, principal_id: str, key: str | None, content: bytes, digest: bytes, entry: AuditEntry
    ) -> None:
        self.run_id = run_id
        self.principal_id = principal_id
        self.key = key
        self.content = content
        self.digest = digest
        self.entry = entry
        self.done: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def make_row(self, now: datetime) -> dict[str, Any]:
        return {
            "principal_id": self.principal_id,
            "key": self.key,
            "digest": self.digest,
            "run_id": self.run_id,
            "created_at": now,
        }


class RunStarts:
    """Writes down who starts what, many at a time, and starts it."""

    def __init__(
        self,
        *,
        database: ServerDatabase,
        audit: AuditLog,
        engine: Engine,
        live: LiveEvents,
        clock: Clock,
        hashes: ContentHashes,
    ) -> None:
        """Wire it."""
        self._database = database
        self._audit = audit
        self._engine = engine
        self._live = live
        self._clock = clock
        self._hashes = hashes
        self._waiting: list[_Start] = []
        self._under_way = 0
        self._task: asyncio.Task[None] | None = None

    async def start(  # noqa: PLR0913 -- who starts what, and by which of two ways it is not started twice
        self,
        actor: Actor,
        workflow: Workflow,
        name: str,
        namespace: str,
        value: Any,
        key: str | None,
        *,
        traceparent: str | None = None,
        run_id: str | None = None,
        heard: Sequence[int] = (),
    ) -> tuple[RunRecord, bool]:
        """Start a run, and return its record when it is on disk, and whether it is new.

        Args:
            actor: Who starts it.
            workflow: What is run.
            name: The workflow as the audit log names it: `workflow/<namespace>/<name>@<version>`.
            namespace: Its namespace.
            value: The raw input.
            key: The idempotency key, if one was given.
            traceparent: The caller's trace, if it has sent one (W3C Trace Context).
            run_id: The id that the run must have; one that is there already is left alone. For callers that start
                nothing twice at the same time.
            heard: The positions of the events that the run starts for, in order.

        Raises:
            ConflictError: The key has been used for something else.
            UsageError: The workflow cannot run yet, or the input is too large.
        """
        if run_id is not None and (there := await self._find_record(run_id)) is not None:
            return there, False
        run_id = run_id or make_run_id(self._clock.now())
        content = name.encode() + b"\0" + _encode_sorted(value)
        digest = self._hashes.make(content)
        entry = AuditEntry.by(
            actor, "run.start", f"run/{run_id}", namespace=namespace, after_digest=digest.hex(), details={"of": name}
        )
        start = _Start(run_id, actor.actor_id, key, content, digest, entry)
        self._under_way += 1
        try:
            await self._engine.prepare(workflow)
            found = await self._write(start)
            record = None if found == run_id else await self._find_record(found)
            if record is not None:
                return record, False
            with self._live.expect_start(found) as on_disk:
                self._engine.start_run(workflow, value, run_id=found, traceparent=traceparent, heard=heard)
                return await on_disk, True
        finally:
            self._under_way -= 1

    async def _write(self, start: _Start) -> str:
        """Return the id of the run that is to be started, or was, once that is written down."""
        self._waiting.append(start)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write_waiting())
        return await start.done

    async def _find_record(self, run_id: str) -> RunRecord | None:
        """Return the record of a run that another request has started, which may be under way to the disk."""
        if (starting := self._live.find_start(run_id)) is not None:
            return await asyncio.shield(starting)
        try:
            return await asyncio.to_thread(self._engine.store.get_record, run_id)
        except NotFoundError:
            return None

    async def _write_waiting(self) -> None:
        while self._waiting:
            if self._under_way > 1:
                await asyncio.sleep(min(self._under_way * _PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS))
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            try:
                found = await asyncio.to_thread(self._write_batch, batch, self._clock.now())
            except BaseException as error:  # noqa: BLE001 -- each that waits is told
                for start in batch:
                    if not start.done.done():
                        start.done.set_exception(error)
                continue
            for start, result in zip(batch, found, strict=True):
                if start.done.done():
                    continue
                if isinstance(result, str):
                    start.done.set_result(result)
                else:
                    start.done.set_exception(result)
        self._task = None

    def _write_batch(self, batch: Sequence[_Start], now: datetime) -> list[str | ConflictError]:
        with self._database.write() as connection:
            known = _find_known(connection, batch)
            results: list[str | ConflictError] = []
            new: list[_Start] = []
            for start in batch:
                own = (start.run_id, start.digest)
                run_id, digest = known.setdefault((start.principal_id, start.key), own) if start.key else own
                is_same = digest == start.digest or self._hashes.match(start.content, digest)
                results.append(run_id if is_same else _refuse(start.key))
                if run_id == start.run_id:
                    new.append(start)
            rows = [start.make_row(now) for start in new if start.key]
            if rows:
                connection.execute(sa.insert(keys), rows)
            self._audit.append_many(connection, [start.entry for start in new], now)
        return results

    def forget_old_keys(self) -> int:
        """Forget idempotency keys that are older than `KEPT`; return how many."""
        with self._database.write() as connection:
            before = self._clock.now() - KEPT
            return connection.execute(sa.delete(keys).where(keys.c.created_at < before)).rowcount


def _find_known(connection: sa.Connection, batch: Sequence[_Start]) -> dict[tuple[str, str | None], tuple[str, bytes]]:
    wanted = {(start.principal_id, start.key) for start in batch if start.key}
    if not wanted:
        return {}
    where = sa.tuple_(keys.c.principal_id, keys.c.key).in_(sorted(wanted))
    rows = connection.execute(sa.select(keys.c.principal_id, keys.c.key, keys.c.run_id, keys.c.digest).where(where))
    return {(row.principal_id, row.key): (row.run_id, bytes(row.digest)) for row in rows}


def _refuse(key: str | None) -> ConflictError:
    return ConflictError(
        f"The idempotency key `{key}` was used for another request.", hint="Make a new key for each new request."
    )
