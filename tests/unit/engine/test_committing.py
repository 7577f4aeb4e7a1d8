"""What the engine does when the disk refuses, when another owner takes over, and when it is closed."""

import asyncio

import pytest

from kapell.engine.store import RunFilter
from kapell.errors import StaleOwnerError, StorageError, UsageError
from kapell.kernel.limits import Limits
from kapell.testing.engine_kit import EngineKit, Takes
from kapell.testing.memory_store import MemoryRunStore

HEAD = "document: { dsl: '1.0.3', namespace: test, name: commit, version: '1.0.0' }\n"
CALL = (
    HEAD
    + "do: [ { a: { call: http, with: { method: get, endpoint: 'https://a.test' } } },"
    + " { b: { set: { x: '${ . }' } } } ]"
)


class SickStore(MemoryRunStore):
    """A store that refuses so many appends."""

    refusals = 0
    appends = 0

    def append(self, epoch, batches):
        self.appends += 1
        if self.refusals:
            self.refusals -= 1
            raise StorageError("The disk is full.", hint="Make room.")
        super().append(epoch, batches)


@pytest.mark.parametrize("refusals", [2, 4])
async def test_a_refused_commit_is_tried_again_and_nothing_comes_of_it_before(refusals):
    store = SickStore()
    async with EngineKit({"http": lambda _: "fine"}, store=store) as kit:
        store.refusals = refusals
        run_id = kit.start(CALL)
        await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        assert kit.engine.trouble == "The disk is full."
        assert kit.activities["http"].requests == []
        ended = await kit.finish(run_id)
        assert ended.outcome.output == {"x": "fine"}
        assert kit.engine.trouble is None
        assert len(kit.activities["http"].requests) == 1


async def test_commands_wait_for_the_disk_too():
    store = SickStore()
    async with EngineKit({"http": lambda _: Takes(None)}, store=store) as kit:
        run_id = kit.start(CALL)
        await kit.settle()
        store.refusals = 2
        await kit.engine.cancel_run(run_id)
        assert store.refusals == 0
        assert (await kit.finish(run_id)).outcome.status == "cancelled"


async def test_a_new_owner_stops_the_engine_and_says_so_to_all_who_wait():
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        run_id = kit.start(CALL)
        await kit.settle()
        waiting = asyncio.ensure_future(kit.engine.wait_run(run_id))
        await kit.settle()
        kit.store.reopen().acquire("another", kit.clock.now(), 30)
        with pytest.raises(StaleOwnerError):
            await kit.engine.cancel_run(run_id)
        with pytest.raises(StaleOwnerError):
            await waiting
        with pytest.raises(StaleOwnerError):
            kit.start(CALL)


async def test_what_has_ended_when_the_engine_closes_is_kept_and_nothing_new_begins():
    begun = asyncio.Event()

    async def slow(_request):
        begun.set()
        await asyncio.sleep(0.05)
        return "fine"

    store = MemoryRunStore()
    kit = EngineKit({"http": slow, "shell": lambda _: "never"}, store=store)
    kit._options = type(kit._options)(limits=Limits(), drain_seconds=5)
    text = CALL.replace("{ b: { set: { x: '${ . }' } } }", "{ b: { run: { shell: { command: x } } } }")
    async with kit:
        run_id = kit.start(text)
        await begun.wait()
    kinds = [type(event).__name__ for event in kit.read_history(run_id)]
    assert kinds[-2:] == ["AttemptCreated", "AttemptEnded"]
    assert kit.activities["shell"].requests == []
    other = EngineKit({"http": slow, "shell": lambda _: "now"}, store=store.reopen())
    async with other:
        assert (await other.finish(run_id)).outcome.output == "now"
        assert other.activities["http"].requests == []


async def test_an_input_that_is_too_large_is_refused_at_the_start():
    async with EngineKit(limits=Limits(max_value_bytes=1000)) as kit:
        with pytest.raises(UsageError, match="1,000 bytes"):
            kit.start(CALL, {"x": "y" * 2000})
        assert kit.store.list_runs(RunFilter(), limit=9) == []


async def test_many_runs_that_move_at_once_share_commits():
    store = SickStore()
    async with EngineKit(store=store) as kit:
        text = HEAD + "do: [ { a: { set: { x: 1 } } }, { w: { wait: PT1S } }, { b: { set: { x: 2 } } } ]"
        run_ids = [kit.start(text) for _ in range(100)]
        await kit.settle()
        before = store.appends
        await kit.advance(1)
        for run_id in run_ids:
            assert (await kit.finish(run_id)).outcome.output == {"x": 2}
        assert store.appends - before <= 5
