"""Events and the tasks that listen for them, over the real engine and a store in memory."""

import asyncio
import json
from datetime import timedelta

import pytest

from kapell.engine.event_store import TRIGGERS_CURSOR, EventQuery
from kapell.engine.maintenance.event_pruner import prune_events
from kapell.testing.engine_kit import EngineKit


def make_workflow(name, *tasks, namespace="default"):
    document = {"dsl": "1.0.3", "namespace": namespace, "name": name, "version": "1.0.0"}
    return json.dumps({"document": document, "do": list(tasks)})


def listen(**to):
    return {"hear": {"listen": {"to": to}}}


def one(type_, **more):
    return {"one": {"with": {"type": type_, **more}}}


async def park(kit):
    """Let the idle runs leave memory."""
    await kit.settle()
    await kit.advance(2)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if not kit.engine._host.runs:
            return
    raise AssertionError("some run is still in memory")


PAID = make_workflow("paid", listen(**one("paid")))
OWN_ORDER = make_workflow(
    "own-order",
    listen(
        one={"with": {"type": "paid"}, "correlate": {"order": {"from": "${ .data.order }", "expect": "${ .order }"}}}
    ),
)


async def test_a_task_gets_the_event_that_it_waits_for():
    async with EngineKit() as kit:
        run_id = kit.start(PAID)
        await kit.settle()
        await kit.send("shipped", {"order": 1})
        await kit.send("paid", {"order": 2})
        await kit.send("paid", {"order": 3})
        ended = await kit.finish(run_id)
        assert ended.outcome.output == [{"order": 2}]
        assert [(use.run_id, use.reference) for use in kit.store.events.list_uses(2, limit=9)] == [
            (run_id, "/do/0/hear")
        ]
        assert kit.store.events.list_uses(3, limit=9) == []


async def test_what_came_between_the_start_of_the_run_and_that_of_the_task_is_heard():
    workflow = make_workflow("late", {"pause": {"wait": "PT1H"}}, listen(**one("paid")))
    async with EngineKit() as kit:
        await kit.send("paid", "before")
        run_id = kit.start(workflow)
        await kit.settle()
        await kit.send("paid", "meanwhile")
        ended = await kit.finish(run_id)
        assert ended.outcome.output == ["meanwhile"]


async def test_other_namespaces_and_second_deliveries_are_not_heard():
    workflow = make_workflow("two", listen(all=[{"with": {"type": "paid"}}, {"with": {"type": "paid"}}]))
    async with EngineKit() as kit:
        run_id = kit.start(workflow)
        await kit.settle()
        assert await kit.send("paid", "theirs", namespace="bank") == 1
        assert await kit.send("paid", "first", event_id="e-1") == 2
        assert await kit.send("paid", "again", event_id="e-1") == 0
        await kit.settle()
        assert kit.get_state(run_id).status == "running"
        await kit.send("paid", "second")
        assert (await kit.finish(run_id)).outcome.output == ["first", "second"]


async def test_runs_talk_to_one_another_by_events():
    ask = make_workflow(
        "ask",
        {"ask": {"emit": {"event": {"with": {"type": "asked", "data": {"number": 7}}}}}},
        listen(**one("answered")),
    )
    answer = make_workflow(
        "answer",
        listen(**one("asked")),
        {"answer": {"emit": {"event": {"with": {"type": "answered", "data": {"double": "${ .[0].number * 2 }"}}}}}},
    )
    async with EngineKit() as kit:
        answering = kit.start(answer)
        await kit.settle()
        asking = kit.start(ask)
        assert (await kit.finish(asking)).outcome.output == [{"double": 14}]
        assert (await kit.finish(answering)).outcome.status == "completed"
        stored = kit.store.events.read(0, limit=9)
        assert [(event.type, event.via, event.namespace) for event in stored] == [
            ("asked", f"run/{asking}", "default"),
            ("answered", f"run/{answering}", "default"),
        ]


async def test_each_run_gets_the_event_of_its_own_order():
    async with EngineKit() as kit:
        runs = {order: kit.start(OWN_ORDER, {"order": order}) for order in range(5)}
        await kit.settle()
        for order in reversed(runs):
            await kit.send("paid", {"order": order, "by": "card"})
        for order, run_id in runs.items():
            assert (await kit.finish(run_id)).outcome.output == [{"order": order, "by": "card"}]


