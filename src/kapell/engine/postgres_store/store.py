"""`RunStore` on PostgreSQL: which transaction each call is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kapell.engine.counting import Counts
from kapell.engine.postgres_store import (
    counting,
    inbox,
    listeners,
    listing,
    log,
    ownership,
    pruning,
    reading,
    search,
    searching,
)
from kapell.engine.postgres_store.appending import Appender
from kapell.engine.postgres_store.connections import Connections
from kapell.engine.postgres_store.events import PostgresEvents
from kapell.engine.rows import to_microseconds
from kapell.errors import NotFoundError
from kapell.storage.postgres_arrays import encode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kapell.engine.postgres_store.connections import Connection
    from kapell.engine.store import (
        Batch,
        Count,
        CountFilter,
        FoundRuns,
        HistoryRow,
        InboxAnswer,
        InboxCommand,
        LogLine,
        RunFilter,
        RunRecord,
        RunText,
        StoredRun,
        SubjectCount,
        UnindexedRun,
    )

_ADD_DEFINITION = "INSERT INTO definitions (digest, source) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_CLOSE_DAMAGED = """
    UPDATE runs SET status = 'damaged', error = %(error)s, updated_at = %(now)s, ended_at = %(now)s, parked_until = NULL
    WHERE run_id = %(run_id)s
