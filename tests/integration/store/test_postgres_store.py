"""What only the PostgreSQL store promises: broken connections, restarts and commits whose end nobody saw."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest

from kapell.engine.postgres_store import PostgresRunStore
from kapell.engine.store import InboxAnswer, RunFilter
from kapell.errors import ConflictError, DamagedHistoryError, StaleOwnerError, StorageError, UsageError
from kapell.storage.errors import DatabaseUnusableError
from kapell.storage.server_database import ServerDatabase

ALL = RunFilter()


class Proxy:
    """Stands between a store and its server, and cuts the connection that sends what it was told to wait for."""

    def __init__(self, port):
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._cut = None
        self._pairs = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self, needle, *, deliver, hold=False):
        """Cut when `needle` is sent: after the server has answered it, or before it gets there.

        Args:
            needle: Bytes of the request.
            deliver: Whether the server gets the request.
            hold: Whether the server is left believing that the connection lives.
        """
        self._cut = (needle, deliver, hold)

    def close(self):
        _shut(self._listener)
        for pair in self._pairs:
            for end in pair:
                _shut(end)
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()
        for end in [self._listener, *(end for pair in self._pairs for end in pair)]:
            end.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._pairs.append((client, server))
                answered = threading.Event()
                muted = threading.Event()
                for carry in (self._carry_requests, self._carry_answers):
                    thread = threading.Thread(target=carry, args=(client, server, muted, answered), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _carry_requests(self, client, server, muted, answered):
        with suppress(OSError):
            while data := client.recv(1 << 20):
                if self._cut is None or self._cut[0] not in data:
                    server.sendall(data)
                    continue
                (_, deliver, hold), self._cut = self._cut, None
                muted.set()
                if deliver:
                    server.sendall(data)
                    assert answered.wait(timeout=30)
                _shut(client)
                if hold:
                    return
                break
        _shut(server)

    def _carry_answers(self, client, server, muted, answered):
        with suppress(OSError):
            while data := server.recv(1 << 20):
                if muted.is_set():
                    answered.set()
                else:
                    client.sendall(data)
        _shut(client)


def _shut(end):
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def store(postgres_medium):
    store = postgres_medium.open()
    store.put_definition("definition-1", b"document: {}")
    return store


@pytest.fixture
def execute(postgres_medium):
    """Do something behind the store's back."""

    def execute(statement, *parameters):
        with psycopg.connect(postgres_medium.url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    return execute


@pytest.fixture
def proxy(postgres_server):
    proxy = Proxy(postgres_server.port)
    yield proxy
    proxy.close()


@pytest.fixture
def proxied(postgres_medium, postgres_server, proxy, store, now):
    """A store that reaches its server through the proxy, and its epoch."""
    far = PostgresRunStore(postgres_medium.url.replace(f":{postgres_server.port}/", f":{proxy.port}/"))
    yield far, far.acquire("far", now, 10.0)
    far.close()


def seqs(store, run_id):
    return [row.first_seq for row in store.iter_history(run_id)]


def terminate_writer(execute):
    """End the backend of the store's writing connection: the one that waits for the owner's row."""
    return execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name ~ '^kapell' AND datname = current_database() AND wait_event_type = 'Lock'"
    )


def count_waiting(execute):
    return execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name ~ '^kapell' AND datname = current_database() AND wait_event_type = 'Lock'"
    )[0][0]


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come true")


# -- commits whose end nobody saw --------------------------------------------------------------------------------------


@pytest.mark.parametrize("deliver", [True, False], ids=["written", "not-written"])
def test_a_statement_whose_end_nobody_saw_is_written_once(proxy, proxied, store, make_batch, deliver):
    far, epoch = proxied
    far.append(epoch, [make_batch("a"), make_batch("old")])
    batches = [make_batch("a", 2, body=b"second"), make_batch("new"), make_batch("old", 2, count=3)]
    proxy.cut(b"second", deliver=deliver)
    with pytest.raises(StorageError, match="was lost") as refusal:
        far.append(epoch, batches)
    assert refusal.value.retryable
    assert seqs(store, "a") == ([1, 2] if deliver else [1])
    far.append(epoch, batches)
    assert [seqs(store, run_id) for run_id in ("a", "old", "new")] == [[1, 2], [1, 2], [1]]
    far.append(epoch, [make_batch("old", 5), make_batch("new", 2)])
    with pytest.raises(ConflictError):
        far.append(epoch, [make_batch("old", 5)])


