"""When Kapell itself fails over a run, that run stands still, everybody hears why, and the others go on."""

from __future__ import annotations

import asyncio

import pytest

from kapell.engine import host, recovery
from kapell.errors import KapellError

WORK = "do:\n  - call:\n      call: http\n      with: {method: GET, endpoint: 'http://nowhere.example/'}\n"


@pytest.mark.parametrize("part", ["decide", "encode_events"])
async def test_only_the_run_is_given_up(lab, make_workflow, made, wait_until, monkeypatch, part):
    gate = asyncio.Event()
    activity = made(lambda _: gate.wait())
    engine = await lab.start({"http": activity})
    runs = [engine.start_run(make_workflow(WORK), {}) for _ in range(3)]
    await wait_until(lambda: activity.under_way == 3)
    waiting = [asyncio.ensure_future(engine.wait_run(run)) for run in runs]
    await asyncio.sleep(0)
    healthy = getattr(host, part)
    failures = iter([True])

    def fail_once(*arguments):
        if next(failures, False):
            raise RuntimeError("a fault of the test")
        return healthy(*arguments)

    monkeypatch.setattr(host, part, fail_once)
    gate.set()
    await asyncio.wait(waiting)
    failed = [task.exception() for task in waiting if task.exception() is not None]
    assert len(failed) == 1
    assert isinstance(failed[0], KapellError)
    assert "a fault of the test" in failed[0].message
    assert sorted(task.result().status for task in waiting if task.exception() is None) == ["completed", "completed"]
    await lab.stop(engine)
    engine = await lab.start({"http": made(lambda _: 7, idempotent=True)})
    (left,) = engine.unfinished
    assert (await engine.wait_run(left)).status == "completed", "what was on disk is sound"


async def test_a_run_whose_evaluation_fails_for_a_reason_nobody_foresaw_is_given_up(lab, make_workflow, monkeypatch):
    engine = await lab.start({})
    workflow = make_workflow("do:\n  - ask:\n      set: {found: '${ .text | test(\"a\") }'}\n")

    def fail(*_):
        raise RuntimeError("a fault of the test")

    with monkeypatch.context() as patch:
        patch.setattr(host, "make_helper_task", fail)
        async with asyncio.timeout(20):
            with pytest.raises(KapellError, match="a fault of the test"):
                await engine.wait_run(engine.start_run(workflow, {"text": "a"}))
    await lab.stop(engine)
    engine = await lab.start({})
    (left,) = engine.unfinished
    async with asyncio.timeout(20):
        assert (await engine.wait_run(left)).output == {"found": True}


@pytest.mark.parametrize("part", ["load_active", "find_open_work"])
async def test_a_run_that_cannot_be_taken_up_holds_no_other_up(lab, make_workflow, made, wait_until, monkeypatch, part):
    activity = made(lambda _: asyncio.sleep(60), idempotent=True)
    engine = await lab.start({"http": activity})
    runs = [engine.start_run(make_workflow(WORK), {}) for _ in range(3)]
    await wait_until(lambda: activity.under_way == 3)
    await lab.abandon(engine)
    healthy = getattr(recovery, part)
    failures = iter([True])

    def fail_once(*arguments):
        if next(failures, False):
            raise RuntimeError("a fault of the test")
        return healthy(*arguments)

    monkeypatch.setattr(recovery, part, fail_once)
    engine = await lab.start({"http": made(lambda _: 7, idempotent=True)})
    outcomes = [await engine.wait_run(run_id) for run_id in runs[1:]]
    assert [outcome.output for outcome in outcomes] == [7, 7]
    assert engine.store.get_record(runs[0]).status == "running"
    await lab.stop(engine)
    engine = await lab.start({"http": made(lambda _: 7, idempotent=True)})
    assert (await engine.wait_run(runs[0])).output == 7


@pytest.mark.parametrize("size", [1, 500_000])
async def test_an_engine_that_cannot_write_for_a_reason_nobody_foresaw_says_so(
    lab, make_workflow, made, wait_until, size
):
    activity = made(lambda _: gate.wait())
    gate = asyncio.Event()
    engine = await lab.start({"http": activity})
    run_id = engine.start_run(make_workflow(WORK), {"text": "x" * size})
    await wait_until(lambda: activity.under_way == 1)
    waiting = asyncio.ensure_future(engine.wait_run(run_id))
    await asyncio.sleep(0)

    def fail(*_):
        raise OverflowError("a fault of the test")

    append, engine.store.append = engine.store.append, fail
    large = make_workflow("do:\n  - a:\n      set: {text: '${ .text }'}\n", "large")
    engine.start_run(large, {"text": "x" * size})
    async with asyncio.timeout(10):
        await asyncio.wait([waiting])
    assert "a fault of the test" in str(waiting.exception())
    engine.store.append = append
    await lab.stop(engine)


async def test_a_listener_that_fails_holds_nobody_up(lab, make_workflow, made):
    engine = await lab.start({"http": made(lambda _: 7)})

    def fail(*_):
        raise RuntimeError("a fault of the test")

    engine.listen(fail)
    run_id = engine.start_run(make_workflow(WORK), {})
    async with asyncio.timeout(20):
        assert (await engine.wait_run(run_id)).output == 7
