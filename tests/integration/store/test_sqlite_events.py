"""What only the SQLite store promises of events: old files, the cost of runs that know no events, short lookups."""

import re
import sqlite3
from contextlib import closing, contextmanager

import pytest

from kapell.engine.event_store import EventQuery, EventUse, Listener, Listening
from kapell.errors import StorageError
from kapell.kernel.listening import ListenKey
from kapell.storage.database import Database
from kapell.storage.migrations.runs import RUNS_MIGRATIONS

KEY = ListenKey("type", b"0123456789abcdef")
LISTENS = (Listening(entry=1, keys=(KEY,)),)


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


@pytest.fixture
def watched(store):
    """Collect the statements that the store's writing connection executes."""

    @contextmanager
    def watch():
        statements = []
        store._database._writer.set_trace_callback(lambda text: statements.append(" ".join(text.split())))
        yield statements
        store._database._writer.set_trace_callback(None)

    return watch


def test_a_file_from_before_there_were_events_opens_with_its_runs(sqlite_medium, make_event, make_batch, now):
    Database(sqlite_medium.path, RUNS_MIGRATIONS[:2]).close()
    with closing(sqlite3.connect(sqlite_medium.path)) as connection, connection:
        connection.execute("INSERT INTO definitions VALUES (1, 'definition-1', x'00')")
        connection.execute(
            "INSERT INTO runs VALUES (1, 'old', 'shop', 'order', '1.0.0', 1, 'waiting', 0, 0, NULL, NULL, NULL, NULL)"
        )
        connection.execute("INSERT INTO history VALUES (1, 1, 1, 0, 0, x'00')")

    store = sqlite_medium.open()
    epoch = store.acquire("test", now, 10.0)

    assert store.get_record("old").status == "waiting"
    assert store.events.last_position() == 0
    store.append(epoch, [make_batch("old", 2, emitted=(make_event("a"),), listens=LISTENS)])
    assert store.events.find_listeners([KEY.digest]) == [(KEY.digest, Listener("old", 1))]
    assert [event.event_id for event in store.events.read(0, limit=2)] == ["a"]


def test_runs_without_events_cost_no_statement_more(store, epoch, make_batch, make_record, watched):
    store.append(epoch, [make_batch("listener", listens=LISTENS)])
    with watched() as statements:
        store.append(epoch, [make_batch("a")])
        store.append(epoch, [make_batch("a", 2)])
        store.append(epoch, [make_batch("a", 3, record=make_record("a", status="completed"))])

    assert statements
    touched = [text for text in statements if re.search("events|listen|uses", text)]
    assert [text for text in touched if "FROM runs WHERE run_id = 'a'" not in text] == []
    assert len(touched) == 1, "where a run stands is asked once, and whether it listens in the same statement"


def test_the_end_of_a_run_that_has_listened_costs_one_statement_more(store, epoch, make_batch, make_record, watched):
    store.append(epoch, [make_batch("a", listens=LISTENS), make_batch("b", listens=LISTENS)])
    with watched() as statements:
        store.append(epoch, [make_batch("a", 2, record=make_record("a", status="completed"))])
    assert [text for text in statements if "listen" in text] == ["DELETE FROM listeners WHERE run_id = 'a'"]

    with watched() as statements:
        store.append(epoch, [make_batch("a", 3, record=make_record("a", status="completed"))])
    assert [text for text in statements if text.startswith("DELETE")] == []


def test_pruning_when_nothing_is_old_writes_nothing(store, make_event, now, watched):
    store.events.append([make_event("a")])
    with watched() as statements:
        assert store.events.prune(arrived_before=now, keep_most=1, below=9, limit=10) == 0
    assert statements == []


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (EventQuery(namespaces=frozenset({"shop"})), "events_by_namespace (namespace=? AND rowid"),
        (EventQuery(types=frozenset({"t"})), "events_by_type (type=? AND namespace=? AND rowid"),
        (EventQuery(source="s"), "events_by_source (source=? AND namespace=? AND position"),
        (EventQuery(subject="s"), "events_by_subject (subject=? AND namespace=? AND rowid"),
        (EventQuery(event_id="s"), "events_by_event_id (event_id=? AND namespace=? AND rowid"),
        (EventQuery(via="s"), "events_by_via (via=? AND namespace=? AND position"),
        (EventQuery(), "INTEGER PRIMARY KEY (rowid"),
    ],
)
def test_a_page_is_read_from_an_index_without_sorting(store, make_event, sqlite_medium, where, index):
    store.events.append([make_event("s", type="t", source="s", subject="s", via="s")])
    asked = []
    reader = store._database._take_reader()
    reader.set_trace_callback(asked.append)
    store._database._give_back(reader)
    assert len(store.events.list_newest(where, limit=5)) == 1
    (page,) = [text for text in asked if "ORDER BY position DESC" in text]

    with closing(sqlite3.connect(sqlite_medium.path)) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {page}")]

    assert len(plan) == 1, "no step that sorts"
    assert index in plan[0]


def test_a_full_disk_refuses_events_with_their_batch(store, epoch, make_batch, make_event, now):
    store.append(epoch, [make_batch("a")])
    ((pages,),) = store._database._writer.execute("PRAGMA page_count")
    store._database._writer.execute(f"PRAGMA max_page_count = {pages}")
    large = make_event("large", body=b"x" * 1_000_000)
    told = {"listens": LISTENS, "uses": (EventUse(position=1, reference="", at=now),)}

    with pytest.raises(StorageError):
        store.append(epoch, [make_batch("a", 2, emitted=(make_event("small"), large), **told)])
    with pytest.raises(StorageError):
        store.events.append([make_event("small"), large])
    assert store.events.last_position() == 0
    assert store.events.find_listeners([KEY.digest]) == []

    store._database._writer.execute("PRAGMA max_page_count = 1000000")
    store.append(epoch, [make_batch("a", 2, emitted=(make_event("small"), large), **told)])
    assert [event.event_id for event in store.events.read(0, limit=9)] == ["small", "large"]
