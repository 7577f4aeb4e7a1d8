"""A database that answers slowly, as one across a network may: the event loop goes on, and a run is in memory once."""

import asyncio
import threading
from contextlib import contextmanager

import pytest

from kapell.engine.inbox import encode_command
from kapell.errors import ConflictError, NotFoundError, StorageError
from kapell.kernel.commands import ResumeRun, SuspendRun
from kapell.reasons import Reason
from kapell.sdk import ActivityError

CALL = "do:\n  - call:\n      call: http\n      with: {method: get, endpoint: https://a.test}\n"
QUICK = "do:\n  - one:\n      set: {a: 1}\n"
PAUSE = "do:\n  - pause:\n      wait: {milliseconds: 1500}\n  - done:\n      set: {done: true}\n"
LONG_PAUSE = PAUSE.replace("milliseconds: 1500", "hours: 1")
PARENT = """
do:
  - limited:
      try:
        - child:
            run: {workflow: {namespace: tests, name: child, version: 1.0.0}}
            timeout: {after: {milliseconds: 700}}
      catch:
        do:
          - given_up:
              set: {given_up: true}
"""


class SlowStore:
    """A store that holds or refuses chosen calls, and remembers what was asked, and what on the event loop's thread."""

    commits_inline = False

    def __init__(self, store):
        self.behind = store
        self._loop_thread = threading.current_thread()
        self._held = self._refused = frozenset()
        self._let_go = threading.Event()
        self.held = 0
        self.asked = []
        self.asked_by_loop = []

    def __getattr__(self, name):
        found = getattr(self.behind, name)
        if name == "events":
            return found

        def call(*arguments, **named):
            self.asked.append(name)
            if threading.current_thread() is self._loop_thread:
                self.asked_by_loop.append(name)
            elif name in self._held:
                self.held += 1
                assert self._let_go.wait(20)
                self.held -= 1
            if name in self._refused:
                raise StorageError("The database cannot be reached.")
            return found(*arguments, **named)

        return call

    @contextmanager
    def holding(self, *names):
        """Hold these calls until the context is left."""
        self._held = frozenset(names)
        self._let_go.clear()
        self.asked.clear()
        try:
            yield
        finally:
            self._held = frozenset()
            self._let_go.set()

    @contextmanager
    def refusing(self, *names):
        """Refuse these calls until the context is left."""
        self._refused = frozenset(names)
        self.asked.clear()
        try:
            yield
        finally:
            self._refused = frozenset()


@pytest.fixture
async def start(lab, monkeypatch):
    """Start an engine over a slow store; at the end, the event loop's own thread must have asked nothing of it."""
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)
    stores = []

    async def begin(activities=None, **options):
        engine = await lab.start(activities, wrap=SlowStore, **{"shortest_parking_seconds": 0.0} | options)
        engine.store.asked_by_loop.clear()
        stores.append(engine.store)
        return engine

    yield begin
    for store in stores:
        assert store.asked_by_loop == []


@pytest.fixture
def begin(make_workflow):
    """Begin a run; a text is always the same workflow, so that it is prepared once."""
    workflows = {}

    async def begin(engine, text):
        workflow = workflows.setdefault(text, make_workflow(text))
        await engine.prepare(workflow)
        return engine.start_run(workflow, {})

    return begin


def _list_waiting(engine):
    return [record for record in engine.store.behind.list_unfinished() if record.status == "waiting"]


@pytest.fixture
def park(begin, wait_until):
    """Begin runs that only wait, and return their ids when they have left memory."""

    async def park(engine, text=LONG_PAUSE, runs=1):
        run_ids = [await begin(engine, text) for _ in range(runs)]
        await wait_until(lambda: len(_list_waiting(engine)) == runs and not engine.runs_in_memory)
        return run_ids

    return park


@pytest.fixture
def fail(start, begin, made):
    """Start an engine, and begin a run that faults at once, and is well the next time."""

    async def fail():
        answers = iter([ActivityError("communication", 503, "Oh")])

        def answer(_request):
            for error in answers:
                raise error
            return "fine"

        engine = await start({"http": made(answer)})
        run_id = await begin(engine, CALL)
        assert (await engine.wait_run(run_id)).status == "faulted"
        return engine, run_id

    return fail


# -- the loop is free --------------------------------------------------------------------------------------------------


