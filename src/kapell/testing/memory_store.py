"""`RunStore` in memory: the same contract without a disk, for tests of workflows and of the engine itself."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from kapell.engine.counting import Counts, choose_level
from kapell.engine.rows import from_microseconds, to_microseconds
from kapell.engine.selecting import make_place, matches, read_cursor
from kapell.engine.soundness import check_payload
from kapell.engine.store import (
    ENDED,
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
from kapell.engine.words import has_phrases, read_query
from kapell.errors import ConflictError, NotFoundError, StaleOwnerError
from kapell.testing.memory_events import EventMedium, MemoryEvents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from kapell.engine.counting import Subject

_ANSWERS_KEPT = 1000
_SNAPSHOTS_KEPT = 2


@dataclass
class _Run:
    record: RunRecord
    rows: list[HistoryRow] = field(default_factory=list)
    snapshots: list[tuple[int, bytes]] = field(default_factory=list)
    payloads: set[str] = field(default_factory=set)

    @property
    def last_seq(self) -> int:
        return self.rows[-1].first_seq + self.rows[-1].count - 1 if self.rows else 0


@dataclass
class _Medium:
    """What stays when a store is closed; several stores may share it, as processes share a data folder."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    epoch: int = 0
    owner: str = ""
    runs: dict[str, _Run] = field(default_factory=dict)  # in the order of storing
    definitions: dict[str, bytes] = field(default_factory=dict)
    payloads: dict[str, bytes] = field(default_factory=dict)
    log: dict[str, list[LogLine]] = field(default_factory=dict)
    inbox: dict[int, InboxCommand] = field(default_factory=dict)
    answers: dict[int, InboxAnswer] = field(default_factory=dict)
    last_command_id: int = 0
    counts: Counts = field(default_factory=Counts)
    texts: dict[str, RunText] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)  # every run ever, to number them
    faults: list[str] = field(default_factory=list)
    indexed: int = 0
    indexed_faults: int = 0
    events: EventMedium = field(init=False)

    def __post_init__(self) -> None:
        """Put the events under the same lock."""
        self.events = EventMedium(self.lock)


