"""Stores to hold to the contract, and records and batches to put into them."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from kapell.engine.event_store import StoredEvent
from kapell.engine.postgres_store import PostgresRunStore
from kapell.engine.sealed_store import SealedRunStore
from kapell.engine.seals import Seals
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import ENDED, Batch, LogLine, RunRecord
from kapell.testing.memory_store import MemoryRunStore
from kapell.vault.master_keys import open_master_keys

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
DEFINITION = "definition-1"
LEASE_SECONDS = 10.0


class SqliteMedium:
    """A data folder; each store opened on it stands for another process."""

    def __init__(self, path):
        self.path = path / "runs.db"
        self.log_path = path / "log.db"
        self._stores = []

    def open(self, **options):
        store = SqliteRunStore(self.path, self.log_path, **options)
        self._stores.append(store)
        return store

    def close(self):
        for store in self._stores:
            store.close()


class PostgresMedium:
    """A database; each store opened on it stands for another process."""

    def __init__(self, url):
        self.url = url
        self._stores = []

    def open(self):
        store = PostgresRunStore(self.url)
        self._stores.append(store)
        return store

    def close(self):
        for store in self._stores:
            store.close()


class MemoryMedium:
    """The memory that several stores share."""

    def __init__(self):
        self._first = MemoryRunStore()

    def open(self):
        return self._first.reopen()

    def close(self):
        self._first.close()


class SealedMedium:
    """Another medium, with all that is put into it sealed; `seals` tells whether a store seals what is new."""

    def __init__(self, medium, key_path):
        self.bare = medium
        self.key_path = key_path

    def open(self, *, seals=True, **options):
        return SealedRunStore(self.bare.open(**options), self._open_seals, seals_new=seals)

    def _open_seals(self):
        return Seals(open_master_keys(self.key_path, may_create=True))


@pytest.fixture
def sqlite_medium(tmp_path):
    medium = SqliteMedium(tmp_path)
    yield medium
    medium.close()


@pytest.fixture
def postgres_medium(migrated_postgres_url):
    medium = PostgresMedium(migrated_postgres_url)
    yield medium
    medium.close()


@pytest.fixture
def memory_medium():
    return MemoryMedium()


@pytest.fixture
def sealed_sqlite_medium(sqlite_medium, tmp_path):
    return SealedMedium(sqlite_medium, tmp_path / "master.key")


@pytest.fixture
def sealed_postgres_medium(postgres_medium, tmp_path):
    return SealedMedium(postgres_medium, tmp_path / "master.key")


# What is sealed is held to the contract over SQLite: the sealing is the same over PostgreSQL, and that is slower.
@pytest.fixture(params=["sqlite", "postgres", "memory", "sealed_sqlite"])
def medium(request):
    if request.param == "memory":
        return MemoryMedium()
    return request.getfixturevalue(f"{request.param}_medium")


@pytest.fixture
def store(medium):
    store = medium.open()
    store.put_definition(DEFINITION, b"document: {}")
    return store


@pytest.fixture
def sqlite_store(sqlite_medium):
    store = sqlite_medium.open()
    store.put_definition(DEFINITION, b"document: {}")
    return store


@pytest.fixture
def epoch(store):
    return store.acquire("test", NOW, LEASE_SECONDS)


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def make_record():
    def make(run_id, status="running", **fields):
        created_at = fields.pop("created_at", NOW)
        ended_at = fields.pop("ended_at", NOW if status in ENDED else None)
        defaults = {"namespace": "shop", "name": "order", "version": "1.0.0", "definition": DEFINITION}
        return RunRecord(
            run_id=run_id,
            status=status,
            created_at=created_at,
            updated_at=created_at,
            ended_at=ended_at,
            **(defaults | fields),
        )

    return make


@pytest.fixture
def make_batch(make_record):
    """Make a batch; the one that begins with event 1 brings the run's record unless told otherwise."""

    def make(run_id, first_seq=1, body=b"events", **fields):
        fields.setdefault("count", 1)
        fields.setdefault("at", NOW)
        if first_seq == 1:
            fields.setdefault("record", make_record(run_id))
        return Batch(run_id=run_id, first_seq=first_seq, body=body, **fields)

    return make


@pytest.fixture
def add_runs(store, epoch, make_batch, make_record):
    """Store runs of one event each, in the order given: `add_runs("a", b={"status": "completed"})`."""

    def add(*run_ids, **records):
        wanted = {run_id: {} for run_id in run_ids} | records
        store.append(
            epoch, [make_batch(run_id, record=make_record(run_id, **fields)) for run_id, fields in wanted.items()]
        )

    return add


@pytest.fixture
def make_payload():
    def make(body):
        return hashlib.sha256(body).hexdigest(), body

    return make


@pytest.fixture
def make_line():
    numbers = count(1)

    def make(text, stream="stdout"):
        at = NOW + timedelta(seconds=next(numbers))
        return LogLine(at=at, reference="/do/0/build/run", entry=1, attempt=2, stream=stream, text=text)

    return make


@pytest.fixture
def make_event(now):
    def make(event_id, **fields):
        defaults = {"namespace": "shop", "source": "/orders", "type": "order.placed", "via": "api/alice"}
        fields = {"arrived_at": now, "body": f'{{"id": "{event_id}"}}'.encode()} | defaults | fields
        return StoredEvent(event_id=event_id, **fields)

    return make