"""
_ADD_FAULT = "INSERT INTO faults (run_key) SELECT run_key FROM runs WHERE run_id = %s"


class PostgresRunStore:
    """Durable runs in a PostgreSQL database whose tables `ServerDatabase` has made."""

    commits_inline = False

    def __init__(self, url: str) -> None:
        """Connect to a database.

        Args:
            url: `postgresql://<user>:<password>@<host>:<port>/<name>`.

        Raises:
            UsageError: The URL cannot be read.
            DatabaseUnusableError: The server is too old, or the database has no Unicode.
            StorageError: It cannot be connected to.
        """
        self._connections = Connections(url)
        self.events = PostgresEvents(self._connections)
        self._appender = Appender()
        self._put_definitions: set[str] = set()

    # -- ownership -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: datetime, lease_seconds: float) -> int:
        """Become the owner of all runs and return the new epoch."""
        with self._connections.write() as connection:
            epoch = ownership.take_over(connection, owner, now, lease_seconds)
            self._appender.forget_all()
        search.check(self._connections)
        return epoch

    def renew(self, epoch: int, now: datetime, lease_seconds: float) -> None:
        """Prolong the lease. Raises `StaleOwnerError`."""
        with self._connections.write() as connection:
            ownership.prolong_lease(connection, epoch, now, lease_seconds)

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches in one transaction, durable when this returns.

        When the connection breaks meanwhile, it may have been written although this raises `StorageError`: the same
        call, made again, finds that out.
        """
        with self._connections.write() as connection:
            self._appender.append(connection, epoch, batches)

    def put_definition(self, digest: str, source: bytes) -> None:
        """Keep a workflow's source under its digest."""
        self._put_definitions.add(digest)
        try:
            reading.get_definition(self._connections, digest)
        except NotFoundError:
            with self._connections.write() as connection:
                connection.execute(_ADD_DEFINITION, (digest, source))

    def append_log(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines to a run's log, numbered on from the last."""
        log.append_lines(self._connections, run_id, lines)

    # -- reading ---------------------------------------------------------------------------------------------------

    def get_definition(self, digest: str) -> bytes:
        """Return a workflow's source. Raises `NotFoundError`."""
        return reading.get_definition(self._connections, digest)

    def get_payload(self, digest: str) -> bytes:
        """Return a large value. Raises `NotFoundError`, `DamagedHistoryError`."""
        return reading.get_payload(self._connections, digest)

    def get_record(self, run_id: str) -> RunRecord:
        """Return a run's projection. Raises `NotFoundError`."""
        return reading.get_record(self._connections, run_id)

    def load_run(self, run_id: str) -> StoredRun:
        """Return what carries the run on. Raises `NotFoundError`, `DamagedHistoryError`."""
        return reading.load_run(self._connections, run_id)

    def iter_history(self, run_id: str, after_seq: int = 0) -> Iterator[HistoryRow]:
        """Stream a run's batches that hold events numbered above `after_seq`."""
        return reading.iter_history(self._connections, run_id, after_seq)

    def list_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> list[RunRecord]:
        """Return a page of runs, newest first."""
        return listing.list_runs(self._connections, where, limit, after)

    def list_unfinished(self) -> list[RunRecord]:
        """Return every run that has not ended, oldest first."""
        return listing.list_unfinished(self._connections)

    def find_runs_by_prefix(self, prefix: str, *, limit: int = 2) -> list[str]:
        """Return the ids of runs that begin with `prefix`, in order."""
        return listing.find_runs_by_prefix(self._connections, prefix, limit)

    def read_log(
        self, run_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 1000
    ) -> list[LogLine]:
        """Return lines of a run's log, in order, numbered above `after_seq`; or the last ones below `before_seq`."""
        return log.read_lines(self._connections, run_id, after_seq, before_seq, limit)

    # -- counts --------------------------------------------------------------------------------------------------------

    def count_runs(self, where: CountFilter) -> list[Count]:
        """Return what happened in each bucket, oldest first."""
        return counting.count_runs(self._connections, where)

    def count_by_subject(self, where: CountFilter) -> list[SubjectCount]:
        """Return what happened in all buckets together, by namespace, name and version."""
        return counting.count_by_subject(self._connections, where)

    # -- the search index ----------------------------------------------------------------------------------------------

    def search_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> FoundRuns:
        """Return runs that have the filter's text, those stored last first."""
        return searching.find_runs(self._connections, where, limit, after)

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of."""
        return search.list_unindexed(self._connections, limit)

    def index_texts(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs."""
        search.add_texts(self._connections, texts)

    def clear_index(self) -> None:
        """Forget all that the index was told."""
        search.clear(self._connections)

    # -- the inbox -------------------------------------------------------------------------------------------------

    def put_command(self, run_id: str, body: bytes, now: datetime) -> int:
        """Leave a command for the owner, durable when this returns; return its id."""
        return inbox.put_command(self._connections, run_id, body, now)

    def list_commands(self, after_id: int = 0) -> list[InboxCommand]:
        """Return the commands that wait, oldest first."""
        return inbox.list_commands(self._connections, after_id)

    def answer_command(self, epoch: int, answer: InboxAnswer) -> None:
        """Take a command that led to no event out of the inbox, and keep its answer for a while."""
        with self._write_as(epoch) as connection:
            inbox.answer_command(connection, answer)

    def find_answer(self, command_id: int) -> InboxAnswer | None:
        """Return what became of a command; `None` while it waits. Raises `NotFoundError`."""
        return inbox.find_answer(self._connections, command_id)

    # -- care ------------------------------------------------------------------------------------------------------

    def close_damaged(self, epoch: int, run_id: str, error: str, now: datetime) -> None:
        """Mark a run whose history cannot be read as `damaged`. Raises `NotFoundError`."""
        values = {"error": encode_text(error).decode(), "now": to_microseconds(now), "run_id": run_id}
        with self._write_as(epoch) as connection:
            if not connection.execute(_CLOSE_DAMAGED, values).rowcount:
                raise NotFoundError(f"There is no run {run_id}.")
            connection.execute(_ADD_FAULT, (run_id,))
            listeners.drop_runs(connection, [run_id])
            counts = Counts()
            counts.add_end(reading.find_record(connection, run_id))
            counting.add_counts(connection, counts)

    def prune(self, epoch: int, ended_before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs that ended before then; return how many, 0 when none is left."""
        with self._write_as(epoch) as connection:
            runs = pruning.list_old_runs(connection, to_microseconds(ended_before), limit)
            if runs:
                listeners.drop_runs(connection, [run.run_id for run in runs])
                pruning.drop_runs(connection, runs, self._put_definitions)
                self._appender.forget(run.run_id for run in runs)
        return len(runs)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    @contextmanager
    def _write_as(self, epoch: int) -> Iterator[Connection]:
        """Give the writing connection in a transaction that only the owner of `epoch` gets."""
        with self._connections.write() as connection, connection.transaction():
            ownership.check_epoch(connection, epoch)
            yield connection