async def test_the_loop_goes_on_while_a_database_is_slow(start, begin, park, wait_until, lag):
    engine = await start()
    (parked,) = await park(engine)
    ended = await begin(engine, QUICK)
    await engine.wait_run(ended)
    with engine.store.holding("get_record", "load_run", "iter_history"), lag() as measured:
        waiting = [
            asyncio.ensure_future(engine.wait_run(ended)),
            asyncio.ensure_future(engine.suspend_run(parked)),
            asyncio.ensure_future(engine.fork_run(ended, "/do/0/one")),
        ]
        await wait_until(lambda: engine.store.held == 3)
        others = [await begin(engine, QUICK) for _ in range(20)]
        outcomes = await asyncio.gather(*map(engine.wait_run, others))
        assert not any(task.done() for task in waiting)
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert measured.longest < 0.5  # a call that blocked it would be held for as long as the test lasts
    outcome, _, (forked, _) = await asyncio.gather(*waiting)
    assert outcome.output == {"a": 1}
    assert engine.find_state(parked).status == "suspended"
    assert (await engine.wait_run(forked)).output == {"a": 1}


async def test_the_loop_goes_on_while_a_workflow_is_kept(start, make_workflow, wait_until, lag):
    engine = await start()
    workflow = make_workflow(QUICK)
    with engine.store.holding("put_definition"), lag() as measured:
        preparing = asyncio.ensure_future(engine.prepare(workflow))
        await wait_until(lambda: engine.store.held)
        await asyncio.sleep(0.1)
    assert measured.longest < 0.5  # a call that blocked it would be held for as long as the test lasts
    await preparing
    await engine.wait_run(engine.start_run(workflow, {}))
    await engine.prepare(workflow)
    assert engine.store.asked.count("put_definition") == 1


async def test_a_workflow_is_kept_with_those_that_it_runs(start, make_workflow):
    engine = await start()
    child = make_workflow(QUICK, "child")
    engine.definitions.find_published = lambda _namespace, name, _version: child if name == "child" else None
    parent = make_workflow(PARENT, "parent")
    await engine.prepare(parent)
    outcome = await engine.wait_run(engine.start_run(parent, {}))
    assert outcome.output == {"a": 1}


async def test_commits_do_not_stand_behind_runs_that_wake(start, begin, park, wait_until):
    engine = await start()
    run_ids = await park(engine, PAUSE, runs=30)
    await begin(engine, QUICK)
    with engine.store.holding("load_run"):
        await wait_until(lambda: engine.store.held)
        await asyncio.sleep(0.2)
        assert engine.store.held == 3
        commanded = asyncio.ensure_future(engine.suspend_run(run_ids[-1]))
        await wait_until(lambda: engine.store.held == 4)
        assert (await engine.wait_run(await begin(engine, QUICK))).status == "completed"
    await commanded
    await engine.resume_run(run_ids[-1])
    outcomes = await asyncio.gather(*map(engine.wait_run, run_ids))
    assert [outcome.output for outcome in outcomes] == [{"done": True}] * 30


# -- a run is in memory once -------------------------------------------------------------------------------------------


async def test_who_wants_a_run_at_once_gets_the_same_in_order(start, park, wait_until):
    engine = await start()
    (run_id,) = await park(engine)
    with engine.store.holding("load_run"):
        waiting = asyncio.ensure_future(engine.wait_run(run_id))
        await wait_until(lambda: engine.store.held == 1)
        orders = [engine.suspend_run, engine.resume_run, engine.suspend_run, engine.resume_run, engine.cancel_run]
        commanded = [asyncio.ensure_future(order(run_id)) for order in orders]
        await asyncio.sleep(0.05)
    await asyncio.gather(*commanded)
    assert (await waiting).status == "cancelled"
    assert engine.store.asked.count("load_run") == 1
    assert engine.runs_in_memory == 0


async def test_who_goes_away_while_a_run_is_read_takes_nothing_from_the_others(start, park, wait_until):
    engine = await start()
    (run_id,) = await park(engine)
    with engine.store.holding("load_run"):
        commanded = [asyncio.ensure_future(engine.suspend_run(run_id)) for _ in range(3)]
        await wait_until(lambda: engine.store.held)
        commanded[0].cancel()
    assert isinstance((await asyncio.gather(*commanded, return_exceptions=True))[0], asyncio.CancelledError)
    assert engine.find_state(run_id).status == "suspended"


