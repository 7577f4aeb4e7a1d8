"""Several processes on one data folder: fencing, waiting for each other, and SIGKILL at any moment."""

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from random import Random

import pytest

from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import InboxAnswer
from kapell.errors import StaleOwnerError, StorageError

PRELUDE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kapell.engine.sqlite_store import SqliteRunStore
from kapell.engine.store import Batch, LogLine, RunRecord
now = datetime.now(UTC)
folder = Path(sys.argv[1])
store = SqliteRunStore(folder / "runs.db", folder / "log.db")

def make_batch(run_id, seq, body):
    record = RunRecord(run_id=run_id, namespace="n", name="w", version="1", definition="d", status="running",
                       created_at=now, updated_at=now)
    return Batch(run_id=run_id, first_seq=seq, count=1, at=now, body=body, record=record if seq == 1 else None)
"""

APPEND_FOR_EVER = """
epoch = store.acquire("writer", now, 10.0)
store.put_definition("d", b"")
for seq in range(1, 1_000_000):
    store.append(epoch, [make_batch(f"{sys.argv[2]}-{run}", seq, b"%d" % seq * 200) for run in range(20)])
    store.append_log(sys.argv[2], [LogLine(at=now, reference="", entry=1, attempt=1, stream="info", text=str(seq))])
    print(seq, flush=True)
"""

TAKE_OVER = """
store.acquire("successor", now, 10.0)
"""

OPEN_TOGETHER = """
store.put_definition(sys.argv[2], b"x")
print(store.put_command("run", b"hello", now))
"""

LOCK_FOR_A_WHILE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


MEET_A_LIMIT = """
import resource
from kapell.errors import StorageError
epoch = store.acquire("writer", now, 10.0)
store.put_definition("d", b"")
store.append(epoch, [make_batch("a", 1, b"first")])
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
seq = 1
try:
    while True:
        store.append(epoch, [make_batch("a", seq + 1, b"x" * 20_000)])
        seq += 1
except StorageError as error:
    print(error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert 1 < seq < 60
assert len(store.load_run("a").rows) == seq
store.append(epoch, [make_batch("a", seq + 1, b"y" * 20_000)])
store.close()
store = SqliteRunStore(folder / "runs.db", folder / "log.db")
assert [row.body[:1] for row in store.load_run("a").rows] == [b"f"] + [b"x"] * (seq - 1) + [b"y"]
"""


def start(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process):
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


def test_another_process_that_acquires_fences_this_one(tmp_path, store, epoch, make_batch):
    store.append(epoch, [make_batch("a")])
    finish(start(PRELUDE + TAKE_OVER, tmp_path))
    for write in (
        lambda: store.append(epoch, [make_batch("a", 2)]),
        lambda: store.answer_command(epoch, InboxAnswer(command_id=1, error="")),
    ):
        with pytest.raises(StaleOwnerError, match="successor"):
            write()
    assert len(store.load_run("a").rows) == 1


def test_processes_can_open_a_new_folder_at_the_same_time(tmp_path):
    processes = [start(PRELUDE + OPEN_TOGETHER, tmp_path, f"d{number}") for number in range(6)]
    command_ids = sorted(int(finish(process)) for process in processes)
    assert command_ids == [1, 2, 3, 4, 5, 6]


def test_a_lock_held_by_another_process_refuses_the_call_and_only_it(tmp_path, sqlite_medium, store, epoch, make_batch):
    impatient = sqlite_medium.open(busy_timeout_seconds=0.001)
    locker = start(LOCK_FOR_A_WHILE, tmp_path / "runs.db")
    assert locker.stdout.readline() == "locked\n"
    with pytest.raises(StorageError, match="locked by another process") as refusal:
        impatient.append(epoch, [make_batch("a")])
    assert refusal.value.retryable
    assert impatient.list_commands() == []
    locker.stdin.write("\n")
    finish(locker)
    impatient.append(epoch, [make_batch("a")])
    assert len(store.load_run("a").rows) == 1


def test_a_patient_call_waits_until_the_other_process_has_finished(tmp_path, store, epoch, make_batch):
    locker = start(LOCK_FOR_A_WHILE, tmp_path / "runs.db")
    locker.stdout.readline()
    append = threading.Thread(target=store.append, args=(epoch, [make_batch("a")]))
    append.start()
    append.join(timeout=0.1)
    assert append.is_alive()
    locker.stdin.write("\n")
    locker.stdin.flush()
    append.join(timeout=60)
    finish(locker)
    assert len(store.load_run("a").rows) == 1


def test_a_write_that_the_system_refuses_midway_is_undone_and_can_be_tried_again(tmp_path):
    assert "runs.db" in finish(start(PRELUDE + MEET_A_LIMIT, tmp_path))


@pytest.mark.parametrize("seed", range(6))
def test_after_a_kill_everything_acknowledged_is_there_and_only_whole_calls(tmp_path, seed):
    chance = Random(seed)  # noqa: S311 -- no secret
    for turn in range(3):
        name = f"turn{turn}"
        with start(PRELUDE + APPEND_FOR_EVER, tmp_path, name) as writer:
            for _ in range(chance.randrange(1, 60)):
                acknowledged = int(writer.stdout.readline())
            time.sleep(chance.random() / 100)
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read()  # `communicate` would miss what has been read ahead
        acknowledged = max([acknowledged, *(int(line) for line in rest.splitlines() if line)])
        check_runs(tmp_path, name, acknowledged)


def check_runs(folder, name, acknowledged):
    store = SqliteRunStore(folder / "runs.db", folder / "log.db")
    try:
        lengths = set()
        for run in range(20):
            rows = list(store.iter_history(f"{name}-{run}"))
            assert [row.body for row in rows] == [b"%d" % seq * 200 for seq in range(1, len(rows) + 1)]
            lengths.add(len(rows))
        assert len(lengths) == 1, "a call was kept in part"
        assert lengths.pop() in {acknowledged, acknowledged + 1}
        lines = store.read_log(name, limit=1_000_000)
        assert [line.text for line in lines[:acknowledged]] == [str(seq) for seq in range(1, acknowledged + 1)]
    finally:
        store.close()
    connection = sqlite3.connect(folder / "runs.db")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
