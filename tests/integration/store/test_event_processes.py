"""Several processes that store events in one place, and what is left when one of them is killed."""

import signal
import subprocess
import sys
import threading
import time
from random import Random

import psycopg
import pytest

from kapell.engine.event_store import Listener
from kapell.engine.postgres_store import PostgresRunStore, events
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.errors import StorageError
from kapell.kernel.listening import ListenKey

PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kapell.engine.event_store import EventUse, Listening, StoredEvent
from kapell.engine.store import Batch, RunRecord
from kapell.kernel.listening import ListenKey
now = datetime.now(UTC)
where = sys.argv[1]
if where.startswith("postgresql"):
    from kapell.engine.postgres_store import PostgresRunStore
    store = PostgresRunStore(where)
else:
    from kapell.engine.sqlite_store import SqliteRunStore
    store = SqliteRunStore(Path(where) / "runs.db", Path(where) / "log.db")

def make_event(event_id):
    return StoredEvent(arrived_at=now, namespace="n", source="s", event_id=event_id, type="t", via="api/a", body=b"{}")
"""

PUBLISH = """
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    assert all(store.events.append([make_event(f"{sys.argv[2]}-{number}-{each}") for each in range(number % 3 + 1)]))
"""

# Each batch emits an event, uses it, and listens for the next number and no more for the last one.
EMIT_FOR_EVER = """
epoch = store.acquire("writer", now, 10.0)
store.put_definition("d", b"")
record = RunRecord(run_id=sys.argv[2], namespace="n", name="w", version="1", definition="d", status="running",
                   created_at=now, updated_at=now)
first = store.events.last_position()
for seq in range(1, 1_000_000):
    key = ListenKey("type", b"%016d" % seq)
    batch = Batch(run_id=sys.argv[2], first_seq=seq, count=1, at=now, body=b"x", record=record if seq == 1 else None,
                  emitted=(make_event(f"{sys.argv[2]}-{seq}"),), listens=(Listening(entry=1, keys=(key,)),),
                  uses=(EventUse(position=first + seq, reference="/do/0", at=now),))
    store.append(epoch, [batch])
    print(seq, flush=True)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def where(request, tmp_path):
    return request.getfixturevalue("migrated_postgres_url") if request.param == "postgres" else str(tmp_path)


@pytest.fixture
def store(where, tmp_path):
    is_sqlite = not where.startswith("postgresql")
    store = SqliteRunStore(tmp_path / "runs.db", tmp_path / "log.db") if is_sqlite else PostgresRunStore(where)
    yield store
    store.close()


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_reader_misses_nothing_of_what_other_processes_store(where, store):
    count, names = 100, ("one", "two")
    writers = [start(PUBLISH, where, name, count) for name in names]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("\n")
        writer.stdin.flush()
    seen, after, is_last = [], 0, False
    while not is_last:
        is_last = all(writer.poll() is not None for writer in writers)
        while page := store.events.read(after, limit=5):
            after = page[-1].position
            seen += [event.event_id for event in page]
        time.sleep(0.001)
    assert [writer.communicate()[0] for writer in writers] == ["", ""]
    assert [writer.returncode for writer in writers] == [0, 0]
    expected = [
        f"{name}-{number}-{each}" for name in names for number in range(count) for each in range(number % 3 + 1)
    ]
    assert sorted(seen) == sorted(expected)
    assert [event.position for event in store.events.read(0, limit=1000)] == list(range(1, len(expected) + 1))
    for name in names:
        assert [event_id for event_id in seen if event_id.startswith(name)] == [
            event_id for event_id in expected if event_id.startswith(name)
        ]


