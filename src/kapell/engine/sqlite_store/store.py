"""`RunStore` on SQLite: which transaction each call is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kapell.engine.counting import Counts
from kapell.engine.rows import to_microseconds
from kapell.engine.sqlite_store import counting, inbox, listeners, listing, ownership, pruning, reading
from kapell.engine.sqlite_store.appending import Appender, Positions
from kapell.engine.sqlite_store.events import SqliteEvents
from kapell.engine.sqlite_store.log import RunLog
from kapell.engine.sqlite_store.search import TextIndex
from kapell.errors import NotFoundError
from kapell.storage.database import Database
from kapell.storage.migrations.runs import RUNS_MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

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

_ADD_DEFINITION = "INSERT OR IGNORE INTO definitions (digest, source) VALUES (?, ?)"
_CLOSE_DAMAGED = """
    UPDATE runs SET status = 'damaged', error = ?1, updated_at = ?2, ended_at = ?2, parked_until = NULL
    WHERE run_id = ?3
"""
_ADD_FAULT = "INSERT INTO faults (run_key) SELECT run_key FROM runs WHERE run_id = ?"
SEARCH_DATABASE = "search.db"
"""The file beside the runs that holds the search index; it may be deleted, and is then made anew."""


class SqliteRunStore:
    """Durable runs in three SQLite files: one synced at every commit; those for log lines and for search are not."""

    commits_inline = True

    def __init__(self, path: Path, log_path: Path, *, busy_timeout_seconds: float = 5.0) -> None:
        """Open both files, creating or migrating them as needed.

        Args:
            path: The database of runs; its folder exists.
            log_path: The database of log lines.
            busy_timeout_seconds: How long a call waits while another process writes, before it raises `StorageError`.
                Short where the event loop's own thread commits, so that the caller can try again in another one.

        Raises:
            DatabaseUnusableError: A file is damaged, foreign, or of a newer Kapell.
            StorageError: A file cannot be opened or created.
        """
        self._database = Database(path, RUNS_MIGRATIONS, busy_timeout_seconds=busy_timeout_seconds)
        try:
            self._log = RunLog(log_path, busy_timeout_seconds)
        except BaseException:
            self._database.close()
            raise
        self._texts = TextIndex(path.with_name(SEARCH_DATABASE), self._database, busy_timeout_seconds)
        self.events = SqliteEvents(self._database)
        self._positions = Positions()
        self._put_definitions: set[str] = set()

    # -- ownership -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: datetime, lease_seconds: float) -> int:
        """Become the owner of all runs and return the new epoch."""
        with self._database.write() as connection:
            epoch = ownership.take_over(connection, owner, now, lease_seconds)
        self._positions.forget_all()
        self._texts.check()
        return epoch

    def renew(self, epoch: int, now: datetime, lease_seconds: float) -> None:
        """Prolong the lease. Raises `StaleOwnerError`."""
        with self._database.write() as connection:
            ownership.check_epoch(connection, epoch)
            ownership.prolong_lease(connection, now, lease_seconds)

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches in one transaction, durable when this returns."""
        try:
            with self._database.write() as connection:
                ownership.check_epoch(connection, epoch)
                appender = Appender(connection, self._positions)
                appender.write(batches)
        except BaseException:
            self._positions.subjects.forget_all()  # new ones may have been rolled back
            raise
        appender.keep_positions()

    def put_definition(self, digest: str, source: bytes) -> None:
        """Keep a workflow's source under its digest."""
        self._put_definitions.add(digest)
        try:
            reading.get_definition(self._database, digest)
        except NotFoundError:
            with self._database.write() as connection:
                connection.execute(_ADD_DEFINITION, (digest, source))

    def append_log(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines to a run's log, numbered on from the last."""
        self._log.append(run_id, lines)

    # -- reading ---------------------------------------------------------------------------------------------------

    def get_definition(self, digest: str) -> bytes:
        """Return a workflow's source. Raises `NotFoundError`."""
        return reading.get_definition(self._database, digest)

    def get_payload(self, digest: str) -> bytes:
        """Return a large value. Raises `NotFoundError`, `DamagedHistoryError`."""
        return reading.get_payload(self._database, digest)

    def get_record(self, run_id: str) -> RunRecord:
        """Return a run's projection. Raises `NotFoundError`."""
        return reading.get_record(self._database, run_id)

    def load_run(self, run_id: str) -> StoredRun:
        """Return what carries the run on. Raises `NotFoundError`, `DamagedHistoryError`."""
        return reading.load_run(self._database, run_id)

    def iter_history(self, run_id: str, after_seq: int = 0) -> Iterator[HistoryRow]:
        """Stream a run's batches that hold events numbered above `after_seq`."""
        return reading.iter_history(self._database, run_id, after_seq)

    def list_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> list[RunRecord]:
        """Return a page of runs, newest first."""
        return listing.list_runs(self._database, where, limit, after)

    def list_unfinished(self) -> list[RunRecord]:
        """Return every run that has not ended, oldest first."""
        return listing.list_unfinished(self._database)

    def find_runs_by_prefix(self, prefix: str, *, limit: int = 2) -> list[str]:
        """Return the ids of runs that begin with `prefix`, in order."""
        return listing.find_runs_by_prefix(self._database, prefix, limit)

    def read_log(
        self, run_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 1000
    ) -> list[LogLine]:
        """Return lines of a run's log, in order, numbered above `after_seq`; or the last ones below `before_seq`."""
        return self._log.read(run_id, after_seq, before_seq, limit)

    # -- counts --------------------------------------------------------------------------------------------------------

    def count_runs(self, where: CountFilter) -> list[Count]:
        """Return what happened in each bucket, oldest first."""
        return counting.count_runs(self._database, where)

    def count_by_subject(self, where: CountFilter) -> list[SubjectCount]:
        """Return what happened in all buckets together, by namespace, name and version."""
        return counting.count_by_subject(self._database, where)

    # -- the search index ----------------------------------------------------------------------------------------------

    def search_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> FoundRuns:
        """Return runs that have the filter's text, those stored last first."""
        return self._texts.find_runs(where, limit, after)

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of."""
        return self._texts.list_unindexed(limit)

    def index_texts(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs."""
        self._texts.add(texts)

    def clear_index(self) -> None:
        """Forget all that the index was told."""
        self._texts.clear()

    # -- the inbox -------------------------------------------------------------------------------------------------

    def put_command(self, run_id: str, body: bytes, now: datetime) -> int:
        """Leave a command for the owner, durable when this returns; return its id."""
        return inbox.put_command(self._database, run_id, body, now)

    def list_commands(self, after_id: int = 0) -> list[InboxCommand]:
        """Return the commands that wait, oldest first."""
        return inbox.list_commands(self._database, after_id)

    def answer_command(self, epoch: int, answer: InboxAnswer) -> None:
        """Take a command that led to no event out of the inbox, and keep its answer for a while."""
        with self._database.write() as connection:
            ownership.check_epoch(connection, epoch)
            inbox.answer_command(connection, answer)

    def find_answer(self, command_id: int) -> InboxAnswer | None:
        """Return what became of a command; `None` while it waits. Raises `NotFoundError`."""
        return inbox.find_answer(self._database, command_id)

    # -- care ------------------------------------------------------------------------------------------------------

    def close_damaged(self, epoch: int, run_id: str, error: str, now: datetime) -> None:
        """Mark a run whose history cannot be read as `damaged`. Raises `NotFoundError`."""
        with self._database.write() as connection:
            ownership.check_epoch(connection, epoch)
            if not connection.execute(_CLOSE_DAMAGED, (error, to_microseconds(now), run_id)).rowcount:
                raise NotFoundError(f"There is no run {run_id}.")
            connection.execute(_ADD_FAULT, (run_id,))
            listeners.drop_runs(connection, [run_id])
            counts = Counts()
            counts.add_end(reading.find_record(connection, run_id))
            counting.add_counts(connection, counting.SubjectKeys(), counts)

    def prune(self, epoch: int, ended_before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs that ended before then; return how many, 0 when none is left."""
        with self._database.write() as connection:
            ownership.check_epoch(connection, epoch)
            runs = pruning.list_old_runs(connection, to_microseconds(ended_before), limit)
            if runs:
                # The log first: a run that lost its log is pruned the next time, a log that lost its run never.
                self._log.drop(run.run_id for run in runs)
                self._texts.drop(run.run_key for run in runs)
                listeners.drop_runs(connection, [run.run_id for run in runs])
                pruning.drop_runs(connection, runs, self._put_definitions)
        self._positions.forget(run.run_id for run in runs)
        return len(runs)

    def close(self) -> None:
        """Close the files."""
        self._log.close()
        self._texts.close()
        self._database.close()
