"""Limits of concurrency hold, and an attempt that waits says for what."""

from __future__ import annotations

import asyncio

from kapell.kernel import events as ev

PROCESS = "do:\n  - work:\n      run: {shell: {command: 'true'}}\n"


async def test_no_more_are_under_way_than_there_are_slots(lab, make_workflow, made):
    activity = made(lambda _: asyncio.sleep(0.02, "done"))
    engine = await lab.start({"shell": activity}, slots={"processes": 2})
    runs = [engine.start_run(make_workflow(PROCESS), {}) for _ in range(10)]
    outcomes = await asyncio.gather(*map(engine.wait_run, runs))
    assert {outcome.output for outcome in outcomes} == {"done"}
    assert activity.most_under_way == 2


async def test_an_attempt_that_waits_names_the_slot_in_its_history(lab, make_workflow, made):
    activity = made(lambda _: asyncio.sleep(0.02, "done"))
    engine = await lab.start({"shell": activity}, slots={"processes": 2})
    runs = [engine.start_run(make_workflow(PROCESS), {}) for _ in range(5)]
    await asyncio.gather(*map(engine.wait_run, runs))
    held = [event for run in runs for event in lab.read_history(run) if isinstance(event, ev.AttemptHeld)]
    assert len(held) == 3
    for event in held:
        assert event.reason.code == "waiting_for_slot"
        assert "max_processes" in event.reason.text
        assert event.reason.facts["limit"] == 2


async def test_slots_come_back_however_an_attempt_ends(lab, make_workflow, made, wait_until):
    endings = iter(["fail", "cancel", "end"])

    async def perform(_):
        how = next(endings, "end")
        if how == "fail":
            raise RuntimeError("broken")
        if how == "cancel":
            await asyncio.sleep(60)
        return how

    activity = made(perform)
    engine = await lab.start({"shell": activity}, slots={"processes": 1})
    runs = [engine.start_run(make_workflow(PROCESS), {}) for _ in range(4)]
    await wait_until(lambda: len(activity.requests) == 2)
    await engine.cancel_run(runs[1])
    outcomes = [await engine.wait_run(run) for run in runs]
    assert [outcome.status for outcome in outcomes] == ["faulted", "cancelled", "completed", "completed"]
    assert activity.most_under_way == 1


async def test_a_run_that_is_cancelled_while_it_waits_leaves_the_queue(lab, make_workflow, made, wait_until):
    gate = asyncio.Event()
    activity = made(lambda _: gate.wait())
    engine = await lab.start({"shell": activity}, slots={"processes": 1})
    runs = [engine.start_run(make_workflow(PROCESS), {}) for _ in range(3)]
    await wait_until(lambda: activity.under_way == 1)
    await engine.cancel_run(runs[1])
    assert (await engine.wait_run(runs[1])).status == "cancelled"
    gate.set()
    assert (await engine.wait_run(runs[2])).status == "completed"
    assert len(activity.requests) == 2


async def test_held_attempts_wait_again_after_a_restart(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60))
    engine = await lab.start({"shell": activity}, slots={"processes": 1})
    runs = [engine.start_run(make_workflow(PROCESS), {}) for _ in range(3)]
    await wait_until(lambda: activity.under_way == 1)
    await lab.abandon(engine)
    again = made(lambda _: "done")
    engine = await lab.start({"shell": again}, slots={"processes": 1})
    outcomes = [await engine.wait_run(run) for run in runs]
    assert [outcome.status for outcome in outcomes] == ["faulted", "completed", "completed"]
    assert outcomes[0].error.type.endswith("/lost")
    assert len(again.requests) == 2
    assert again.most_under_way == 1
