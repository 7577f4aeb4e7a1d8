"""The lock on a database's runs: who gets it, who waits, and what a broken connection does to it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from datetime import timedelta

import psycopg
import pytest

from kapell.clock import SystemClock
from kapell.engine.postgres_store import OwnerLock
from kapell.errors import ConflictError, StorageError

HOLD = """
import sys
from kapell.clock import SystemClock
from kapell.engine.postgres_store import OwnerLock, PostgresRunStore
import os, socket
OwnerLock(sys.argv[1], SystemClock()).lock()
store = PostgresRunStore(sys.argv[1])
store.acquire(f"{socket.gethostname()}:{os.getpid()}", SystemClock().now(), 30.0)
print("held", flush=True)
sys.stdin.read()
"""


class HastyClock(SystemClock):
    """A clock whose seconds are told to pass."""

    def __init__(self):
        self.ahead = 0.0

    def now(self):
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self):
        return super().monotonic() + self.ahead


@pytest.fixture
def clock():
    return HastyClock()


@pytest.fixture
def make_lock(postgres_medium, clock):
    locks = []

    def make():
        locks.append(OwnerLock(postgres_medium.url, clock))
        return locks[-1]

    yield make
    for lock in locks:
        lock.unlock()


@pytest.fixture
def store(postgres_medium):
    return postgres_medium.open()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch):
    monkeypatch.setattr("kapell.engine.postgres_store.lock._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("kapell.engine.postgres_store.lock._KEEP_SECONDS", 0.02)


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come true")


def count_holders(url):
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        ).fetchone()[0]


def test_a_second_owner_is_refused_and_told_who_is_the_first(make_lock, store, clock):
    first, second = make_lock(), make_lock()
    first.lock()
    store.acquire("elsewhere:42", clock.now(), 30.0)
    assert not second.try_lock()
    with pytest.raises(ConflictError, match="owned by elsewhere:42, since"):
        second.lock()
    first.unlock()
    second.lock()
    assert not first.try_lock()


def test_a_database_without_tables_can_be_locked(postgres_url, clock):
    lock, other = OwnerLock(postgres_url, clock), OwnerLock(postgres_url, clock)
    lock.lock()
    with pytest.raises(ConflictError, match="owned by another process"):
        other.lock()
    lock.unlock()


def test_the_lock_is_per_database(make_lock, postgres_url, clock):
    make_lock().lock()
    other = OwnerLock(postgres_url, clock)
    other.lock()
    other.unlock()


def test_an_owner_that_leaves_in_order_is_not_waited_for(make_lock, store, clock):
    first = make_lock()
    first.lock()
    store.acquire("elsewhere:42", clock.now(), 30.0)
    first.unlock()
    assert make_lock().try_lock()


def test_an_owner_that_was_lost_is_waited_for_until_its_lease_runs_out(make_lock, store, clock):
    store.acquire("elsewhere:42", clock.now(), 30.0)
    second = make_lock()
    assert not second.try_lock()
    waiting = threading.Thread(target=second.lock)
    waiting.start()
    waiting.join(timeout=0.3)
    assert waiting.is_alive()
    clock.ahead = 31.0
    waiting.join(timeout=30)
    assert second.try_lock()
    assert not make_lock().try_lock()


def test_an_owner_that_was_cut_off_and_prolongs_its_lease_stays_owner(make_lock, store, clock):
    epoch = store.acquire("elsewhere:42", clock.now(), 30.0)
    second, refusals = make_lock(), []

    def lock():
        try:
            second.lock()
        except ConflictError as error:
            refusals.append(error)

    waiting = threading.Thread(target=lock)
    waiting.start()
    waiting.join(timeout=0.3)
    store.renew(epoch, clock.now(), 30.0)
    waiting.join(timeout=30)
    assert "elsewhere:42" in refusals[0].message


def test_an_owner_whose_clock_is_far_ahead_is_not_waited_for_longer_than_a_lease(make_lock, store, clock):
    store.acquire("elsewhere:42", clock.now() + timedelta(days=1), 30.0)
    second = make_lock()
    waiting = threading.Thread(target=second.lock)
    waiting.start()
    waiting.join(timeout=0.3)
    assert waiting.is_alive()
    clock.ahead = 31.0
    waiting.join(timeout=30)
    assert second._is_owner


def test_an_owner_of_this_machine_that_was_killed_is_not_waited_for(postgres_medium, make_lock):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, postgres_medium.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(ConflictError, match=f"owned by {socket.gethostname()}:{holder.pid}"):
        make_lock().lock()
    holder.send_signal(signal.SIGKILL)
    holder.communicate(timeout=60)
    wait_for(lambda: count_holders(postgres_medium.url) == 0)
    assert make_lock().try_lock()


def test_a_process_that_was_restarted_under_its_old_name_does_not_wait_for_itself(make_lock, store, clock):
    store.acquire(f"{socket.gethostname()}:{os.getpid()}", clock.now(), 30.0)
    assert make_lock().try_lock()


def test_a_lock_whose_connection_broke_is_taken_again(postgres_medium, postgres_server, make_lock, store, clock):
    first = make_lock()
    first.lock()
    store.acquire("elsewhere:42", clock.now(), 30.0)
    postgres_server.restart()
    wait_for(lambda: count_holders(postgres_medium.url) == 1)
    with pytest.raises(ConflictError):
        make_lock().lock()


def test_a_server_that_is_away_says_so(postgres_server, make_lock):
    lock = make_lock()
    postgres_server.stop()
    try:
        with pytest.raises(StorageError, match="connection to the database"):
            lock.lock()
    finally:
        postgres_server.start()