@pytest.mark.parametrize("settled", [False, True])
async def test_an_event_outlives_a_crash_at_any_moment_and_is_consumed_once(settled):
    workflow = make_workflow("three", listen(any=[{"with": {"type": "paid"}}], until="(. | length) == 3"))
    async with EngineKit() as kit:
        run_id = kit.start(workflow)
        await kit.settle()
        for number in range(3):
            await kit.send("paid", number)
            if settled:
                await kit.settle()
            await kit.crash()
        assert (await kit.finish(run_id)).outcome.output == [0, 1, 2]


async def test_a_run_that_only_listens_leaves_memory_and_comes_back_for_its_event_alone():
    async with EngineKit(shortest_parking_seconds=0) as kit:
        runs = {order: kit.start(OWN_ORDER, {"order": order}) for order in range(20)}
        await kit.settle()
        await kit.send("shipped", "which nobody here waits for")
        await park(kit)
        assert all(kit.engine.find_state(run_id) is None for run_id in runs.values())
        assert {kit.store.get_record(run_id).status for run_id in runs.values()} == {"waiting"}
        await kit.send("paid", {"order": 7})
        ended = await kit.finish(runs[7])
        assert ended.outcome.output == [{"order": 7}]
        assert [order for order, run_id in runs.items() if kit.engine.find_state(run_id) is not None] == []


async def test_a_parked_run_is_found_after_a_crash_by_the_event_that_came_before_it():
    async with EngineKit(shortest_parking_seconds=0) as kit:
        run_id = kit.start(PAID)
        await kit.settle()
        await park(kit)
        await kit.send("paid", "while nobody looks", tells=False)
        await kit.crash()
        assert (await kit.finish(run_id)).outcome.output == ["while nobody looks"]


async def test_an_endless_listener_does_its_tasks_for_each_event_in_order():
    workflow = make_workflow(
        "gossip",
        {
            "hear": {
                "listen": {"to": {"any": [{"with": {"type": "said"}}], "until": "${ false }"}},
                "foreach": {
                    "item": "word",
                    "do": [{"tell": {"emit": {"event": {"with": {"type": "told", "data": "${ $word }"}}}}}],
                },
            }
        },
    )
    async with EngineKit() as kit:
        run_id = kit.start(workflow)
        await kit.settle()
        for number in range(30):
            await kit.send("said", number)
        await kit.settle()
        told = kit.store.events.read(0, limit=99, where=EventQuery(types=frozenset({"told"})))
        assert [json.loads(event.body)["data"] for event in told] == list(range(30))
        await kit.engine.cancel_run(run_id)
        await kit.finish(run_id)
        await kit.send("said", 30)
        await kit.settle()
        assert len(kit.store.events.read(0, limit=99, where=EventQuery(types=frozenset({"told"})))) == 30


async def test_a_filter_that_only_the_helper_can_evaluate():
    workflow = make_workflow(
        "pattern", listen(one={"with": {"type": "paid", "subject": '${ test("^order-[0-9]+$") }'}})
    )
    async with EngineKit() as kit:
        run_id = kit.start(workflow)
        await kit.settle()
        await kit.send("paid", 1, subject="invoice-1")
        await kit.send("paid", 2, subject="order-x")
        await kit.send("paid", 3, subject="order-42")
        assert (await kit.finish(run_id)).outcome.output == [3]


async def test_events_go_when_they_are_old_or_too_many_and_have_been_read():
    async with EngineKit() as kit:
        for number in range(10):
            await kit.send("paid", number)
        await kit.settle()
        events = kit.store.events
        assert await prune_events(events, kit.clock, timedelta(days=1), 0) == 0
        events.keep_cursor("matcher", 3)
        assert await prune_events(events, kit.clock, None, 4) == 3  # the others have not been read, for all it knows
        events.keep_cursor("matcher", 10)
        assert await prune_events(events, kit.clock, None, 4) == 3
        assert [event.position for event in events.read(0, limit=99)] == [7, 8, 9, 10]
        await kit.advance(86_401)
        events.keep_cursor(TRIGGERS_CURSOR, 9)
        assert await prune_events(events, kit.clock, timedelta(days=1), 0) == 3
        events.keep_cursor(TRIGGERS_CURSOR, 10)
        assert await prune_events(events, kit.clock, timedelta(days=1), 0) == 1
        assert events.last_position() == 10
