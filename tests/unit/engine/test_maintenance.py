"""The small duties: pruning what ended long ago, keeping log lines, reading policies from secrets."""

import asyncio
import threading
from datetime import timedelta

import pytest

from kapell.engine.logbook import Logbook
from kapell.engine.maintenance.indexing import _choose_pause
from kapell.engine.maintenance.pruner import prune_ended
from kapell.engine.store import RunFilter
from kapell.errors import NotFoundError, StorageError
from kapell.testing.engine_kit import EngineKit
from kapell.testing.memory_store import MemoryRunStore
from kapell.testing.virtual_clock import VirtualClock

HEAD = "document: { dsl: '1.0.3', namespace: test, name: duty, version: '1.0.0' }\n"
QUICK = HEAD + "do: [ { a: { set: { x: 1 } } } ]"


async def test_runs_that_ended_long_ago_are_deleted_and_the_others_stay():
    async with EngineKit() as kit:
        old = [(await kit.run(QUICK)).run_id for _ in range(130)]
        waiting = kit.start(QUICK.replace("set: { x: 1 }", "wait: P9D"))
        await kit.advance(3 * 86400)
        new = (await kit.run(QUICK)).run_id
        epoch = kit.store._medium.epoch
        assert await prune_ended(kit.store, epoch, kit.clock, timedelta(days=2)) == 130
        kept = {record.run_id for record in kit.store.list_runs(RunFilter(), limit=99)}
        assert kept == {new, waiting}
        with pytest.raises(NotFoundError):
            kit.store.load_run(old[0])


async def test_a_prune_that_the_disk_refuses_gives_up_for_now():
    class Sick(MemoryRunStore):
        def prune(self, epoch, ended_before, *, limit):
            raise StorageError("The database is locked.")

    assert await prune_ended(Sick(), 1, VirtualClock(), timedelta(days=1)) == 0


async def test_log_lines_are_shown_at_once_and_kept_soon():
    store, seen = MemoryRunStore(), []
    logbook = Logbook(store, VirtualClock())
    logbook.listeners.append(lambda run_id, line: seen.append((run_id, line.text)))
    logbook.add("run", "/do/0/a", 1, 1, "stdout", "one")
    logbook.add("run", "/do/0/a", 1, 1, "stderr", "two")
    assert seen == [("run", "one"), ("run", "two")]
    await asyncio.sleep(0.15)
    assert [(line.seq, line.stream, line.text) for line in store.read_log("run")] == [
        (1, "stdout", "one"),
        (2, "stderr", "two"),
    ]


async def test_a_loud_process_does_not_fill_the_memory():
    store = MemoryRunStore()
    logbook = Logbook(store, VirtualClock())
    for number in range(5000):
        logbook.add("run", "/do/0/a", 1, 1, "stdout", str(number))
    assert len(store.read_log("run", limit=9999)) >= 4000
    logbook.flush()
    assert len(store.read_log("run", limit=9999)) == 5000


async def test_log_lines_that_the_disk_refuses_are_dropped_and_nothing_else_happens():
    class Sick(MemoryRunStore):
        def append_log(self, run_id, lines):
            raise StorageError("The disk is full.")

    logbook = Logbook(Sick(), VirtualClock())
    logbook.add("run", "/do/0/a", 1, 1, "stdout", "one")
    logbook.flush()


async def test_log_lines_for_a_database_far_away_wait_in_a_thread_and_are_bounded():
    class Distant(MemoryRunStore):
        commits_inline = False

        def append_log(self, run_id, lines):
            assert threading.current_thread() is not threading.main_thread()
            may_go_on.wait(10)
            super().append_log(run_id, lines)

    may_go_on = threading.Event()
    store, kept = Distant(), []
    logbook = Logbook(store, VirtualClock())
    logbook.kept_listeners.append(kept.append)
    for number in range(60_000):
        logbook.add("run", "/do/0/a", 1, 1, "stdout", str(number))
    may_go_on.set()
    await logbook.settle()
    lines = [line.text for line in store.read_log("run", limit=99_999)]
    assert lines == [str(number) for number in range(len(lines))]
    assert 40_000 <= len(lines) < 60_000
    assert kept == ["run"] * (len(lines) // 2000)


def test_indexing_leaves_most_moments_to_others_until_it_is_far_behind():
    assert _choose_pause(0.001, 0) == 0.25
    assert _choose_pause(0.1, 10) > 1
    assert _choose_pause(0.1, 31) == 0.1


POLICY = (
    HEAD
    + """
use: { secrets: [ login ], authentications: { named: { %s: { use: login } } } }
do:
  - a:
      call: http
      with: { method: get, endpoint: { uri: "https://a.test", authentication: { use: named } } }
      output: { as: "{ said: ., scheme: $authorization.scheme }" }
"""
)


@pytest.mark.parametrize(
    ("kind", "secret", "policy"),
    [
        ("basic", '{"username": "ada", "password": "engine-notes"}', {"username": "ada", "password": "engine-notes"}),
        ("bearer", "token-of-many-letters", {"token": "token-of-many-letters"}),
        ("bearer", '{"token": "token-of-many-letters"}', {"token": "token-of-many-letters"}),
    ],
)
async def test_policies_that_are_kept_in_secrets(kind, secret, policy):
    async with EngineKit({"http": lambda request: str(request.arguments)}, secrets={"login": secret}) as kit:
        ended = await kit.run(POLICY % kind)
        (request,) = kit.activities["http"].requests
        assert request.arguments["endpoint"]["authentication"] == {kind: policy}
        assert ended.outcome.output["scheme"] == kind.capitalize()
        stored = b"".join(row.body for run in kit.store._medium.runs.values() for row in run.rows)
        assert not [value for value in policy.values() if len(value) > 3 and value.encode() in stored]


async def test_a_policy_that_its_secret_does_not_hold_is_an_error_of_the_task():
    async with EngineKit({"http": lambda _: None}, secrets={"login": "no-object"}) as kit:
        ended = await kit.run(POLICY % "basic")
        assert "must be an object" in ended.outcome.error.detail
        assert ended.outcome.error.instance == "/do/0/a"
