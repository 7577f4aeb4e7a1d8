"""A disk that refuses, a database that is locked: runs stand still, the reason is told, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import suppress

import pytest

from kapell.engine.inbox import encode_command
from kapell.kernel.commands import CancelRun, ResumeRun
from kapell.reasons import Reason

GROW = """
do:
  - many:
      for: {each: i, in: '${ $workflow.input.rounds }'}
      do:
        - grow:
            set: {text: '${ $workflow.input.filler + ($i|tostring) }'}
        - call:
            call: http
            with: {method: GET, endpoint: 'http://nowhere.example/'}
"""


@pytest.fixture
def full_disk(lab, request, tmp_path_factory):
    """Two ways in which a disk is full: a limit of SQLite's own, and a real file system."""
    if request.param == "pages":
        yield _PageLimit()
        return
    place = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    lab.folder = type(lab.folder)(place / "data")
    yield _SmallDisk(place)
    subprocess.run(["umount", "--lazy", str(place)], check=True)


class _PageLimit:
    def fill(self, store):
        self._set(store, "(SELECT 1)")

    def free(self, store):
        self._set(store, None)

    def _set(self, store, limit):
        with store._database._write_lock:
            writer = store._database._writer
            pages = writer.execute("PRAGMA page_count").fetchone()[0] if limit else 2**30
            writer.execute(f"PRAGMA max_page_count = {pages}")


class _SmallDisk:
    def __init__(self, place):
        self._filler = place / "filler"

    def fill(self, store):
        del store
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 4096)

    def free(self, store):
        del store
        self._filler.unlink()


@pytest.mark.parametrize("full_disk", ["pages", "tmpfs"], indirect=True)
async def test_a_full_disk_stalls_runs_until_there_is_room(lab, full_disk, make_workflow, made, wait_until):
    calls = itertools.count()
    activity = made(lambda _: asyncio.sleep(0.002, next(calls)))
    engine = await lab.start({"http": activity})
    value = {"filler": "x" * 9000, "rounds": list(range(40))}
    runs = [engine.start_run(make_workflow(GROW), value) for _ in range(4)]
    await wait_until(lambda: len(activity.requests) > 10)
    full_disk.fill(engine.store)
    await wait_until(lambda: engine.trouble is not None)
    assert "disk is full" in engine.trouble
    await asyncio.sleep(0.3)
    begun = len(activity.requests)
    await asyncio.sleep(0.5)
    assert len(activity.requests) == begun, "nothing may begin that cannot be recorded"
    assert engine.trouble is not None
    full_disk.free(engine.store)
    outcomes = await asyncio.gather(*map(engine.wait_run, runs))
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert engine.trouble is None
    assert len(activity.requests) == 160, "each call is made once"


async def test_a_close_on_a_full_disk_ends_and_what_was_recorded_is_kept(lab, make_workflow, made, wait_until):
    disk = _PageLimit()
    activity = made(lambda _: asyncio.sleep(0.002, 1), idempotent=True)
    engine = await lab.start({"http": activity})
    value = {"filler": "x" * 9000, "rounds": list(range(40))}
    run_id = engine.start_run(make_workflow(GROW), value)
    await wait_until(lambda: len(activity.requests) > 5)
    disk.fill(engine.store)
    await wait_until(lambda: engine.trouble is not None)
    async with asyncio.timeout(10):
        await lab.stop(engine)
    recorded = len(lab.read_history(run_id))
    engine = await lab.start({"http": activity})
    assert (await engine.wait_run(run_id)).status == "completed"
    assert len(lab.read_history(run_id)) > recorded


@pytest.fixture
def lock(lab):
    """Lock the database from another connection, as another process would, for some seconds."""
    threads = []

    def hold(seconds):
        held = threading.Event()

        def work():
            connection = sqlite3.connect(lab.folder.database_path, isolation_level=None)
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("BEGIN IMMEDIATE")
            held.set()
            time.sleep(seconds)
            connection.execute("ROLLBACK")
            connection.close()

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        assert held.wait(10)

    yield hold
    for thread in threads:
        thread.join()


async def test_a_locked_database_holds_up_runs_but_not_the_loop(lab, lock, make_workflow, made, wait_until, lag):
    activity = made(lambda _: asyncio.sleep(0.002, 1))
    engine = await lab.start({"http": activity})
    value = {"filler": "x", "rounds": list(range(60))}
    runs = [engine.start_run(make_workflow(GROW), value) for _ in range(4)]
    await wait_until(lambda: len(activity.requests) > 10)
    longest = []
    for _ in range(3):
        with lag() as measured:
            lock(1.0)
            await wait_until(lambda: engine.trouble is not None)
            assert "locked by another process" in engine.trouble
            await wait_until(lambda: engine.trouble is None)
        longest.append(measured.longest)
        if measured.longest < 0.1:
            break
    assert min(longest) < 0.1
    outcomes = await asyncio.gather(*map(engine.wait_run, runs))
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert len(activity.requests) == 240


async def test_commands_of_others_are_obeyed_when_the_lock_is_gone(lab, lock, make_workflow, wait_until):

    engine = await lab.start()
    run_id = engine.start_run(make_workflow("do:\n  - pause:\n      wait: {hours: 1}\n"), {})
    await wait_until(lambda: lab.read_history(run_id) if _is_stored(engine, run_id) else False)
    outside = lab.open_store()
    now = engine.clock.now()
    wrong = outside.put_command(run_id, encode_command(ResumeRun()), now)
    right = outside.put_command(run_id, encode_command(CancelRun(reason=Reason("asked", "By the test."))), now)
    lock(1.0)
    await wait_until(lambda: outside.find_answer(wrong) is not None and outside.find_answer(right) is not None)
    assert "cannot be resumed" in outside.find_answer(wrong).error
    assert outside.find_answer(right).error == ""
    assert (await engine.wait_run(run_id)).status == "cancelled"


def _is_stored(engine, run_id):
    return any(record.run_id == run_id for record in engine.store.list_unfinished())


async def test_an_engine_starts_although_another_process_writes(lab, lock, make_workflow):
    lab.open_store()
    lock(0.7)
    engine = await lab.start()
    run_id = engine.start_run(make_workflow("do:\n  - one:\n      set: {a: 1}\n"), {})
    assert (await engine.wait_run(run_id)).status == "completed"


async def test_a_run_that_wakes_to_a_locked_database_goes_on_later(lab, lock, make_workflow, wait_until, monkeypatch):
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)
    engine = await lab.start(shortest_parking_seconds=0.0)
    text = "do:\n  - pause:\n      wait: {milliseconds: 800}\n  - done:\n      set: {done: true}\n"
    run_id = engine.start_run(make_workflow(text), {})
    await wait_until(lambda: engine.find_state(run_id) is None)
    lock(1.5)
    await wait_until(lambda: engine.store.get_record(run_id).status == "completed")
