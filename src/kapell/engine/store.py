"""The one seam under the engine: where runs are kept.

A `RunStore` appends the events of many runs in one durable transaction, and gives them back. It knows nothing of the
kernel: events are opaque bytes here, and the projections that list pages read are handed to it ready-made. Its methods
block; the engine decides on which thread it calls them. Any thread may call them: writes wait for one another, reads
and log lines do not wait for writes.

Three implementations (SQLite, PostgreSQL, and the in-memory one of the test kit) are held to this text by one
conformance suite, `tests/integration/store/test_run_store_contract.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from kapell.engine.event_store import EventStore, EventUse, Listening, StoredEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RunStatus = Literal["running", "waiting", "suspended", "cancelling", "completed", "faulted", "cancelled", "damaged"]
ENDED: frozenset[str] = frozenset({"completed", "faulted", "cancelled", "damaged"})
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""Until when a run waits that waits for no time."""


class RunRecord(msgspec.Struct, kw_only=True):
    """What a list page shows of a run: a projection, handed in whole whenever one of its fields changes.

    Of a run that is stored already, only what says where it stands is taken: `status`, `updated_at`, `ended_at`,
    `parked_until` and `error`. Where it comes from never changes.

    Attributes:
        run_id: The run.
        namespace: The workflow's namespace.
        name: The workflow's name.
        version: The workflow's version.
        definition: The digest of the workflow's definition, which `put_definition` was given before.
        status: Where the run stands.
        created_at: When it was started.
        updated_at: When this record was last written.
        ended_at: When it ended; set if, and only if, the status is one of `ENDED`.
        parent_run_id: The run that started it as a child, if one did.
        parked_until: Set while the run waits for nothing but a time or events: recovery need not load it before then.
            `FOREVER` if only events move it on.
        error: One line on why it faulted, for lists.
    """

    run_id: str
    namespace: str
    name: str
    version: str
    definition: str
    status: RunStatus
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    parent_run_id: str | None = None
    parked_until: datetime | None = None
    error: str | None = None

    @property
    def waits_until(self) -> datetime | None:
        """Until when it waits, if it waits for nothing but a time, or a time and events."""
        return None if self.parked_until == FOREVER else self.parked_until


class Batch(msgspec.Struct, kw_only=True, frozen=True):
    """Some consecutive events of one run, to be appended together with all that depends on them.

    Attributes:
        run_id: The run.
        first_seq: The number of the first event; a run's events are numbered singly from 1, without a gap.
        count: How many events `body` holds; with 0 only the other fields are written, and `first_seq` is ignored.
        at: When they were decided.
        body: The encoded events; empty if `count` is 0.
        record: The run's projection, when it changed; a run's first batch brings it.
        snapshot: The encoded state after the last event, when a snapshot is due; the two newest of a run are kept.
        payloads: Large values by content hash (SHA-256 in hexadecimal), stored once; `body` and `snapshot` refer to
            them. A run names every one that it refers to, also one that another run has stored: it goes with its last
            user.
        done_commands: Commands of the inbox that these events answer; they leave it in the same transaction, obeyed.
        emitted: CloudEvents that the run has emitted; one that is stored already changes nothing.
        listens: What its tasks listen for from here on.
        unlistens: Entries that listen no more, also if `listens` names them; a record whose status is one of `ENDED`
            ends all listening of its run.
        uses: Which events its tasks consumed; what names an event that is gone is not kept.
    """

    run_id: str
    first_seq: int
    count: int
    at: datetime
    body: bytes
    record: RunRecord | None = None
    snapshot: bytes | None = None
    payloads: tuple[tuple[str, bytes], ...] = ()
    done_commands: tuple[int, ...] = ()
    emitted: tuple[StoredEvent, ...] = ()
    listens: tuple[Listening, ...] = ()
    unlistens: tuple[int, ...] = ()
    uses: tuple[EventUse, ...] = ()


class HistoryRow(msgspec.Struct, kw_only=True, frozen=True):
    """One stored batch of events."""

    first_seq: int
    count: int
    at: datetime
    body: bytes


