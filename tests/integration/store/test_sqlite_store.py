"""What only the SQLite store promises: damage is noticed, limits of the disk are survived, many runs stay cheap."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar

import pytest

from kapell.engine.store import RunFilter
from kapell.errors import ConflictError, DamagedHistoryError, StorageError
from kapell.storage.errors import DatabaseUnusableError

ALL = RunFilter()
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


@pytest.fixture
def tamper(sqlite_medium):
    """Change the file behind the store's back."""

    def execute(statement, *parameters):
        with sqlite3.connect(sqlite_medium.path) as connection:
            changed = connection.execute(statement, parameters).rowcount
        connection.close()
        assert changed == 1

    return execute


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "body = x'00'",
        "body = substr(body, 1, length(body) - 1)",
        "count = count + 1",
        "at = at + 1",
        "crc32 = crc32 + 1",
        "first_seq = 77",
        "run_key = (SELECT run_key FROM runs WHERE run_id = 'empty')",
    ],
)
def test_a_changed_row_is_noticed_and_named_and_other_runs_go_on(store, epoch, make_batch, tamper, change):
    store.append(epoch, [make_batch("a"), make_batch("b"), make_batch("a", 2), make_batch("a", 3)])
    store.append(epoch, [make_batch("empty", 1, count=0, body=b"")])
    tamper(f"UPDATE history SET {change} WHERE first_seq = 2")  # noqa: S608 -- the test's own text
    with pytest.raises(DamagedHistoryError, match=r"run a .* event 2\b"):
        store.load_run("a")
    rows = store.iter_history("a")
    assert next(rows).first_seq == 1
    with pytest.raises(DamagedHistoryError, match=r"run a .* event 2\b"):
        list(rows)
    assert len(store.load_run("b").rows) == 1
    store.append(epoch, [make_batch("b", 2)])


def test_a_missing_row_is_noticed(store, epoch, make_batch, tamper):
    store.append(epoch, [make_batch("a", seq) for seq in range(1, 4)])
    tamper("DELETE FROM history WHERE first_seq = 2")
    with pytest.raises(DamagedHistoryError, match="event 2 is missing"):
        store.load_run("a")


def test_a_row_exchanged_with_another_runs_is_noticed(store, epoch, make_batch, tamper):
    store.append(epoch, [make_batch("a", body=b"events of a"), make_batch("b", body=b"events of b")])
    tamper("UPDATE history SET (body, crc32) = (SELECT body, crc32 FROM history WHERE run_key = 2) WHERE run_key = 1")
    with pytest.raises(DamagedHistoryError, match="run a "):
        store.load_run("a")


def test_a_damaged_snapshot_costs_only_time(store, epoch, make_batch, tamper):
    store.append(epoch, [make_batch("a", seq, snapshot=b"state-%d" % seq) for seq in range(1, 5)])
    tamper("UPDATE snapshots SET body = x'00' WHERE seq = 4")
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, len(stored.rows)) == (b"state-3", 3, 1)
    tamper("UPDATE snapshots SET seq = 2 WHERE seq = 3")
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, len(stored.rows)) == (None, 0, 4)


def test_at_most_two_snapshots_of_a_run_are_kept(store, epoch, make_batch, sqlite_medium):
    store.append(epoch, [make_batch("a", seq, snapshot=b"s") for seq in range(1, 6)])
    store.append(epoch, [make_batch("a", 6, snapshot=b"s"), make_batch("b", snapshot=b"s")])
    with sqlite3.connect(sqlite_medium.path) as connection:
        kept = connection.execute("SELECT run_key, seq FROM snapshots ORDER BY run_key, seq").fetchall()
    connection.close()
    assert kept == [(1, 5), (1, 6), (2, 1)]


def test_a_page_that_sqlite_cannot_read_closes_that_run_alone(sqlite_medium, store, epoch, make_batch, now):
    large = bytes(range(256)) * 64
    store.append(epoch, [make_batch("a", body=b"A" * 40_000), make_batch("b", body=large)])
    sqlite_medium.close()
    content = bytearray(sqlite_medium.path.read_bytes())
    page = content.find(b"A" * 4000) // 4096 * 4096
    content[page : page + 4] = b"\xff\xff\xff\xff"  # an overflow page's pointer to the next
    sqlite_medium.path.write_bytes(content)

    reopened = sqlite_medium.open()
    epoch = reopened.acquire("after", now, 10.0)
    with pytest.raises(DamagedHistoryError, match="run a "):
        reopened.load_run("a")
    reopened.close_damaged(epoch, "a", "broken", now)
    assert reopened.load_run("b").rows[0].body == large
    reopened.append(epoch, [make_batch("b", 2)])


def test_a_file_that_is_no_database_is_refused(sqlite_medium):
    sqlite_medium.path.write_bytes(b"This is not a database at all." * 100)
    with pytest.raises(DatabaseUnusableError) as refusal:
        sqlite_medium.open()
    assert not refusal.value.retryable
    assert str(sqlite_medium.path) in refusal.value.message


# -- a full disk, a disk that may not be written -----------------------------------------------------------------------


def limit_pages(store, more):
    connection = store._database._writer
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + more}")


