"""A `RunStore` around another: what runs work with is sealed on its way to the database, and opened on its way back.

Both kinds of rows may lie side by side, as encryption can be switched on and off at any time: what is sealed shows by
itself (`kapell.engine.seal_marks`). The keys are asked for when the first value has to be sealed or opened: most
commands meet none, and what seals takes long to load.

Of an event, the body is sealed; what it is searched by is not (`kapell.engine.sealed_events`).

A row that does not open with its key was changed or put in another's place: its run is damaged. A key that is not here
damages nothing: `MasterKeyError` says which one is missing, and the run goes on once it is back.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kapell.engine.rows import to_microseconds
from kapell.engine.seal_marks import (
    is_sealed,
    is_sealed_text,
    read_plain,
    read_plain_text,
    store_plain,
    store_plain_text,
)
from kapell.engine.sealed_events import SealedEvents
from kapell.engine.soundness import make_damage
from kapell.engine.store import StoredRun
from kapell.errors import DamagedHistoryError, KapellError, NotFoundError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from kapell.engine.seals import Seals
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
        RunStore,
        RunText,
        SubjectCount,
        UnindexedRun,
    )

_ADVICE = "It was changed on disk or moved there from another place, outside Kapell; restore it from a backup."


class SealedRunStore:
    """Runs whose data is sealed at rest, in a store that knows nothing of it."""

    def __init__(self, store: RunStore, open_seals: Callable[[], Seals], *, seals_new: bool) -> None:
        """Keep runs in `store`.

        Args:
            store: Where rows are kept.
            open_seals: Gives what seals and opens; called once, when it is first needed. Raises `MasterKeyError`.
            seals_new: Whether new rows are sealed; old ones are opened where they are.
        """
        self.commits_inline = store.commits_inline
        self._store = store
        self._open_seals = open_seals
        self._seals_new = seals_new
        self.events = SealedEvents(store.events, lambda: self._seals, seals_new=seals_new)
        self._opened: Seals | None = None
        self._in_doubt: tuple[Sequence[Batch], list[Batch]] | None = None

    @property
    def _seals(self) -> Seals:
        if self._opened is None:
            self._opened = self._open_seals()
        return self._opened

    # -- ownership -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: datetime, lease_seconds: float) -> int:
        """Become the owner of all runs and return the new epoch. Raises `MasterKeyError` if nothing can be sealed."""
        if self._seals_new:
            _ = self._seals  # a key that is missing is said now, and not over the first run
        return self._store.acquire(owner, now, lease_seconds)

    def renew(self, epoch: int, now: datetime, lease_seconds: float) -> None:
        """Prolong the lease. Raises `StaleOwnerError`."""
        self._store.renew(epoch, now, lease_seconds)

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches in one transaction, durable when this returns."""
        if self._in_doubt is not None and self._in_doubt[0] is batches:
            # Made again after an error, a call must be the same to the last byte, by which the store finds out what
            # was written; sealed once more, it would not be.
            stored = self._in_doubt[1]
        else:
            store_batch = self._seal_batch if self._seals_new else _mark_batch
            stored = [self.events.seal_batch(store_batch(batch)) for batch in batches]
        try:
            self._store.append(epoch, stored)
        except StorageError:
            self._in_doubt = (batches, stored)
            raise
        self._in_doubt = None

    def _seal_batch(self, batch: Batch) -> Batch:
        seals, run_id, record, snapshot = self._seals, batch.run_id, batch.record, batch.snapshot
        body = seals.seal(batch.body, "history", run_id, batch.first_seq, batch.count) if batch.count else batch.body
        if record is not None and record.error is not None:
            record = replace(record, error=seals.seal_text(record.error, "error", run_id))
        if snapshot is not None:
            snapshot = seals.seal(snapshot, "snapshot", run_id)
        payloads = tuple(self._seal_payload(*payload) for payload in batch.payloads)
        return replace(batch, body=body, record=record, snapshot=snapshot, payloads=payloads)

    def _seal_payload(self, digest: str, body: bytes) -> tuple[str, bytes]:
        name = self._seals.list_payload_names(digest)[0]
        return name, self._seals.seal(body, "payload", name)

    def put_definition(self, digest: str, source: bytes) -> None:
        """Keep a workflow's source under its digest: it is no run's data, and stays readable."""
        self._store.put_definition(digest, source)

    def append_log(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines to a run's log, numbered on from the last."""
        store_text = self._seal_line if self._seals_new else _mark_line
        self._store.append_log(run_id, [replace(line, text=store_text(run_id, line)) for line in lines])

    def _seal_line(self, run_id: str, line: LogLine) -> str:
        return self._seals.seal_line(line.text, *_place_line(run_id, line))

    # -- reading ---------------------------------------------------------------------------------------------------

    def get_definition(self, digest: str) -> bytes:
        """Return a workflow's source. Raises `NotFoundError`."""
        return self._store.get_definition(digest)

    def get_payload(self, digest: str) -> bytes:
        """Return a large value. Raises `NotFoundError`, `DamagedHistoryError`, `MasterKeyError`."""
        # Who asks for a sealed payload has its digest from a sealed row, which has been opened here.
        for name in () if self._opened is None else self._opened.list_payload_names(digest):
            try:
                sealed = self._store.get_payload(name)
            except NotFoundError:
                continue
            return self._open_payload(digest, name, sealed)
        return self._store.get_payload(digest)

    def _open_payload(self, digest: str, name: str, sealed: bytes) -> bytes:
        try:
            body = self._seals.open(sealed, "payload", name)
        except StorageError as error:
            raise DamagedHistoryError(f"The stored payload {digest} does not open.", hint=_ADVICE) from error
        if hashlib.sha256(body).hexdigest() != digest:
            raise DamagedHistoryError(f"The stored payload {digest} does not match its hash.", hint=_ADVICE)
        return body

    def get_record(self, run_id: str) -> RunRecord:
        """Return a run's projection. Raises `NotFoundError`."""
        return self._read_record(self._store.get_record(run_id))

    def _read_record(self, record: RunRecord) -> RunRecord:
        """Return a record with its error as it was; where that does not open, it says why: no list fails over it."""
        record.error = self._read_error(record.run_id, record.error)
        return record

    def _read_error(self, run_id: str, error: str | None) -> str | None:
        if error is None:
            return None
        if not is_sealed_text(error):
            return read_plain_text(error)
        try:
            return self._seals.open_text(error, "error", run_id)
        except KapellError as problem:
            return f"The error cannot be shown. {problem.message}"

    def load_run(self, run_id: str) -> StoredRun:
        """Return what carries the run on: the newest snapshot that is sound, and the rows after it.

        Raises:
            NotFoundError: There is no such run.
            DamagedHistoryError: A row that is needed is damaged or missing, or does not open.
            MasterKeyError: The key that it was sealed with is not here.
        """
        stored = self._store.load_run(run_id)
        record, rows, snapshot = self._read_record(stored.record), stored.rows, stored.snapshot
        if snapshot is None or not is_sealed(snapshot):
            snapshot = None if snapshot is None else read_plain(snapshot)
            return replace(stored, record=record, snapshot=snapshot, rows=self._open_rows(run_id, rows))
        try:
            snapshot = self._seals.open(snapshot, "snapshot", run_id)
        except StorageError:  # a snapshot costs only time: the whole history gives the same state
            whole = tuple(self.iter_history(run_id))
            return StoredRun(record=record, snapshot=None, snapshot_seq=0, rows=whole)
        return replace(stored, record=record, snapshot=snapshot, rows=self._open_rows(run_id, rows))

    def _open_rows(self, run_id: str, rows: Sequence[HistoryRow]) -> tuple[HistoryRow, ...]:
        return tuple(self._open_row(run_id, row) for row in rows)

    def _open_row(self, run_id: str, row: HistoryRow) -> HistoryRow:
        if not is_sealed(row.body):
            return replace(row, body=read_plain(row.body))
        try:
            return replace(row, body=self._seals.open(row.body, "history", run_id, row.first_seq, row.count))
        except StorageError as error:
            raise make_damage(run_id, f"the row of event {row.first_seq} does not open", _ADVICE) from error

    def iter_history(self, run_id: str, after_seq: int = 0) -> Iterator[HistoryRow]:
        """Stream a run's batches that hold events numbered above `after_seq`."""
        for row in self._store.iter_history(run_id, after_seq):
            yield self._open_row(run_id, row)

    def list_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> list[RunRecord]:
        """Return a page of runs, newest first."""
        return [self._read_record(record) for record in self._store.list_runs(where, limit=limit, after=after)]

    def search_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> FoundRuns:
        """Return runs that have the filter's text: of those that the index was told of, sealed ones are none."""
        found = self._store.search_runs(where, limit=limit, after=after)
        return replace(found, records=[self._read_record(record) for record in found.records])

    def count_runs(self, where: CountFilter) -> list[Count]:
        """Return what happened in each bucket, oldest first."""
        return self._store.count_runs(where)

    def count_by_subject(self, where: CountFilter) -> list[SubjectCount]:
        """Return what happened in all buckets together, by namespace, name and version."""
        return self._store.count_by_subject(where)

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of; those that do not open have no events."""
        return [self._open_unindexed(run) for run in self._store.list_unindexed(limit)]

    def _open_unindexed(self, run: UnindexedRun) -> UnindexedRun:
        try:
            first = None if run.first is None else self._open_row(run.run_id, run.first)
        except KapellError:
            first = None
        return replace(run, error=self._read_error(run.run_id, run.error), first=first)

    def index_texts(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs. What it is told is not sealed, so who seals runs has nothing to tell but progress."""
        self._store.index_texts([replace(text, words="") for text in texts] if self._seals_new else texts)

    def clear_index(self) -> None:
        """Forget all that the index was told."""
        self._store.clear_index()

    def list_unfinished(self) -> list[RunRecord]:
        """Return every run that has not ended, oldest first."""
        return [self._read_record(record) for record in self._store.list_unfinished()]

    def find_runs_by_prefix(self, prefix: str, *, limit: int = 2) -> list[str]:
        """Return the ids of runs that begin with `prefix`, in order."""
        return self._store.find_runs_by_prefix(prefix, limit=limit)

    def read_log(
        self, run_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 1000
    ) -> list[LogLine]:
        """Return lines of a run's log. One that was changed says so in place of its text. Raises `MasterKeyError`."""
        lines = self._store.read_log(run_id, after_seq=after_seq, before_seq=before_seq, limit=limit)
        return [replace(line, text=self._read_line(run_id, line)) for line in lines]

    def _read_line(self, run_id: str, line: LogLine) -> str:
        if not is_sealed_text(line.text):
            return read_plain_text(line.text)
        try:
            return self._seals.open_line(line.text, *_place_line(run_id, line))
        except StorageError as error:
            return f"(This line cannot be shown. {error})"

    # -- the inbox -------------------------------------------------------------------------------------------------

    def put_command(self, run_id: str, body: bytes, now: datetime) -> int:
        """Leave a command for the owner, durable when this returns; return its id."""
        stored = self._seals.seal(body, "command", run_id) if self._seals_new else store_plain(body)
        return self._store.put_command(run_id, stored, now)

    def list_commands(self, after_id: int = 0) -> list[InboxCommand]:
        """Return the commands that wait, oldest first. One that does not open here has no body."""
        commands = self._store.list_commands(after_id)
        return [replace(command, body=self._read_command(command)) for command in commands]

    def _read_command(self, command: InboxCommand) -> bytes:
        if not is_sealed(command.body):
            return read_plain(command.body)
        try:
            return self._seals.open(command.body, "command", command.run_id)
        except (StorageError, UsageError):  # the owner cannot obey it, and answers so; the others come after it
            return b""

    def answer_command(self, epoch: int, answer: InboxAnswer) -> None:
        """Take a command that led to no event out of the inbox, and keep its answer for a while."""
        error = answer.error
        if error:
            place = ("answer", answer.command_id)
            error = self._seals.seal_text(error, *place) if self._seals_new else store_plain_text(error)
        self._store.answer_command(epoch, replace(answer, error=error))

    def find_answer(self, command_id: int) -> InboxAnswer | None:
        """Return what became of a command; `None` while it waits. Raises `NotFoundError`."""
        answer = self._store.find_answer(command_id)
        if answer is None:
            return None
        if not is_sealed_text(answer.error):
            return replace(answer, error=read_plain_text(answer.error))
        return replace(answer, error=self._seals.open_text(answer.error, "answer", command_id))

    # -- care ------------------------------------------------------------------------------------------------------

    def close_damaged(self, epoch: int, run_id: str, error: str, now: datetime) -> None:
        """Mark a run whose history cannot be read as `damaged`. Raises `NotFoundError`."""
        self._store.close_damaged(epoch, run_id, store_plain_text(error), now)  # it says what is damaged, and no data

    def prune(self, epoch: int, ended_before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs that ended before then; return how many, 0 when none is left."""
        return self._store.prune(epoch, ended_before, limit=limit)

    def close(self) -> None:
        """Release the medium; a second call does nothing."""
        self._store.close()


def _mark_batch(batch: Batch) -> Batch:
    """Return a batch as it is stored unsealed: as it is, but for texts that begin as sealed ones do."""
    body, record, snapshot = store_plain(batch.body), batch.record, batch.snapshot
    if record is not None and record.error is not None:
        record = replace(record, error=store_plain_text(record.error))
    if snapshot is not None:
        snapshot = store_plain(snapshot)
    if body is batch.body and record is batch.record and snapshot is batch.snapshot:
        return batch
    return replace(batch, body=body, record=record, snapshot=snapshot)


def _mark_line(_run_id: str, line: LogLine) -> str:
    return store_plain_text(line.text)


def _place_line(run_id: str, line: LogLine) -> tuple[str | int, ...]:
    return ("line", run_id, to_microseconds(line.at), line.reference, line.entry, line.attempt, line.stream)