@pytest.mark.parametrize("seed", range(2))
def test_after_a_kill_events_listeners_and_uses_are_those_of_whole_batches(where, store, seed):
    chance = Random(seed)  # noqa: S311 -- no secret
    for turn in range(2):
        first = store.events.last_position()
        run_id = f"turn{turn}"
        with start(EMIT_FOR_EVER, where, run_id) as writer:
            for _ in range(chance.randrange(1, 40)):
                acknowledged = int(writer.stdout.readline())
            time.sleep(chance.random() / 100)
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read()
        acknowledged = max([acknowledged, *(int(line) for line in rest.splitlines() if line)])
        count = wait_for_the_end(store, run_id)

        assert count in {acknowledged, acknowledged + 1}
        kept = store.events.read(first, limit=100_000)
        assert [event.event_id for event in kept] == [f"{run_id}-{seq}" for seq in range(1, count + 1)]
        assert [len(store.events.list_uses(event.position, limit=9)) for event in kept] == [1] * count
        digests = [ListenKey("type", b"%016d" % seq).digest for seq in range(count + 2)]
        mine = [found for found in store.events.find_listeners(digests) if found[1].run_id == run_id]
        assert mine == [(digests[count], Listener(run_id, 1))]


def wait_for_the_end(store, run_id):
    """Return how many batches a run has, once the server has ended what it did for the killed process."""
    store.acquire("test", store.get_record(run_id).created_at, 0.0)  # waits for the owner's row, and fences the rest
    return len(list(store.iter_history(run_id)))


class TestPostgres:
    @pytest.fixture
    def store(self, postgres_medium):
        return postgres_medium.open()

    @pytest.fixture
    def holder(self, postgres_medium):
        """A transaction that has given a position and is not committed yet."""
        with psycopg.connect(postgres_medium.url) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (events._EVENTS_LOCK,))
            connection.execute(
                "INSERT INTO events (position, arrived_at, namespace, source, event_id, type, via, event_hash, body) "
                "VALUES (1, 0, 'n', 's', 'slow', 't', 'v', '', '')"
            )
            yield connection

    def test_nobody_passes_a_transaction_that_has_given_positions(
        self, store, holder, make_event, make_batch, postgres_medium, now
    ):
        store.put_definition("definition-1", b"document: {}")
        epoch = store.acquire("test", now, 10.0)
        given = []
        threads = [
            threading.Thread(target=lambda: given.extend(store.events.append([make_event("fast")]))),
            threading.Thread(target=lambda: store.append(epoch, [make_batch("r1", emitted=(make_event("run"),))])),
        ]
        for thread in threads:
            thread.start()
        with psycopg.connect(postgres_medium.url, autocommit=True) as watcher:
            wait_for(lambda: count_waiting(watcher) == 2)
        assert store.events.read(0, limit=10) == []
        assert store.events.last_position() == 0

        holder.commit()
        for thread in threads:
            thread.join(timeout=30)

        found = store.events.read(0, limit=10)
        assert [event.position for event in found] == [1, 2, 3]
        assert found[0].event_id == "slow"
        assert found[given[0] - 1].event_id == "fast"

    def test_a_run_that_emits_nothing_waits_for_nobody(self, store, holder, make_batch, make_record, now):
        store.put_definition("definition-1", b"document: {}")
        epoch = store.acquire("test", now, 10.0)

        store.append(epoch, [make_batch("r1"), make_batch("r1", 2, record=make_record("r1", status="completed"))])

        assert holder.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert store.get_record("r1").status == "completed"

    def test_a_backend_that_is_ended_while_it_stores_events_leaves_nothing(
        self, store, holder, make_event, postgres_medium
    ):
        failures = []

        def publish():
            try:
                store.events.append([make_event("a")])
            except StorageError as error:
                failures.append(error)

        thread = threading.Thread(target=publish)
        thread.start()
        with psycopg.connect(postgres_medium.url, autocommit=True) as watcher:
            wait_for(lambda: count_waiting(watcher) == 1)
            watcher.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND wait_event_type = 'Lock' AND application_name ~ '^kapell'"
            )
        thread.join(timeout=30)
        holder.rollback()

        assert len(failures) == 1
        assert store.events.last_position() == 0
        assert store.events.append([make_event("a")]) == [1]


def count_waiting(connection):
    ((count,),) = connection.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name ~ '^kapell' AND datname = current_database() AND wait_event_type = 'Lock'"
    )
    return count


def wait_for(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