def test_a_full_disk_refuses_the_call_whole_and_the_next_one_succeeds_once_there_is_space(
    sqlite_medium, store, epoch, make_batch
):
    store.append(epoch, [make_batch("a")])
    limit_pages(store, 3)
    with pytest.raises(StorageError, match="disk is full") as refusal:
        store.append(epoch, [make_batch("a", 2), make_batch("b", body=b"x" * 100_000)])
    assert refusal.value.retryable
    assert "Free some space" in refusal.value.hint
    assert len(store.load_run("a").rows) == 1
    store.append(epoch, [make_batch("a", 2)])
    limit_pages(store, 1000)
    store.append(epoch, [make_batch("a", 3), make_batch("b", body=b"x" * 100_000)])
    assert len(sqlite_medium.open().load_run("a").rows) == 3


def test_a_database_that_may_not_be_written_says_so(store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    store._database._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="cannot be written to"):
        store.append(epoch, [make_batch("a", 2)])
    store._database._writer.execute("PRAGMA query_only = OFF")
    store.append(epoch, [make_batch("a", 2)])


def test_a_closed_store_refuses_clearly(store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.append(epoch, [make_batch("a", 2)])
    with pytest.raises(StorageError, match="closed"):
        store.load_run("a")


# -- invariants that hold even if the owner's memory is wrong ----------------------------------------------------------


def test_the_database_itself_refuses_an_event_number_that_exists(store, epoch, make_batch):
    store.append(epoch, [make_batch("a", count=2), make_batch("a", 3)])
    store._positions._known["a"] = (1, 2)
    with pytest.raises(ConflictError, match="exists already"):
        store.append(epoch, [make_batch("a", 3)])


def test_forgetting_where_runs_stand_changes_nothing(store, epoch, make_batch, monkeypatch):
    monkeypatch.setattr("kapell.engine.sqlite_store.appending._REMEMBERED_RUNS", 3)
    for seq in range(1, 4):
        store.append(epoch, [make_batch(f"r{number}", seq) for number in range(10)])
    assert [row.first_seq for row in store.iter_history("r7")] == [1, 2, 3]


def test_keys_of_runs_go_on_after_a_new_owner_took_over(sqlite_medium, store, epoch, make_batch, now):
    store.append(epoch, [make_batch("a")])
    other = sqlite_medium.open()
    other.append(other.acquire("other", now, 10.0), [make_batch("b")])
    store.append(store.acquire("again", now, 10.0), [make_batch("c"), make_batch("b", 2)])
    assert [run.run_id for run in store.list_runs(ALL, limit=10)] == ["c", "b", "a"]


def test_pruning_bounds_the_rows_of_one_call(store, epoch, make_batch, make_record, now, monkeypatch):
    monkeypatch.setattr("kapell.engine.sqlite_store.pruning._ROWS_A_PIECE", 10)
    for number, rows in enumerate((3, 4, 25, 2)):
        ended = make_record(f"r{number}", "completed", ended_at=now + timedelta(seconds=number))
        store.append(epoch, [make_batch(f"r{number}", seq, record=ended) for seq in range(1, rows + 1)])
    later = now + timedelta(days=1)
    assert [store.prune(epoch, later, limit=10) for _ in range(4)] == [2, 1, 1, 0]


# -- threads -----------------------------------------------------------------------------------------------------------


def test_reads_of_other_threads_do_not_wait_for_a_write(store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    seen = []
    with store._database.write():
        reader = threading.Thread(target=lambda: seen.append(store.load_run("a").rows[0].first_seq))
        reader.start()
        reader.join(timeout=10)
    assert seen == [1]


def test_threads_may_use_one_store_together(store, epoch, make_batch, make_line):
    errors = []

    def work(name):
        try:
            for seq in range(1, 40):
                store.append(epoch, [make_batch(name, seq)])
                store.append_log(name, [make_line("x")])
                assert store.load_run(name).rows[-1].first_seq == seq
                assert len(store.read_log(name)) == seq
                store.list_runs(ALL, limit=3)
        except BaseException as error:  # noqa: BLE001 -- whatever it is, the test must see it
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(store._database._idle_readers) <= 4


# -- hot statements use their indexes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (ALL, "runs_by_start"),
        (RunFilter(started_after=NOW, started_before=NOW), "runs_by_start"),
        (RunFilter(statuses=frozenset({"faulted"})), "runs_by_status"),
        (RunFilter(namespace="shop"), "runs_by_namespace"),
        (RunFilter(namespaces=frozenset({"shop", "bank"}), statuses=frozenset({"faulted"})), "runs_by_namespace"),
        (RunFilter(name="order"), "runs_by_name"),
        (RunFilter(name="order", namespace="shop", version="1.0.0", started_after=NOW), "runs_by_name"),
        (RunFilter(parent_run_id="r1", only_top=True), "runs_by_parent"),
        (RunFilter(ended_before=NOW), "runs_by_end"),
        (RunFilter(updated_after=NOW, statuses=frozenset({"faulted"})), "runs_by_update"),
    ],
)
def test_a_page_is_read_from_an_index_without_sorting(store, add_runs, sqlite_medium, monkeypatch, where, index):
    add_runs("r1", r2={"status": "completed", "parent_run_id": "r1"})
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Noting))
    Noting.statements = []
    sqlite_medium.open().list_runs(where, limit=5, after="r2" if where is ALL else None)
    pages = [(text, values) for text, values in Noting.statements if "INDEXED BY" in text]
    assert pages
    with closing(sqlite3.connect(sqlite_medium.path)) as connection:
        for text, values in pages:
            plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values))
            assert f"SEARCH runs USING INDEX {index}" in plan.replace("COVERING ", "")
            assert "TEMP B-TREE" not in plan


class Noting(sqlite3.Connection):
    """A connection that notes what it is asked."""

    statements: ClassVar = []

    def execute(self, statement, values=()):
        self.statements.append((statement, values))
        return super().execute(statement, values)