@pytest.mark.parametrize("deliver", [True, False], ids=["written", "not-written"])
def test_a_transaction_whose_end_nobody_saw_is_written_once(
    proxy, proxied, store, make_batch, make_payload, now, deliver
):
    far, epoch = proxied
    far.append(epoch, [make_batch("a")])
    command_id = store.put_command("a", b"cancel", now)
    payload = make_payload(b"large")
    batches = [make_batch("a", 2, snapshot=b"state", payloads=(payload,), done_commands=(command_id,)), make_batch("b")]
    proxy.cut(b"COMMIT", deliver=deliver)
    with pytest.raises(StorageError, match="was lost"):
        far.append(epoch, batches)
    assert seqs(store, "a") == ([1, 2] if deliver else [1])
    far.append(epoch, batches)
    assert (seqs(store, "a"), seqs(store, "b")) == ([1, 2], [1])
    assert store.load_run("a").snapshot == b"state"
    assert store.get_payload(payload[0]) == b"large"
    assert store.find_answer(command_id) == InboxAnswer(command_id=command_id, error="")


@pytest.mark.parametrize("deliver", [True, False], ids=["written", "not-written"])
def test_after_a_doubtful_call_another_one_may_follow(proxy, proxied, store, make_batch, deliver):
    far, epoch = proxied
    proxy.cut(b"events", deliver=deliver)
    with pytest.raises(StorageError):
        far.append(epoch, [make_batch("a")])
    far.append(epoch, [make_batch("a", 2) if deliver else make_batch("a"), make_batch("b")])
    assert seqs(store, "a") == ([1, 2] if deliver else [1])


def test_a_doubtful_call_is_not_taken_for_one_that_differs(proxy, proxied, store, make_batch):
    far, epoch = proxied
    proxy.cut(b"body one", deliver=True)
    with pytest.raises(StorageError):
        far.append(epoch, [make_batch("a", body=b"body one")])
    with pytest.raises(ConflictError):
        far.append(epoch, [make_batch("a", body=b"other")])
    assert [row.body for row in store.iter_history("a")] == [b"body one"]


@pytest.mark.parametrize("deliver", [True, False], ids=["written", "not-written"])
def test_a_doubtful_call_without_events_is_written_again(proxy, proxied, store, make_batch, make_record, deliver):
    far, epoch = proxied
    batches = [make_batch("a", count=0, body=b"", record=make_record("a", "waiting"))]
    proxy.cut(b"waiting", deliver=deliver)
    with pytest.raises(StorageError):
        far.append(epoch, batches)
    far.append(epoch, batches)
    assert [(run.run_id, run.status) for run in store.list_runs(ALL, limit=10)] == [("a", "waiting")]
    far.append(epoch, [make_batch("a")])


def test_a_transaction_that_the_server_has_not_ended_is_ended(proxy, proxied, store, make_batch, make_payload, execute):
    far, epoch = proxied
    batches = [make_batch("a", payloads=(make_payload(b"large"),))]
    proxy.cut(b"COMMIT", deliver=False, hold=True)
    with pytest.raises(StorageError):
        far.append(epoch, batches)
    idle = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
    assert execute(idle) == [(1,)]
    far.append(epoch, batches)
    assert execute(idle) == [(0,)]
    assert seqs(store, "a") == [1]


# -- broken connections ------------------------------------------------------------------------------------------------


def test_a_backend_that_is_ended_during_an_append_leaves_nothing(store, epoch, make_batch, execute, postgres_medium):
    store.append(epoch, [make_batch("a")])
    batches = [make_batch("a", 2), make_batch("b")]
    with psycopg.connect(postgres_medium.url) as other, ThreadPoolExecutor() as pool:
        other.execute("SELECT FROM owner FOR UPDATE")
        call = pool.submit(store.append, epoch, batches)
        wait_for(lambda: count_waiting(execute) == 1)
        assert terminate_writer(execute) == [(True,)]
        with pytest.raises(StorageError, match=r"was stopped|was lost"):
            call.result(timeout=30)
    assert seqs(store, "a") == [1]
    store.append(epoch, batches)
    assert (seqs(store, "a"), seqs(store, "b")) == ([1, 2], [1])