class StoredRun(msgspec.Struct, kw_only=True, frozen=True):
    """What is needed to carry a run on: its newest snapshot, and the events since."""

    record: RunRecord
    snapshot: bytes | None
    snapshot_seq: int
    rows: tuple[HistoryRow, ...]


class LogLine(msgspec.Struct, kw_only=True, frozen=True):
    """One line (or piece of one) that a task wrote while it ran.

    Attributes:
        seq: The line's number in its run, given by the store; 0 when it is handed in.
        at: When it was written.
        reference: The task.
        entry: How often the flow had come to that task.
        attempt: Which try wrote it.
        stream: `stdout`, `stderr`, or `info` for Kapell's own words.
        text: The text, without the line's end.
    """

    at: datetime
    reference: str
    entry: int
    attempt: int
    stream: str
    text: str
    seq: int = 0


class InboxCommand(msgspec.Struct, kw_only=True, frozen=True):
    """A command that another process wrote for the owner of a run."""

    command_id: int
    run_id: str
    body: bytes
    created_at: datetime


class InboxAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """What became of a command of the inbox: an empty error means that it was obeyed."""

    command_id: int
    error: str
    detail: dict[str, Any] = {}


class WorkflowFilter(msgspec.Struct, kw_only=True, frozen=True):
    """Runs of which workflows are meant; an empty filter means all.

    Attributes:
        namespace: The workflow's namespace.
        namespaces: Any of these namespaces, in addition: what the asker may see; `None` for all.
        name: The workflow's name.
        version: The workflow's version.
    """

    namespace: str | None = None
    namespaces: frozenset[str] | None = None
    name: str | None = None
    version: str | None = None

    @property
    def allowed_namespaces(self) -> frozenset[str] | None:
        """The namespaces that a run may be in; `None` for all."""
        if self.namespace is None:
            return self.namespaces
        only = frozenset({self.namespace})
        return only if self.namespaces is None else only & self.namespaces


class RunFilter(WorkflowFilter, kw_only=True, frozen=True):
    """Which runs a list page asks for; an empty filter asks for all. Times are from `..._after` to before `..._before`.

    Attributes:
        statuses: Any of these.
        parent_run_id: The run that started it as a child.
        only_top: Whether runs that another run started are left out.
        started_after: When it was started.
        started_before: When it was started.
        ended_after: When it ended.
        ended_before: When it ended.
        updated_after: When its record was last written.
        updated_before: When its record was last written.
        text: Words, and phrases in quotes, all of which its input, name or error has; see `kapell.engine.words`.
    """

    statuses: frozenset[str] = frozenset()
    parent_run_id: str | None = None
    only_top: bool = False
    started_after: datetime | None = None
    started_before: datetime | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    text: str = ""

    @property
    def order(self) -> Literal["created_at", "ended_at", "updated_at"]:
        """By which time the newest is found: that of the start, unless only one of the others is bounded."""
        if self.started_after is None and self.started_before is None and not self.text:
            if self.ended_after is not None or self.ended_before is not None:
                return "ended_at"
            if self.updated_after is not None or self.updated_before is not None:
                return "updated_at"
        return "created_at"


class FoundRuns(msgspec.Struct, frozen=True):
    """What a search has found so far.

    Attributes:
        records: The runs, those stored last first.
        next_after: Where to go on: the id of the last run that was looked at. `None` when there are no more.
    """

    records: list[RunRecord]
    next_after: str | None


class UnindexedRun(msgspec.Struct, frozen=True):
    """A run that the search index has yet to be told of.

    Attributes:
        place: Its place among the runs, for `RunText`.
        fault: The number of the error that is new in it; 0 for a new run.
        run_id: The run.
        namespace: As in its record, like the two fields that follow.
        first: Its first batch of events; `None` if that is gone.
    """

    place: int
    fault: int
    run_id: str
    namespace: str
    name: str
    error: str | None
    first: HistoryRow | None


class RunText(msgspec.Struct, frozen=True):
    """What the search index is told of a run.

    Attributes:
        place: As in `UnindexedRun`.
        fault: As in `UnindexedRun`.
        run_id: The run.
        namespace: Its namespace.
        words: The words that find it, in their order, with spaces between them (`kapell.engine.words.normalise`).
    """

    place: int
    fault: int
    run_id: str
    namespace: str
    words: str


