"""Whatever is done to them, the SQLite store, the PostgreSQL store and the in-memory one answer alike."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kapell.engine.counting import DAY
from kapell.engine.event_store import EventQuery, EventUse, Listening, StoredEvent
from kapell.engine.postgres_store import PostgresRunStore
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import ENDED, Batch, CountFilter, InboxAnswer, LogLine, RunFilter, RunRecord
from kapell.errors import KapellError
from kapell.kernel.listening import ListenKey
from kapell.testing.memory_store import MemoryRunStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN_IDS = ["r1", "r2", "r3", "r4"]
STATUSES = ["running", "waiting", "completed", "faulted", "damaged"]

run_ids = st.sampled_from(RUN_IDS)
days = st.integers(0, 5)

KEYS = [ListenKey(shape, bytes([number]) * 16) for number, shape in enumerate(["type", "type", "type+source", ""])]
EVENTS = [
    EventQuery(),
    EventQuery(namespaces=frozenset({"n1"})),
    EventQuery(types=frozenset({"t1"})),
    EventQuery(types=frozenset({"t1", "t2"}), namespaces=frozenset({"n1", "n2"})),
    EventQuery(source="s1", types=frozenset({"t2"})),
    EventQuery(subject="s1"),
    EventQuery(event_id="2"),
    EventQuery(via="v1", namespaces=frozenset({"n2"})),
    EventQuery(arrived_after=NOW + timedelta(seconds=1), arrived_before=NOW + timedelta(seconds=3)),
]

stored_events = st.builds(
    StoredEvent,
    arrived_at=st.integers(0, 4).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    namespace=st.sampled_from(["n1", "n2"]),
    source=st.sampled_from(["s1", "s2"]),
    event_id=st.sampled_from("123"),
    type=st.sampled_from(["t1", "t2"]),
    subject=st.sampled_from([None, "s1"]),
    via=st.sampled_from(["v1", "v2"]),
    body=st.binary(max_size=3),
)
listenings = st.builds(Listening, entry=st.integers(1, 2), keys=st.lists(st.sampled_from(KEYS), max_size=3).map(tuple))
uses = st.builds(
    EventUse,
    position=st.integers(0, 6),
    reference=st.sampled_from(["", "/do/0"]),
    at=st.integers(0, 2).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


@st.composite
def records(draw, run_id):
    status = draw(st.sampled_from(STATUSES))
    at = NOW + timedelta(days=draw(days))
    return RunRecord(
        run_id=run_id,
        namespace=draw(st.sampled_from(["n1", "n2"])),
        name=draw(st.sampled_from(["a", "b"])),
        version="1",
        definition=draw(st.sampled_from(["d1", "d2", "unknown"])),
        status=status,
        created_at=NOW,
        updated_at=at,
        ended_at=at if (status in ENDED) != draw(st.sampled_from([False] * 9 + [True])) else None,
        parent_run_id=draw(st.sampled_from([None, *RUN_IDS])),
        error=draw(st.none() | st.just("why")),
    )


@st.composite
def wishes(draw):
    """A batch, but for its number: `gap` is added to the number that would be right."""
    run_id = draw(run_ids)
    return {
        "run_id": run_id,
        "gap": draw(st.sampled_from([0] * 12 + [-1, 1])),
        "count": draw(st.sampled_from([1, 1, 1, 2, 3, 0])),
        "at": NOW + timedelta(days=draw(days)),
        "body": draw(st.binary(max_size=5)),
        "record": draw(st.none() | records(run_id)),
        "snapshot": draw(st.none() | st.binary(max_size=5)),
        "payloads": tuple((digest, digest.encode()) for digest in draw(st.sets(st.sampled_from("xyz"), max_size=2))),
        "done_commands": draw(st.tuples() | st.tuples(st.integers(1, 4))),
        "emitted": draw(st.tuples() | st.tuples(stored_events)),
        "listens": draw(st.tuples() | st.tuples(listenings)),
        "unlistens": draw(st.tuples() | st.tuples(st.integers(1, 2))),
        "uses": draw(st.tuples() | st.tuples(uses)),
    }


class StoresAgree(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.memory = MemoryRunStore()
        self.make_empty()
        self.durable = self.open_durable()
        self.epoch = 0
        self.acquire()
        self.put("d1")

    def make_empty(self):
        self.folder = tempfile.TemporaryDirectory()

    def open_durable(self):
        return SqliteRunStore(Path(self.folder.name) / "runs.db", Path(self.folder.name) / "log.db")

    def both(self, call):
        """Do the same to both; they answer alike, or refuse by the same error."""
        answers = []
        for store in (self.durable, self.memory):
            try:
                answers.append(call(store))
            except KapellError as error:
                answers.append(type(error))
        assert answers[0] == answers[1]
        return answers[0]

    @rule()
    def acquire(self):
        self.epoch = self.both(lambda store: store.acquire("me", NOW, 10.0))

    @rule()
    def reopen(self):
        self.durable.close()
        self.durable = self.open_durable()
        self.memory = self.memory.reopen()

    @rule(digest=st.sampled_from(["d1", "d2"]))
    def put(self, digest):
        self.both(lambda store: store.put_definition(digest, digest.encode()))

    @rule(wanted=st.lists(wishes(), min_size=1, max_size=4), stale=st.sampled_from([0] * 9 + [1]))
    def append(self, wanted, stale):
        last_seqs, batches = {}, []
        for wish in wanted:
            run_id, gap = wish["run_id"], wish["gap"]
            if run_id not in last_seqs:
                last_seqs[run_id] = self.find_last_seq(run_id)
            fields = {name: value for name, value in wish.items() if name != "gap"}
            batches.append(Batch(first_seq=last_seqs[run_id] + 1 + gap, **fields))
            last_seqs[run_id] += wish["count"]
        self.both(lambda store: store.append(self.epoch - stale, batches))

    def find_last_seq(self, run_id):
        try:
            return sum(row.count for row in self.memory.iter_history(run_id))
        except KapellError:
            return 0

    @rule(run_id=run_ids, count=st.integers(0, 3))
    def log(self, run_id, count):
        line = LogLine(at=NOW, reference="/do/0", entry=1, attempt=1, stream="info", text="x")
        self.both(lambda store: store.append_log(run_id, [line] * count))

    @rule(run_id=run_ids)
    def command(self, run_id):
        self.both(lambda store: store.put_command(run_id, b"x", NOW))

    @rule(command_id=st.integers(1, 4), error=st.sampled_from(["", "no"]))
    def answer(self, command_id, error):
        self.both(lambda store: store.answer_command(self.epoch, InboxAnswer(command_id=command_id, error=error)))

    @rule(run_id=run_ids, day=days)
    def close_damaged(self, run_id, day):
        self.both(lambda store: store.close_damaged(self.epoch, run_id, "broken", NOW + timedelta(days=day)))

    @rule(day=days, limit=st.integers(1, 5))
    def prune(self, day, limit):
        self.both(lambda store: store.prune(self.epoch, NOW + timedelta(days=day), limit=limit))

    @rule(events=st.lists(stored_events, max_size=3))
    def publish(self, events):
        self.both(lambda store: store.events.append(events))

    @rule(seconds=st.integers(0, 4), keep_most=st.integers(0, 9), below=st.integers(0, 12), limit=st.integers(1, 4))
    def prune_events(self, seconds, keep_most, below, limit):
        before = NOW + timedelta(seconds=seconds)
        self.both(
            lambda store: store.events.prune(arrived_before=before, keep_most=keep_most, below=below, limit=limit)
        )

    @rule(where=st.sampled_from(EVENTS), place=st.none() | st.integers(0, 9), limit=st.integers(1, 9))
    def list_events(self, where, place, limit):
        self.both(lambda store: store.events.list_newest(where, limit=limit, before=place))
        self.both(lambda store: store.events.read(place or 0, limit=limit, where=where))

    @rule(
        statuses=st.frozensets(st.sampled_from(STATUSES), max_size=3),
        namespace=st.sampled_from([None, "n1"]),
        name=st.sampled_from([None, "a"]),
        parent_run_id=st.sampled_from([None, "r1"]),
        namespaces=st.sampled_from([None, frozenset({"n1", "n2"}), frozenset({"n2"})]),
        only_top=st.booleans(),
        ended_after=st.sampled_from([None, None, NOW + timedelta(days=2)]),
        updated_before=st.sampled_from([None, None, NOW + timedelta(days=3)]),
        limit=st.integers(1, 4),
        after=st.none() | run_ids,
    )
    def list_page(self, limit, after, **conditions):
        # Behind a run that is gone, the page goes on by the order of ids, which here is not that of storing.
        if after is None or isinstance(self.both(lambda store: store.get_record(after)), RunRecord):
            self.both(lambda store: store.list_runs(RunFilter(**conditions), limit=limit, after=after))

    @invariant()
    def they_hold_the_same(self):
        for run_id in RUN_IDS:
            self.both(lambda store, run_id=run_id: store.load_run(run_id))
            self.both(lambda store, run_id=run_id: list(store.iter_history(run_id, 2)))
            self.both(lambda store, run_id=run_id: store.read_log(run_id))
        for digest in ("x", "d1", "d2"):
            self.both(lambda store, digest=digest: store.get_definition(digest))
            self.both(lambda store, digest=digest: store.get_payload(digest))
        for command_id in range(1, 5):
            self.both(lambda store, command_id=command_id: store.find_answer(command_id))
        self.both(lambda store: store.list_unfinished())
        days = CountFilter(span_seconds=DAY, since=NOW, until=NOW + timedelta(days=9))
        self.both(lambda store: store.count_runs(days))
        self.both(lambda store: store.count_by_subject(days))
        self.both(lambda store: store.list_commands(1))
        self.both(lambda store: store.events.last_position())
        self.both(lambda store: store.events.read(0, limit=99))
        self.both(lambda store: [store.events.list_uses(position, limit=9) for position in range(7)])
        self.both(lambda store: sorted(store.events.find_listeners([key.digest for key in KEYS])))
        self.both(lambda store: store.events.list_shapes())

    def teardown(self):
        self.durable.close()
        self.folder.cleanup()


class PostgresAgrees(StoresAgree):
    databases = None

    def make_empty(self):
        self.lent = self.databases.lend()
        self.url = self.lent.__enter__()

    def open_durable(self):
        return PostgresRunStore(self.url)

    def teardown(self):
        self.durable.close()
        self.lent.__exit__(None, None, None)


StoresAgree.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestStoresAgree = StoresAgree.TestCase

PostgresAgrees.TestCase.settings = settings(max_examples=12, stateful_step_count=25)


class TestPostgresAgrees(PostgresAgrees.TestCase):
    @pytest.fixture(autouse=True)
    def _databases(self, migrated_postgres_databases, monkeypatch):
        monkeypatch.setattr(PostgresAgrees, "databases", migrated_postgres_databases)