def test_connections_that_broke_while_idle_are_replaced_without_a_word(store, epoch, make_batch, make_line, execute):
    store.append(epoch, [make_batch("a")])
    store.append_log("a", [make_line("one")])
    assert seqs(store, "a") == [1]
    ended = execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name ~ '^kapell' AND datname = current_database()"
    )
    assert ended[0][0] >= 3
    wait_for(lambda: execute("SELECT count(*) FROM pg_stat_activity WHERE application_name ~ '^kapell'") == [(0,)])
    store.append(epoch, [make_batch("a", 2)])
    store.append_log("a", [make_line("two")])
    assert seqs(store, "a") == [1, 2]
    assert [line.seq for line in store.read_log("a")] == [1, 2]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_was_away_refuses_calls_and_then_goes_on(postgres_server, store, epoch, make_batch, how):
    store.append(epoch, [make_batch("a")])
    getattr(postgres_server, how)()
    try:
        for call in (
            lambda: store.append(epoch, [make_batch("a", 2)]),
            lambda: store.get_record("a"),
            lambda: PostgresRunStore(store_url(store, postgres_server)),
        ):
            with pytest.raises(StorageError, match="connection to the database") as refusal:
                call()
            assert refusal.value.retryable
    finally:
        postgres_server.start()
    store.append(epoch, [make_batch("a", 2)])
    assert seqs(store, "a") == [1, 2]


def store_url(store, server):
    return server.make_url(store._connections._options["dbname"])


def test_appends_go_on_through_restarts_and_nothing_is_lost_or_doubled(postgres_server, store, epoch, make_batch):
    is_over = threading.Event()
    written = []

    def append():
        seq = 1
        while not is_over.is_set():
            with suppress(StorageError):
                store.append(epoch, [make_batch(f"r{run}", seq, body=b"%d" % seq) for run in range(20)])
                written.append(seq)
                seq += 1

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(append)
        try:
            for _ in range(3):
                before = len(written)
                wait_for(lambda before=before: len(written) > before + 20 or writing.done())
                postgres_server.kill()
                postgres_server.start()
        finally:
            is_over.set()
        writing.result(timeout=30)
    for run in range(20):
        assert [row.body for row in store.iter_history(f"r{run}")] == [b"%d" % seq for seq in written]


# -- two owners --------------------------------------------------------------------------------------------------------


def test_an_append_that_waits_while_another_takes_over_is_refused(store, epoch, make_batch, execute, postgres_medium):
    store.append(epoch, [make_batch("a")])
    with psycopg.connect(postgres_medium.url) as other, ThreadPoolExecutor() as pool:
        other.execute("UPDATE owner SET epoch = epoch + 1, name = 'other'")
        call = pool.submit(store.append, epoch, [make_batch("a", 2), make_batch("b")])
        wait_for(lambda: count_waiting(execute) == 1)
        other.commit()
        with pytest.raises(StaleOwnerError, match="taken over by other"):
            call.result(timeout=30)
    assert [run.run_id for run in store.list_runs(ALL, limit=10)] == ["a"]
    assert seqs(store, "a") == [1]


def test_a_former_owner_is_told_so_whatever_it_brings(postgres_medium, store, epoch, make_batch, now):
    store.append(epoch, [make_batch("a")])
    other = postgres_medium.open()
    other.append(other.acquire("other", now, 10.0), [make_batch("a", 2), make_batch("b")])
    for batch in (make_batch("a", 2), make_batch("a", 3), make_batch("b"), make_batch("c", record=None)):
        with pytest.raises(StaleOwnerError):
            store.append(epoch, [batch])


def test_keys_of_runs_go_on_after_a_new_owner_took_over(postgres_medium, store, epoch, make_batch, now):
    store.append(epoch, [make_batch("a")])
    other = postgres_medium.open()
    other.append(other.acquire("other", now, 10.0), [make_batch("b")])
    store.append(store.acquire("again", now, 10.0), [make_batch("c"), make_batch("b", 2)])
    assert [run.run_id for run in store.list_runs(ALL, limit=10)] == ["c", "b", "a"]