class MemoryRunStore:
    """Runs that last as long as the process. What it holds outlives `close`: see `reopen`."""

    commits_inline = True

    def __init__(self) -> None:
        """Begin empty."""
        self._use_medium(_Medium())
        self._put_definitions: set[str] = set()

    def reopen(self) -> MemoryRunStore:
        """Return a second store over the same runs, as another process would see them, or this one after a crash."""
        other = MemoryRunStore()
        other._use_medium(self._medium)
        return other

    def _use_medium(self, medium: _Medium) -> None:
        self._medium = medium
        self.events = MemoryEvents(medium.events)

    # -- ownership -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: datetime, lease_seconds: float) -> int:  # noqa: ARG002 -- leases hinder nobody
        """Become the owner of all runs and return the new epoch."""
        with self._medium.lock:
            self._medium.epoch += 1
            self._medium.owner = owner
            return self._medium.epoch

    def renew(self, epoch: int, now: datetime, lease_seconds: float) -> None:  # noqa: ARG002 -- leases hinder nobody
        """Prolong the lease. Raises `StaleOwnerError`."""
        self._check_epoch(epoch)

    def _check_epoch(self, epoch: int) -> None:
        if epoch != self._medium.epoch or not epoch:
            raise StaleOwnerError(
                f"The runs were taken over by {self._medium.owner or 'nobody'} "
                f"(epoch {self._medium.epoch}, ours is {epoch}); nothing was written.",
                hint="Stop this process; the other one carries the runs on.",
            )

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches, or none."""
        with self._medium.lock:
            self._check_epoch(epoch)
            self._check_batches(batches)
            for batch in batches:
                self._apply(batch)

    def _check_batches(self, batches: Sequence[Batch]) -> None:
        last_seqs: dict[str, int] = {}
        for batch in batches:
            run = self._medium.runs.get(batch.run_id)
            is_new = run is None and batch.run_id not in last_seqs
            if batch.record is not None:
                self._check_record(batch.record, is_new=is_new)
            elif is_new:
                raise ConflictError(f"Run {batch.run_id} is not stored: its first batch must bring its record.")
            last_seq = last_seqs.get(batch.run_id, run.last_seq if run is not None else 0)
            if batch.count and batch.first_seq != last_seq + 1:
                raise ConflictError(
                    f"Run {batch.run_id} has {last_seq} events; a batch that begins with number {batch.first_seq} "
                    "does not follow them."
                )
            last_seqs[batch.run_id] = last_seq + batch.count

    def _check_record(self, record: RunRecord, *, is_new: bool) -> None:
        if is_new and record.definition not in self._medium.definitions:
            raise ConflictError("A run's record names a definition that was never put; nothing was written.")
        if (record.ended_at is not None) != (record.status in ENDED):
            raise ConflictError("A run has a time of its end if, and only if, its status says that it ended.")

    def _apply(self, batch: Batch) -> None:
        medium = self._medium
        if batch.record is not None:
            if batch.run_id in medium.runs:
                _take_standing(medium.runs[batch.run_id].record, batch.record)
            else:
                medium.runs[batch.run_id] = _Run(replace(batch.record))
                medium.stored.append(batch.run_id)
                medium.counts.add_start(batch.record)
            if batch.record.status in ENDED:
                self._note_end(batch.record)
        run = medium.runs[batch.run_id]
        if batch.count:
            run.rows.append(HistoryRow(first_seq=batch.first_seq, count=batch.count, at=batch.at, body=batch.body))
        if batch.snapshot is not None:
            older = [snapshot for snapshot in run.snapshots if snapshot[0] != run.last_seq]
            run.snapshots = [*older, (run.last_seq, batch.snapshot)][-_SNAPSHOTS_KEPT:]
        for digest, body in batch.payloads:
            medium.payloads.setdefault(digest, body)
            run.payloads.add(digest)
        for command_id in batch.done_commands:
            self._answer(InboxAnswer(command_id=command_id, error=""))
        self.events.write_batch(batch)
        if batch.record is not None and batch.record.status in ENDED:
            self.events.end_run(batch.run_id)

    def _note_end(self, record: RunRecord) -> None:
        self._medium.counts.add_end(record)
        if record.error is not None:
            self._medium.faults.append(record.run_id)

    def put_definition(self, digest: str, source: bytes) -> None:
        """Keep a workflow's source under its digest."""
        self._put_definitions.add(digest)
        self._medium.definitions.setdefault(digest, source)

    def append_log(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines to a run's log, numbered on from the last."""
        with self._medium.lock:
            log = self._medium.log.setdefault(run_id, [])
            log.extend(replace(line, seq=seq) for seq, line in enumerate(lines, len(log) + 1))

    # -- reading ---------------------------------------------------------------------------------------------------

    def get_definition(self, digest: str) -> bytes:
        """Return a workflow's source. Raises `NotFoundError`."""
        try:
            return self._medium.definitions[digest]
        except KeyError:
            raise NotFoundError(f"There is no workflow definition {digest}.") from None

    def get_payload(self, digest: str) -> bytes:
        """Return a large value. Raises `NotFoundError`, `DamagedHistoryError`."""
        try:
            body = self._medium.payloads[digest]
        except KeyError:
            raise NotFoundError(f"There is no payload {digest}.") from None
        return check_payload(digest, body, "test")

    def get_record(self, run_id: str) -> RunRecord:
        """Return a run's projection. Raises `NotFoundError`."""
        return replace(self._get_run(run_id).record)

    def load_run(self, run_id: str) -> StoredRun:
        """Return what carries the run on. Raises `NotFoundError`."""
        with self._medium.lock:
            run = self._get_run(run_id)
            seq, snapshot = run.snapshots[-1] if run.snapshots else (0, None)
            rows = tuple(row for row in run.rows if row.first_seq > seq)
            return StoredRun(record=replace(run.record), snapshot=snapshot, snapshot_seq=seq, rows=rows)

    def iter_history(self, run_id: str, after_seq: int = 0) -> Iterator[HistoryRow]:
        """Stream a run's batches that hold events numbered above `after_seq`."""
        for row in list(self._get_run(run_id).rows):
            if row.first_seq + row.count > after_seq + 1:
                yield row

    def list_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> list[RunRecord]:
        """Return a page of runs, newest first."""
        with self._medium.lock:
            records = [run.record for run in self._medium.runs.values()]
            newest = sorted(
                ((to_microseconds(at), number, record) for number, record in enumerate(records, 1)
                 if (at := getattr(record, where.order)) is not None),
                key=lambda each: each[:2], reverse=True,
            )  # fmt: skip
            if after is not None:
                run_id, at = read_cursor(after)
                older = [(number, record.run_id, made) for made, number, record in newest if record.run_id <= run_id]
                place = make_place(run_id, at, max(older, key=lambda row: row[1], default=None))
                newest = [each for each in newest if each[:2] < place]
            return [replace(record) for _, _, record in newest if matches(record, where)][:limit]

    def search_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> FoundRuns:
        """Return runs that have the filter's text, those stored last first."""
        phrases = read_query(where.text)
        with self._medium.lock:
            run_ids = list(reversed(self._medium.runs))
            if after in self._medium.runs:
                run_ids = run_ids[run_ids.index(after) + 1 :]
            elif after is not None:
                run_ids = [run_id for run_id in run_ids if run_id <= after]
            found = [
                replace(self._medium.runs[run_id].record)
                for run_id in run_ids
                if run_id in self._medium.texts
                and phrases
                and has_phrases(self._medium.texts[run_id].words.split(), phrases)
                and matches(self._medium.runs[run_id].record, where)
            ]
            return FoundRuns(found[:limit], found[limit - 1].run_id if len(found) > limit else None)

    # -- counts and the search index -----------------------------------------------------------------------------------

    def count_runs(self, where: CountFilter) -> list[Count]:
        """Return what happened in each bucket, oldest first."""
        found: Counter[tuple[int, int]] = Counter()
        for begins_at, _, what, count in self._list_counts(where):
            found[begins_at, what] += count
        return [Count(from_microseconds(begins_at), what, count) for (begins_at, what), count in sorted(found.items())]

    def count_by_subject(self, where: CountFilter) -> list[SubjectCount]:
        """Return what happened in all buckets together, by namespace, name and version."""
        found: Counter[tuple[Subject, int]] = Counter()
        for _, subject, what, count in self._list_counts(where):
            found[subject, what] += count
        return [SubjectCount(*subject, what, count) for (subject, what), count in sorted(found.items())]

    def _list_counts(self, where: CountFilter) -> Iterator[tuple[int, Subject, int, int]]:
        since, until = to_microseconds(where.since), to_microseconds(where.until)
        level, allowed = choose_level(where), where.allowed_namespaces
        with self._medium.lock:
            for (span, subject, begins_at, what), count in self._medium.counts.sum_up().items():
                if (
                    span == where.span_seconds
                    and since <= begins_at < until
                    and [bool(part) for part in subject] == [number < level for number in range(3)]
                    and where.name in (None, subject[1])
                    and where.version in (None, subject[2])
                    and (allowed is None or subject[0] in allowed)
                ):
                    yield begins_at, subject, what, count

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of."""
        medium = self._medium
        with medium.lock:
            new = [(number, 0, run_id) for number, run_id in enumerate(medium.stored, 1) if number > medium.indexed]
            faulted = [
                (medium.stored.index(run_id) + 1, number, run_id)
                for number, run_id in enumerate(medium.faults, 1)
                if number > medium.indexed_faults
            ]
            found = [each for each in new or faulted if each[2] in medium.runs][:limit]
            return [
                UnindexedRun(
                    place,
                    fault,
                    run_id,
                    record.namespace,
                    record.name,
                    record.error,
                    next(iter(medium.runs[run_id].rows), None),
                )
                for place, fault, run_id in found
                for record in (medium.runs[run_id].record,)
            ]

    def index_texts(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs."""
        with self._medium.lock:
            for text in texts:
                self._medium.texts[text.run_id] = text
                self._medium.indexed = max(self._medium.indexed, text.place)
                self._medium.indexed_faults = max(self._medium.indexed_faults, text.fault)

    def clear_index(self) -> None:
        """Forget all that the index was told."""
        with self._medium.lock:
            self._medium.texts.clear()
            self._medium.indexed = self._medium.indexed_faults = 0

    def list_unfinished(self) -> list[RunRecord]:
        """Return every run that has not ended, oldest first."""
        with self._medium.lock:
            records = (run.record for run in self._medium.runs.values())
            return [replace(record) for record in records if record.status not in ENDED]

    def find_runs_by_prefix(self, prefix: str, *, limit: int = 2) -> list[str]:
        """Return the ids of runs that begin with `prefix`, in order."""
        with self._medium.lock:
            return sorted(run_id for run_id in self._medium.runs if run_id.startswith(prefix))[:limit]

    def read_log(
        self, run_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 1000
    ) -> list[LogLine]:
        """Return lines of a run's log, in order, numbered above `after_seq`; or the last ones below `before_seq`."""
        lines = self._medium.log.get(run_id, [])
        if before_seq is None:
            return lines[after_seq : after_seq + limit]
        end = max(min(before_seq - 1, len(lines)), 0)
        return lines[max(end - limit, 0) : end]

    def _get_run(self, run_id: str) -> _Run:
        try:
            return self._medium.runs[run_id]
        except KeyError:
            raise NotFoundError(f"There is no run {run_id}.") from None

    # -- the inbox -------------------------------------------------------------------------------------------------

    def put_command(self, run_id: str, body: bytes, now: datetime) -> int:
        """Leave a command for the owner; return its id."""
        with self._medium.lock:
            self._medium.last_command_id += 1
            command_id = self._medium.last_command_id
            self._medium.inbox[command_id] = InboxCommand(
                command_id=command_id, run_id=run_id, body=body, created_at=now
            )
            self._medium.answers.pop(command_id - _ANSWERS_KEPT, None)
            return command_id

    def list_commands(self, after_id: int = 0) -> list[InboxCommand]:
        """Return the commands that wait, oldest first."""
        with self._medium.lock:
            return [command for command in self._medium.inbox.values() if command.command_id > after_id]

    def answer_command(self, epoch: int, answer: InboxAnswer) -> None:
        """Take a command that led to no event out of the inbox, and keep its answer for a while."""
        with self._medium.lock:
            self._check_epoch(epoch)
            self._answer(answer)

    def _answer(self, answer: InboxAnswer) -> None:
        if self._medium.inbox.pop(answer.command_id, None) is None:
            return
        self._medium.answers[answer.command_id] = answer

    def find_answer(self, command_id: int) -> InboxAnswer | None:
        """Return what became of a command; `None` while it waits. Raises `NotFoundError`."""
        with self._medium.lock:
            if command_id in self._medium.inbox:
                return None
            try:
                return self._medium.answers[command_id]
            except KeyError:
                raise NotFoundError(f"There is no command {command_id}, or its answer is no longer kept.") from None

    # -- care ------------------------------------------------------------------------------------------------------

    def close_damaged(self, epoch: int, run_id: str, error: str, now: datetime) -> None:
        """Mark a run whose history cannot be read as `damaged`. Raises `NotFoundError`."""
        with self._medium.lock:
            self._check_epoch(epoch)
            run = self._get_run(run_id)
            run.record = replace(
                run.record, status="damaged", error=error, updated_at=now, ended_at=now, parked_until=None
            )
            self._note_end(run.record)
            self.events.end_run(run_id)

    def prune(self, epoch: int, ended_before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs that ended before then; return how many."""
        medium = self._medium
        with medium.lock:
            self._check_epoch(epoch)
            old = sorted(
                (record.ended_at, run_id)
                for run_id, record in ((run_id, run.record) for run_id, run in medium.runs.items())
                if record.ended_at is not None and record.ended_at < ended_before and not self._has_live_parent(record)
            )[:limit]
            gone = [medium.runs.pop(run_id) for _, run_id in old]
            for _, run_id in old:
                medium.log.pop(run_id, None)
                medium.texts.pop(run_id, None)
                self.events.end_run(run_id)
            self._drop_unused(gone)
            return len(gone)

    def _has_live_parent(self, record: RunRecord) -> bool:
        parent = self._medium.runs.get(record.parent_run_id or "")
        return parent is not None and parent.record.ended_at is None

    def _drop_unused(self, gone: list[_Run]) -> None:
        medium = self._medium
        used_payloads = {digest for run in medium.runs.values() for digest in run.payloads}
        used_definitions = {run.record.definition for run in medium.runs.values()} | self._put_definitions
        for run in gone:
            for digest in run.payloads - used_payloads:
                medium.payloads.pop(digest, None)
            if run.record.definition not in used_definitions:
                medium.definitions.pop(run.record.definition, None)

    def close(self) -> None:
        """Release nothing: the medium outlives its stores."""


def _take_standing(kept: RunRecord, record: RunRecord) -> None:
    kept.status = record.status
    kept.updated_at = record.updated_at
    kept.ended_at = record.ended_at
    kept.parked_until = record.parked_until
    kept.error = record.error