async def test_two_repairs_of_an_ended_run_at_once_carry_one_of_it_on(fail, wait_until):
    engine, run_id = await fail()
    with engine.store.holding("load_run"):
        retried = [asyncio.ensure_future(engine.retry_task(run_id)) for _ in range(2)]
        await wait_until(lambda: engine.store.held)
    results = await asyncio.gather(*retried, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), ConflictError]
    assert (await engine.wait_run(run_id)).output == "fine"
    assert engine.runs_in_memory == 0


async def test_a_run_that_wakes_while_it_is_read_is_waited_for(start, park, wait_until):
    engine = await start()
    (run_id,) = await park(engine, PAUSE)
    with engine.store.holding("get_record"):
        waiting = asyncio.ensure_future(engine.wait_run(run_id))
        await wait_until(lambda: engine.store.asked.count("get_record") == 2)  # the other one wakes it
    assert (await waiting).output == {"done": True}
    assert engine.runs_in_memory == 0


async def test_a_run_that_moved_while_its_outcome_was_read_is_waited_for(start, park, wait_until):
    engine = await start()
    text = PAUSE + PAUSE.replace("do:\n", "").replace("pause", "again").replace("done:", "done_again:")
    (run_id,) = await park(engine, text)
    record = engine.store.behind.get_record(run_id)
    record.parked_until = None  # as it stood while the run was in memory, between its two waits
    moved = threading.Event()
    first = iter([record])
    find = engine.store.behind.get_record

    def answer(wanted):
        for record in first:
            assert moved.wait(20)
            return record
        return find(wanted)

    engine.store.behind.get_record = answer
    waiting = asyncio.ensure_future(engine.wait_run(run_id))
    await wait_until(lambda: engine.find_state(run_id) is not None)
    await wait_until(lambda: not engine.runs_in_memory)
    moved.set()
    async with asyncio.timeout(10):
        assert (await waiting).output == {"done_again": True}


async def test_commands_of_others_are_obeyed_in_their_order(start, park, lab, wait_until):
    engine = await start()
    (run_id,) = await park(engine)
    outside = lab.open_store()
    commands = [SuspendRun(reason=Reason("asked", "By the test.")), ResumeRun()] * 3
    with engine.store.holding("load_run"):
        now = engine.clock.now()
        numbers = [outside.put_command(run_id, encode_command(command), now) for command in commands]
        await wait_until(lambda: engine.store.held)
        await asyncio.sleep(0.15)
    await wait_until(lambda: all(outside.find_answer(number) is not None for number in numbers))
    assert [outside.find_answer(number).error for number in numbers] == [""] * 6
    assert engine.store.asked.count("load_run") == 1


async def test_a_child_that_is_parked_is_ended_before_its_parent_goes_on(start, begin, make_workflow, wait_until):
    engine = await start()
    engine.offer([make_workflow(LONG_PAUSE, "child")])
    engine.store.asked_by_loop.clear()  # what is offered is kept before there is anything to hold up
    run_id = await begin(engine, PARENT)
    await wait_until(lambda: engine.find_state(run_id) is not None and engine.runs_in_memory == 1)
    with engine.store.holding("load_run"):
        await wait_until(lambda: engine.store.held)
        waiting = asyncio.ensure_future(engine.wait_run(run_id))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert (await waiting).output == {"given_up": True}
    assert engine.store.behind.list_unfinished() == []


async def test_who_waits_no_longer_lets_the_run_leave_memory_again(start, park, wait_until):
    engine = await start()
    (run_id,) = await park(engine)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await engine.wait_run(run_id)
    await wait_until(lambda: not engine.runs_in_memory)


# -- a database that refuses -------------------------------------------------------------------------------------------


async def test_a_run_that_cannot_be_read_when_its_time_comes_goes_on_later(start, park, wait_until):
    engine = await start()
    (run_id,) = await park(engine, PAUSE)
    with engine.store.refusing("load_run"):
        await wait_until(lambda: "load_run" in engine.store.asked)
    await wait_until(lambda: engine.store.behind.get_record(run_id).status == "completed")