# -- damage, and what the database itself refuses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        r"body = '\x00'",
        "body = substr(body, 1, length(body) - 1)",
        "count = count + 1",
        "at = at + 1",
        "crc32 = crc32 + 1",
        "first_seq = 77",
        "run_key = (SELECT run_key FROM runs WHERE run_id = 'empty')",
    ],
)
def test_a_changed_row_is_noticed_and_named_and_other_runs_go_on(store, epoch, make_batch, execute, change):
    store.append(epoch, [make_batch("a"), make_batch("b"), make_batch("a", 2), make_batch("a", 3)])
    store.append(epoch, [make_batch("empty", 1, count=0, body=b"")])
    assert execute(f"UPDATE history SET {change} WHERE first_seq = 2") == 1  # noqa: S608 -- the test's own text
    with pytest.raises(DamagedHistoryError, match=r"run a .* event 2\b"):
        store.load_run("a")
    rows = store.iter_history("a")
    assert next(rows).first_seq == 1
    with pytest.raises(DamagedHistoryError, match=r"run a .* event 2\b"):
        list(rows)
    assert len(store.load_run("b").rows) == 1
    store.append(epoch, [make_batch("b", 2)])


def test_a_damaged_snapshot_costs_only_time(store, epoch, make_batch, execute):
    store.append(epoch, [make_batch("a", seq, snapshot=b"state-%d" % seq) for seq in range(1, 5)])
    execute(r"UPDATE snapshots SET body = '\x00' WHERE seq = 4")
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, len(stored.rows)) == (b"state-3", 3, 1)
    execute("UPDATE snapshots SET seq = 2 WHERE seq = 3")
    stored = store.load_run("a")
    assert (stored.snapshot, stored.snapshot_seq, len(stored.rows)) == (None, 0, 4)


def test_at_most_two_snapshots_of_a_run_are_kept(store, epoch, make_batch, execute):
    store.append(epoch, [make_batch("a", seq, snapshot=b"s") for seq in range(1, 6)])
    store.append(epoch, [make_batch("a", 6, snapshot=b"s"), make_batch("b", snapshot=b"s")])
    assert execute("SELECT run_key, seq FROM snapshots ORDER BY run_key, seq") == [(1, 5), (1, 6), (2, 1)]


def test_the_database_itself_refuses_an_event_number_that_exists(store, epoch, make_batch):
    store.append(epoch, [make_batch("a", count=2), make_batch("a", 3)])
    store._appender._known["a"] = (1, 2)
    with pytest.raises(ConflictError, match="exists already"):
        store.append(epoch, [make_batch("a", 3)])


def test_forgetting_where_runs_stand_changes_nothing(store, epoch, make_batch, monkeypatch):
    monkeypatch.setattr("kapell.engine.postgres_store.appending._REMEMBERED_RUNS", 3)
    for seq in range(1, 4):
        store.append(epoch, [make_batch(f"r{number}", seq) for number in range(10)])
    assert seqs(store, "r7") == [1, 2, 3]


def test_pruning_bounds_the_rows_of_one_call(store, epoch, make_batch, make_record, now, monkeypatch):
    monkeypatch.setattr("kapell.engine.postgres_store.pruning._ROWS_A_PIECE", 10)
    for number, rows in enumerate((3, 4, 25, 2)):
        ended = make_record(f"r{number}", "completed", ended_at=now + timedelta(seconds=number))
        store.append(epoch, [make_batch(f"r{number}", seq) for seq in range(1, rows)])
        store.append(epoch, [make_batch(f"r{number}", rows, record=ended)])
    later = now + timedelta(days=1)
    assert [store.prune(epoch, later, limit=10) for _ in range(4)] == [2, 1, 1, 0]


def test_pruning_leaves_nothing_of_a_run(store, epoch, make_batch, make_record, make_payload, execute, now):
    kept = make_batch("kept", payloads=(make_payload(b"kept"),), snapshot=b"s")
    ended = {"record": make_record("gone", "completed"), "payloads": (make_payload(b"gone"),), "snapshot": b"s"}
    store.append(epoch, [kept, make_batch("gone", **ended), make_batch("gone", 2)])
    assert store.prune(epoch, now + timedelta(days=1), limit=10) == 1
    for table in ("runs", "history", "snapshots", "payloads", "payload_uses"):
        assert execute(f"SELECT count(*) FROM {table}") == [(1,)], table  # noqa: S608 -- the test's own text


