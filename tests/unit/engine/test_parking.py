"""Runs that wait long leave memory, and come back: for their time, for a command, for another process."""

import asyncio

from kapell.engine.store import RunFilter
from kapell.testing.engine_kit import EngineKit

HEAD = "document: { dsl: '1.0.3', namespace: test, name: park, version: '1.0.0' }\n"
WAIT = HEAD + "do: [ { a: { set: { n: 1 } } }, { w: { wait: P1D } }, { b: { set: { n: '${ .n + 1 }' } } } ]"
BUSY = (
    HEAD
    + "do: [ { l: { for: { in: '[range(150)]' }, do: [ { s: { set: { n: '${ $item }' } } } ] } },"
    + " { w: { wait: P1D } } ]"
)


async def park(kit, runs=1):
    """Let virtual time pass until idle runs are looked at, and the looks of real time come round."""
    await kit.settle()
    await kit.advance(2)
    for _ in range(40):
        await asyncio.sleep(0.05)
        if sum(kit.engine.find_state(record.run_id) is None for record in list_waiting(kit)) == runs:
            return
    raise AssertionError("nothing was parked")


def list_waiting(kit):
    return kit.store.list_runs(RunFilter(statuses=frozenset({"waiting"})), limit=99)


async def test_a_run_that_waits_long_leaves_memory_and_comes_back_when_its_time_has_come():
    async with EngineKit(shortest_parking_seconds=60) as kit:
        run_id = kit.start(WAIT)
        short = kit.start(WAIT.replace("P1D", "PT30S"))
        await park(kit)
        (record,) = list_waiting(kit)
        assert record.run_id == run_id
        assert (record.parked_until - record.created_at).total_seconds() == 86400
        assert kit.engine.find_state(run_id) is None
        assert kit.engine.find_state(short) is not None
        await kit.advance(90_000)
        await kit.settle()
        outcome = kit.engine.read_outcome(run_id)
        assert outcome.output == {"n": 2}
        history = kit.read_history(run_id)
        assert (history[-1].at - history[0].at) / 1e6 == 86400


async def test_who_waits_for_a_parked_run_is_told_when_it_ends():
    async with EngineKit(shortest_parking_seconds=60) as kit:
        run_id = kit.start(WAIT)
        await park(kit)
        assert (await kit.finish(run_id)).outcome.output == {"n": 2}


async def test_a_parked_run_obeys_commands():
    async with EngineKit(shortest_parking_seconds=60) as kit:
        run_id = kit.start(WAIT)
        await park(kit)
        await kit.engine.suspend_run(run_id)
        assert kit.store.get_record(run_id).status == "suspended"
        await kit.engine.resume_run(run_id)
        await kit.engine.cancel_run(run_id)
        assert (await kit.finish(run_id)).outcome.status == "cancelled"


async def test_a_parked_run_is_not_loaded_by_a_new_owner_before_its_time():
    async with EngineKit(shortest_parking_seconds=60) as kit:
        run_id = kit.start(WAIT)
        await park(kit)
        await kit.crash()
        assert kit.engine.unfinished == [run_id]
        assert kit.engine.find_state(run_id) is None
        assert (await kit.finish(run_id)).outcome.output == {"n": 2}


async def test_a_long_history_is_parked_with_a_snapshot_that_carries_it_on():
    async with EngineKit(shortest_parking_seconds=60) as kit:
        run_id = kit.start(BUSY)
        await park(kit)
        assert kit.store.load_run(run_id).snapshot is not None
        assert kit.store.load_run(run_id).rows == ()
        await kit.crash()
        assert (await kit.finish(run_id)).outcome.output == {"n": 149}


async def test_a_child_that_is_parked_tells_its_parent():
    parent = HEAD.replace("park", "parent") + (
        "do: [ { c: { run: { workflow: { namespace: test, name: park, version: 1.0.0 } } } },"
        " { z: { set: { got: '${ .n }' } } } ]"
    )
    async with EngineKit(workflows=[WAIT], shortest_parking_seconds=60) as kit:
        run_id = kit.start(parent)
        await park(kit)
        await kit.crash()
        assert (await kit.finish(run_id)).outcome.output == {"got": 2}
        other = kit.start(parent)
        await park(kit)
        await kit.engine.cancel_run(other)
        assert (await kit.finish(other)).outcome.status == "cancelled"
        assert kit.store.list_unfinished() == []