async def test_a_child_that_cannot_be_read_is_ended_later(start, begin, make_workflow, wait_until):
    engine = await start()
    engine.offer([make_workflow(LONG_PAUSE, "child")])
    engine.store.asked_by_loop.clear()
    run_id = await begin(engine, PARENT)
    await wait_until(lambda: engine.find_state(run_id) is not None and engine.runs_in_memory == 1)
    with engine.store.refusing("load_run"):
        await wait_until(lambda: "load_run" in engine.store.asked)
        assert (await engine.wait_run(await begin(engine, QUICK))).status == "completed"
    assert (await engine.wait_run(run_id)).output == {"given_up": True}
    assert engine.store.behind.list_unfinished() == []


async def test_who_asks_is_told_what_the_database_says(start, park):
    engine = await start()
    (run_id,) = await park(engine)
    with pytest.raises(NotFoundError):
        await engine.wait_run("nowhere")
    with pytest.raises(NotFoundError):
        await engine.suspend_run("nowhere")
    with engine.store.refusing("load_run"), pytest.raises(StorageError):
        await engine.suspend_run(run_id)
    await engine.suspend_run(run_id)


async def test_a_close_while_a_run_is_read_lets_nobody_wait(start, park, lab, wait_until):
    engine = await start()
    parked, other = await park(engine, runs=2)
    recorded = lab.read_history(parked)
    with engine.store.holding("load_run", "get_record"):
        asked = [
            asyncio.ensure_future(engine.wait_run(parked)),
            asyncio.ensure_future(engine.suspend_run(parked)),
            asyncio.ensure_future(engine.resume_run(parked)),
            asyncio.ensure_future(engine.fork_run(other, "/do/0/pause")),
        ]
        await wait_until(lambda: engine.store.held == 3)
        await engine.close()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [ConflictError] * 4
    assert lab.read_history(parked) == recorded


# -- the last commit of a run in memory --------------------------------------------------------------------------------


async def test_a_command_that_comes_while_a_run_ends_moves_it_on_in_memory(start, made, begin, wait_until):
    asked = [asyncio.Event(), asyncio.Event()]
    activity = made(lambda _: answer(len(activity.requests)))

    async def answer(number):
        await asked[number - 1].wait()
        if number == 1:
            raise ActivityError("communication", 503, "Oh")
        return "fine"

    engine = await start({"http": activity})
    run_id = await begin(engine, CALL)
    await wait_until(lambda: activity.requests)
    with engine.store.holding("append"):
        asked[0].set()
        await wait_until(lambda: engine.store.held)
        retried = asyncio.ensure_future(engine.retry_task(run_id))
        await asyncio.sleep(0)
    await retried
    assert engine.find_state(run_id) is not None
    asked[1].set()
    outcome = await engine.wait_run(run_id)
    assert (outcome.status, outcome.output) == ("completed", "fine")
    assert engine.runs_in_memory == 0


async def test_who_waits_while_a_run_is_parked_is_told_of_its_end(start, begin, wait_until):
    engine = await start()
    run_id = await begin(engine, PAUSE)
    await wait_until(lambda: engine.store.asked.count("append") >= 1 and engine.is_idle)
    with engine.store.holding("append"):
        await wait_until(lambda: engine.store.held)
        waiting = asyncio.ensure_future(engine.wait_run(run_id))
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert (await waiting).output == {"done": True}


async def test_who_waits_while_an_ended_run_refuses_a_command_is_told_how_it_ended(start, begin):
    engine = await start()
    run_id = await begin(engine, QUICK)
    await engine.wait_run(run_id)
    resumed = asyncio.ensure_future(engine.resume_run(run_id))
    waiting = asyncio.ensure_future(engine.wait_run(run_id))
    async with asyncio.timeout(10):
        with pytest.raises(ConflictError, match="cannot be resumed"):
            await resumed
        assert (await waiting).output == {"a": 1}
    assert engine.runs_in_memory == 0


async def test_a_cancellation_that_a_close_overtakes_is_recorded(start, begin, made, wait_until, lab):
    async def linger(_request):
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.2)

    activity = made(linger)
    engine = await start({"http": activity}, drain_seconds=5.0)
    run_id = await begin(engine, CALL)
    await wait_until(lambda: activity.requests)
    await engine.cancel_run(run_id)
    assert engine.find_state(run_id).status == "cancelling"
    async with asyncio.timeout(10):
        await engine.close()
    assert engine.store.behind.get_record(run_id).status == "cancelled"