class CountFilter(WorkflowFilter, kw_only=True, frozen=True):
    """Whose runs are counted, and over which time.

    Attributes:
        span_seconds: The length of a bucket: `kapell.engine.counting.HOUR` or `DAY`.
        since: The beginning of the first bucket.
        until: The end of the last one.
        level: How finely `count_by_subject` tells subjects apart.
    """

    span_seconds: int
    since: datetime
    until: datetime
    level: Literal["all", "namespace", "workflow", "version"] = "all"


class Count(msgspec.Struct, frozen=True):
    """How often something happened.

    Attributes:
        begins_at: The beginning of the bucket.
        what: What happened, as a number of `kapell.engine.counting`.
        count: How often.
    """

    begins_at: datetime
    what: int
    count: int


class SubjectCount(msgspec.Struct, frozen=True):
    """How often something happened in all buckets to the runs of one subject: empty is what is not told apart."""

    namespace: str
    name: str
    version: str
    what: int
    count: int


class RunStore(Protocol):
    """Durable runs. Errors of the medium are raised as `StorageError`; nothing of a refused call is kept.

    Attributes:
        commits_inline: Whether a small `append`, the reading of a run, and what is called regularly, is so short that
            the event loop's own thread may do it: no network lies between.
    """

    commits_inline: bool

    @property
    def events(self) -> EventStore:
        """The events that runs emit and listen for, on the same medium."""
        ...

    # -- ownership -------------------------------------------------------------------------------------------------

    def acquire(self, owner: str, now: datetime, lease_seconds: float) -> int:
        """Become the owner of all runs and return the new epoch, larger than every earlier one.

        A lease that has not run out does not hinder it: whoever calls has made sure, by the lock on the data folder or
        the database, that no other owner is alive. From here on, what the former owner appends is refused.
        """
        ...

    def renew(self, epoch: int, now: datetime, lease_seconds: float) -> None:
        """Prolong the lease. Raises `StaleOwnerError` if another owner has acquired since."""
        ...

    # -- writing ---------------------------------------------------------------------------------------------------

    def append(self, epoch: int, batches: Sequence[Batch]) -> None:
        """Append all batches in one transaction, durable when this returns.

        Raises:
            StaleOwnerError: `epoch` is not the present owner's; nothing was written.
            ConflictError: A batch's `first_seq` does not follow the run's last event, a run's first batch brings no
                record, or a record is not valid (`RunRecord` says when); nothing was written.
            StorageError: The medium refused; nothing was written. Or the connection to it broke, and nobody knows
                whether all or nothing was: then the same call, made next, finds out and does what is left to do.
        """
        ...

    def put_definition(self, digest: str, source: bytes) -> None:
        """Keep a workflow's source under its digest, durable when this returns; keeping it again changes nothing."""
        ...

    def append_log(self, run_id: str, lines: Sequence[LogLine]) -> None:
        """Add lines to a run's log, numbered on from the last.

        Every process can read them when this returns, and they survive the end of the process, however violent; a power
        cut may take the last of them, since no sync of the disk is spent on log lines.
        """
        ...

    # -- reading ---------------------------------------------------------------------------------------------------

    def get_definition(self, digest: str) -> bytes:
        """Return a workflow's source. Raises `NotFoundError`."""
        ...

    def get_payload(self, digest: str) -> bytes:
        """Return a large value. Raises `NotFoundError`, or `DamagedHistoryError` if it does not match its hash."""
        ...

    def get_record(self, run_id: str) -> RunRecord:
        """Return a run's projection. Raises `NotFoundError`."""
        ...

    def load_run(self, run_id: str) -> StoredRun:
        """Return what carries the run on: the newest snapshot that is sound, and the rows after it.

        Raises:
            NotFoundError: There is no such run.
            DamagedHistoryError: A row that is needed is damaged or missing; the text names the run and the row.
        """
        ...

    def iter_history(self, run_id: str, after_seq: int = 0) -> Iterator[HistoryRow]:
        """Stream a run's batches that hold events numbered above `after_seq`, also while the run goes on.

        Raises:
            NotFoundError: There is no such run.
            DamagedHistoryError: A row is damaged or missing; those before it have been given.
        """
        ...

    def list_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> list[RunRecord]:
        """Return a page of runs, the newest first; `after` is the last run id of the page before.

        Newest means started last (`RunFilter.order`), and among those of one moment stored last. A filter with a text
        is for `search_runs`.
        """
        ...

    def search_runs(self, where: RunFilter, *, limit: int, after: str | None = None) -> FoundRuns:
        """Return runs that have the filter's text, those stored last first; `after` is the `next_after` of before.

        A call looks at a bounded number of runs that have the text: it may find fewer than `limit` although there are
        more, and then says where to go on. Only runs that the index was told of are found.
        """
        ...

    def list_unfinished(self) -> list[RunRecord]:
        """Return every run that has not ended, oldest first."""
        ...

    def find_runs_by_prefix(self, prefix: str, *, limit: int = 2) -> list[str]:
        """Return the ids of runs that begin with `prefix`, in order, so that people can type a few letters."""
        ...

    def read_log(
        self, run_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 1000
    ) -> list[LogLine]:
        """Return lines of a run's log, in order, numbered above `after_seq`; or the last ones below `before_seq`."""
        ...

    # -- counts --------------------------------------------------------------------------------------------------------

    def count_runs(self, where: CountFilter) -> list[Count]:
        """Return what happened in each bucket, oldest first.

        `append` and `close_damaged` count: that a run started, that it ended (each time, if it was carried on), and how
        long a completed run took. Counts stay when runs are pruned.
        """
        ...

    def count_by_subject(self, where: CountFilter) -> list[SubjectCount]:
        """Return what happened in all buckets together, by subjects of the filter's level, in their order."""
        ...

    # -- the search index ----------------------------------------------------------------------------------------------

    def list_unindexed(self, limit: int) -> list[UnindexedRun]:
        """Return runs that the index has yet to be told of: new ones, oldest first, then those that got an error."""
        ...

    def index_texts(self, texts: Sequence[RunText]) -> None:
        """Tell the index of runs, as `list_unindexed` has given them, and note in the same transaction how far it is.

        Runs that were told before are told anew. Pruned runs leave the index by themselves.
        """
        ...

    def clear_index(self) -> None:
        """Forget all that the index was told, so that `list_unindexed` begins again."""
        ...

    # -- the inbox: commands of other processes --------------------------------------------------------------------

    def put_command(self, run_id: str, body: bytes, now: datetime) -> int:
        """Leave a command for the owner, durable when this returns; return its id, never given before.

        Any process may, without an epoch.
        """
        ...

    def list_commands(self, after_id: int = 0) -> list[InboxCommand]:
        """Return the commands that wait and have a larger id than `after_id`, oldest first."""
        ...

    def answer_command(self, epoch: int, answer: InboxAnswer) -> None:
        """Take a command that led to no event out of the inbox, and keep its answer for a while.

        A command that has left already keeps its first answer. Raises `StaleOwnerError`.
        """
        ...

    def find_answer(self, command_id: int) -> InboxAnswer | None:
        """Return what became of a command; `None` while it waits. One that left with a batch was obeyed.

        Raises `NotFoundError` when there never was such a command, or its answer is no longer kept; the answers of the
        last 1,000 commands are.
        """
        ...

    # -- care ------------------------------------------------------------------------------------------------------

    def close_damaged(self, epoch: int, run_id: str, error: str, now: datetime) -> None:
        """Mark a run whose history cannot be read as `damaged`, with the reason; its rows are left as they are.

        Raises `StaleOwnerError`, `NotFoundError`.
        """
        ...

    def prune(self, epoch: int, ended_before: datetime, *, limit: int) -> int:
        """Delete up to `limit` runs that ended before then, oldest first, with all that only they refer to.

        Fewer go at once when their histories are long, so that a call stays short; it returns how many went, and 0 says
        that none is left. A run stays while its parent has not ended, and a definition while the store object that put
        it is open. Raises `StaleOwnerError`.
        """
        ...

    def close(self) -> None:
        """Release the medium; a second call does nothing."""
        ...
