"""The kit with which workflows are tested: real engine, jumping clock, made-up activities."""

import pytest

from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, StuckError, Takes

HEAD = "document: { dsl: '1.0.3', namespace: test, name: kit, version: '1.0.0' }\n"
CALL = "call: http, with: { method: get, endpoint: 'https://a.test/{n}' }"


async def test_a_year_passes_in_no_time():
    text = HEAD + "do: [ { l: { for: { in: '[range(52)]' }, do: [ { w: { wait: P7D } } ] } } ]"
    async with EngineKit() as kit:
        ended = await kit.run(text)
        assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 52 * 7 * 86400


async def test_activities_remember_what_they_were_asked_and_take_their_time():
    async with EngineKit({"http": lambda request: Takes(5, {"n": request.input["n"] * 2})}) as kit:
        ended = await kit.run(HEAD + f"do: [ {{ a: {{ {CALL} }} }}, {{ b: {{ {CALL} }} }} ]", {"n": 1})
        assert [request.reference for request in kit.activities["http"].requests] == ["/do/0/a", "/do/1/b"]
    assert ended.outcome.output == {"n": 4}
    assert ended.tasks == ["a", "b"]
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 10


async def test_activities_may_wait_for_real_things_and_fail_late():
    async def later(_request):
        return Takes(3, ActivityError("communication", 504, "Late"))

    async with EngineKit({"http": later}) as kit:
        ended = await kit.run(HEAD + f"do: [ {{ a: {{ {CALL} }} }} ]", {"n": 1})
    assert ended.outcome.error.status == 504
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 3


async def test_time_stands_still_until_it_is_waited_for():
    async with EngineKit({"http": lambda _: Takes(None)}) as kit:
        run_id = kit.start(HEAD + f"do: [ {{ w: {{ wait: PT9S }} }}, {{ a: {{ {CALL} }} }} ]", {"n": 1})
        await kit.settle()
        assert kit.activities["http"].requests == []
        await kit.advance(8.5)
        assert kit.activities["http"].requests == []
        await kit.advance(0.5)
        assert len(kit.activities["http"].requests) == 1
        with pytest.raises(StuckError, match=r"it is running; open: /do/1/a"):
            await kit.finish(run_id)
    assert len(kit.activities["http"].cancelled) == 1


async def test_a_crash_loses_what_is_under_way_and_keeps_what_is_stored():
    async with EngineKit({"http": lambda _: Takes(4, "done")}, idempotent=["http"]) as kit:
        run_id = kit.start(HEAD + f"do: [ {{ s: {{ set: {{ n: 7 }} }} }}, {{ a: {{ {CALL} }} }} ]")
        await kit.advance(3)
        first = kit.engine
        await kit.crash()
        assert kit.engine is not first
        assert kit.engine.unfinished == [run_id]
        ended = await kit.finish(run_id)
    assert ended.outcome.output == "done"
    assert (ended.history[-1].at - ended.history[0].at) / 1e6 == 7
    assert len(kit.activities["http"].requests) == 2