def test_an_append_reads_no_table_whole_though_it_was_planned_when_all_were_empty(store, epoch, make_batch, execute):
    store.append(epoch, [make_batch("a")])
    with store._connections.write() as connection:
        plans = connection.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%new_history%'"
        ).fetchall()
    assert plans == [(1, 0)]
    execute("SELECT pg_stat_reset()")
    for seq in range(2, 5):
        store.append(epoch, [make_batch("a", seq, record=make_batch("a").record), make_batch(f"r{seq}")])
    with store._connections.write() as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
    read_whole = execute("SELECT relname FROM pg_stat_user_tables WHERE seq_scan > 0 AND relname <> 'owner'")
    assert read_whole == []


# -- text --------------------------------------------------------------------------------------------------------------


def test_text_that_postgresql_cannot_hold_is_kept_as_far_as_it_goes(
    store, epoch, make_batch, make_record, make_line, now
):
    error = "nul \0 and half \ud83d of it"
    store.append(epoch, [make_batch("a", record=make_record("a", "faulted", error=error))])
    assert store.get_record("a").error == "nul \ufffd and half ? of it"
    store.close_damaged(epoch, "a", error, now)
    assert store.get_record("a").error == "nul \ufffd and half ? of it"
    command_id = store.put_command("a", b"\0", now)
    store.answer_command(epoch, InboxAnswer(command_id=command_id, error=error, detail={"text": "\0"}))
    answer = store.find_answer(command_id)
    assert (answer.error, answer.detail) == ("nul \ufffd and half ? of it", {"text": "\0"})
    store.append_log("a", [make_line("nul \0")])
    assert store.read_log("a")[0].text == "nul \0"


# -- many at once ------------------------------------------------------------------------------------------------------


def test_lines_that_several_processes_write_at_once_are_all_numbered(postgres_medium, store, make_line):
    stores = [store, postgres_medium.open(), postgres_medium.open()]
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(stores[n % 3].append_log, "a", [make_line(str(n))] * 3) for n in range(60)]:
            future.result(timeout=60)
    assert [line.seq for line in store.read_log("a")] == list(range(1, 181))


def test_who_reads_on_from_a_command_never_misses_one(postgres_medium, store, now):
    stores = [postgres_medium.open() for _ in range(4)]
    seen, last = [], 0
    with ThreadPoolExecutor() as pool:
        puts = [pool.submit(stores[n % 4].put_command, "a", b"", now) for n in range(200)]
        while not all(put.done() for put in puts):
            for command in store.list_commands(last):
                last = command.command_id
                seen.append(last)
    seen += [command.command_id for command in store.list_commands(last)]
    assert seen == sorted(put.result() for put in puts)


# -- opening and closing -----------------------------------------------------------------------------------------------


def test_a_url_that_cannot_be_read_is_refused_without_its_password():
    with pytest.raises(UsageError) as refusal:
        PostgresRunStore("postgresql://me:secret@host:no-port/name?unknown_option=1")
    assert "secret" not in str(refusal.value)


def test_a_database_without_unicode_is_refused(postgres_server, execute):
    execute("DROP DATABASE IF EXISTS latin")
    execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(DatabaseUnusableError, match="encoding LATIN1"):
        PostgresRunStore(postgres_server.make_url("latin"))


def test_a_database_without_tables_says_so(postgres_url):
    store = PostgresRunStore(postgres_url)
    try:
        with pytest.raises(DatabaseUnusableError, match="lacks a table") as refusal:
            store.list_unfinished()
        assert not refusal.value.retryable
        ServerDatabase(postgres_url).close()
        assert store.list_unfinished() == []
    finally:
        store.close()


def test_a_closed_store_refuses_clearly(store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    store.close()
    with pytest.raises(StorageError, match="closed"):
        store.append(epoch, [make_batch("a", 2)])
    with pytest.raises(StorageError, match="closed"):
        store.load_run("a")
