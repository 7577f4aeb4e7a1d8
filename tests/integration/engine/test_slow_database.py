"""A database that answers slowly, as one across a network may: the event loop goes on, and a run is in memory once."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from kapell.errors import ConflictError
from kapell.sdk import ActivityError

CALL = "do:\n  - call:\n      call: http\n      with: {method: get, endpoint: https://a.test}\n"
PAUSE = "do:\n  - pause:\n      wait: {milliseconds: 700}\n  - done:\n      set: {done: true}\n"
LONG_PAUSE = PAUSE.replace("milliseconds: 700", "hours: 1")


class SlowStore:
    """A store that holds chosen calls until they are let go, and remembers what the event loop's own thread asked."""

    commits_inline = False

    def __init__(self, store):
        self._store = store
        self._loop_thread = threading.current_thread()
        self._held = frozenset()
        self._let_go = threading.Event()
        self.waiting = 0
        self.asked = []
        self.asked_by_loop = []

    def __getattr__(self, name):
        found = getattr(self._store, name)

        def call(*arguments, **named):
            self.asked.append(name)
            if threading.current_thread() is self._loop_thread:
                self.asked_by_loop.append(name)
            elif name in self._held:
                self.waiting += 1
                assert self._let_go.wait(20)
                self.waiting -= 1
            return found(*arguments, **named)

        return call

    @contextmanager
    def holding(self, *names):
        self._held = frozenset(names)
        self._let_go.clear()
        try:
            yield
        finally:
            self._held = frozenset()
            self._let_go.set()

    def is_ended(self, run_id):
        return self._store.get_record(run_id).ended_at is not None


@pytest.fixture
def start(lab, monkeypatch):
    """Start an engine over a slow store."""
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)

    async def begin(activities=None, **options):
        engine = await lab.start(activities, wrap=SlowStore, **{"shortest_parking_seconds": 0.0} | options)
        engine.store.asked_by_loop.clear()
        return engine

    return begin


async def test_a_command_that_comes_while_a_run_ends_moves_it_on_in_memory(start, made, make_workflow, wait_until):
    asked = [asyncio.Event(), asyncio.Event()]
    activity = made(lambda _: answer(len(activity.requests)))

    async def answer(number):
        await asked[number - 1].wait()
        if number == 1:
            raise ActivityError("communication", 503, "Oh")
        return "fine"

    engine = await start({"http": activity})
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.requests)
    with engine.store.holding("append"):
        asked[0].set()
        await wait_until(lambda: engine.store.waiting)
        retried = asyncio.ensure_future(engine.retry_task(run_id))
        await asyncio.sleep(0)
    await retried
    assert engine.find_state(run_id) is not None
    asked[1].set()
    outcome = await engine.wait_run(run_id)
    assert (outcome.status, outcome.output) == ("completed", "fine")
    assert engine.runs_in_memory == 0


async def test_who_waits_while_a_run_is_parked_is_told_of_its_end(start, make_workflow, wait_until):
    engine = await start()
    run_id = engine.start_run(make_workflow(PAUSE), {})
    await wait_until(lambda: engine.store.asked.count("append") >= 1 and engine.is_idle)
    with engine.store.holding("append"):
        await wait_until(lambda: engine.store.waiting)
        waiting = asyncio.ensure_future(engine.wait_run(run_id))
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert (await waiting).output == {"done": True}


async def test_who_waits_while_an_ended_run_refuses_a_command_is_told_how_it_ended(start, make_workflow):
    engine = await start()
    run_id = engine.start_run(make_workflow("do:\n  - one:\n      set: {a: 1}\n"), {})
    await engine.wait_run(run_id)
    resumed = asyncio.ensure_future(engine.resume_run(run_id))
    waiting = asyncio.ensure_future(engine.wait_run(run_id))
    async with asyncio.timeout(10):
        with pytest.raises(ConflictError, match="cannot be resumed"):
            await resumed
        assert (await waiting).output == {"a": 1}
    assert engine.runs_in_memory == 0
