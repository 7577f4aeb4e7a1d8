"""What a new engine makes of what the last one left: pauses, waits, attempts, children."""

from __future__ import annotations

import asyncio
import time

from kapell.kernel import events as ev

WAIT = "do:\n  - pause:\n      wait: {milliseconds: 700}\n  - done:\n      set: {done: true}\n"
CALL = "do:\n  - call:\n      call: http\n      with: {method: GET, endpoint: 'http://nowhere.example/'}\n"
PARENT = "do:\n  - child:\n      run: {workflow: {namespace: tests, name: child, version: '1.0.0'}}\n"


async def test_a_suspended_run_stays_suspended(lab, make_workflow, wait_until):
    engine = await lab.start()
    run_id = engine.start_run(make_workflow(WAIT), {})
    await engine.suspend_run(run_id)
    await lab.stop(engine)
    engine = await lab.start()
    await asyncio.sleep(1.0)
    assert engine.find_state(run_id).status == "suspended"
    await engine.resume_run(run_id)
    began = time.monotonic()
    assert (await engine.wait_run(run_id)).status == "completed"
    assert time.monotonic() - began < 0.6, "a time that came while it was suspended is due at the resume"


async def test_what_was_due_while_nobody_was_there_is_due_at_once(lab, make_workflow):
    engine = await lab.start(shortest_parking_seconds=0.0)
    run_id = engine.start_run(make_workflow(WAIT), {})
    await asyncio.sleep(0.1)
    await lab.stop(engine)
    await asyncio.sleep(0.8)
    engine = await lab.start()
    began = time.monotonic()
    assert (await engine.wait_run(run_id)).output == {"done": True}
    assert time.monotonic() - began < 0.5


async def test_a_parked_run_wakes_on_time(lab, make_workflow, monkeypatch, wait_until):
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)
    engine = await lab.start(shortest_parking_seconds=0.0)
    text = WAIT.replace("700", "3000")
    run_id = engine.start_run(make_workflow(text), {})
    began = time.monotonic()
    await wait_until(lambda: engine.find_state(run_id) is None)
    assert engine.store.get_record(run_id).status == "waiting"
    await lab.stop(engine)
    engine = await lab.start(shortest_parking_seconds=1e9)
    assert engine.find_state(run_id) is None, "a run that waits need not be loaded"
    await wait_until(lambda: engine.store.get_record(run_id).status == "completed")
    assert 2.9 <= time.monotonic() - began <= 6.0


async def test_a_parked_run_can_be_cancelled(lab, make_workflow, monkeypatch, wait_until):
    monkeypatch.setattr("kapell.engine.maintenance.parking._LOOK_SECONDS", 0.02)
    engine = await lab.start(shortest_parking_seconds=0.0)
    run_id = engine.start_run(make_workflow(WAIT.replace("milliseconds: 700", "days: 7")), {})
    await wait_until(lambda: engine.find_state(run_id) is None)
    await engine.cancel_run(run_id)
    assert (await engine.wait_run(run_id)).status == "cancelled"


async def test_a_lost_attempt_that_is_idempotent_is_made_again_with_the_same_key(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60), idempotent=True)
    engine = await lab.start({"http": activity})
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.under_way == 1)
    await lab.abandon(engine)
    again = made(lambda _: 7, idempotent=True)
    engine = await lab.start({"http": again})
    assert (await engine.wait_run(run_id)).output == 7
    assert [request.key for request in again.requests] == [activity.requests[0].key]
    assert [request.attempt for request in again.requests] == [2]


async def test_a_lost_attempt_that_is_not_faults_and_a_person_may_resolve_it(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60))
    engine = await lab.start({"http": activity})
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.under_way == 1)
    await lab.abandon(engine)
    again = made(lambda _: 7)
    engine = await lab.start({"http": again})
    outcome = await engine.wait_run(run_id)
    assert outcome.status == "faulted"
    assert outcome.error.type.endswith("/lost")
    assert outcome.error.instance == "/do/0/call"
    assert again.requests == []
    await engine.retry_task(run_id)
    assert (await engine.wait_run(run_id)).output == 7
    assert len(again.requests) == 1
    assert again.requests[0].key != activity.requests[0].key


async def test_a_suspended_run_learns_of_its_lost_attempt_and_goes_on_when_it_is_resumed(
    lab, make_workflow, made, wait_until
):
    activity = made(lambda _: asyncio.sleep(60), idempotent=True)
    engine = await lab.start({"http": activity})
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.under_way == 1)
    await engine.suspend_run(run_id)
    await lab.abandon(engine)
    again = made(lambda _: 7, idempotent=True)
    engine = await lab.start({"http": again})
    await wait_until(lambda: any(isinstance(event, ev.AttemptLost) for event in lab.read_history(run_id)))
    await asyncio.sleep(0.1)
    assert again.requests == []
    await engine.resume_run(run_id)
    assert (await engine.wait_run(run_id)).output == 7


async def test_a_parent_and_its_child_find_each_other_again(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60), idempotent=True)
    child = make_workflow(CALL, "child")
    engine = await lab.start({"http": activity}, offered=[child])
    run_id = engine.start_run(make_workflow(PARENT), {})
    await wait_until(lambda: activity.under_way == 1)
    await lab.abandon(engine)
    again = made(lambda _: 7, idempotent=True)
    engine = await lab.start({"http": again})
    assert (await engine.wait_run(run_id)).output == 7
    assert len(again.requests) == 1


async def test_a_cancellation_that_was_interrupted_is_completed(lab, make_workflow, made, wait_until):
    gate = asyncio.Event()

    async def hold_on(_):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await gate.wait()
            raise

    child = make_workflow(CALL, "child")
    activity = made(hold_on)
    engine = await lab.start({"http": activity}, offered=[child])
    run_id = engine.start_run(make_workflow(PARENT), {})
    await wait_until(lambda: activity.under_way == 1)
    await engine.cancel_run(run_id)
    await wait_until(lambda: isinstance(lab.read_history(run_id)[-1], ev.CancelRequested))
    gate.set()
    await lab.abandon(engine)
    engine = await lab.start({"http": made(lambda _: 7)})
    assert (await engine.wait_run(run_id)).status == "cancelled"
    await wait_until(lambda: not engine.store.list_unfinished())
    statuses = {record.name: record.status for record in engine.store.list_runs(_everything(), limit=10)}
    assert statuses == {"work": "cancelled", "child": "cancelled"}


def _everything():
    from kapell.engine.store import RunFilter  # noqa: PLC0415 -- used here alone

    return RunFilter()


async def test_closing_answers_whoever_waits(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(60))
    engine = await lab.start({"http": activity})
    run_id = engine.start_run(make_workflow(CALL), {})
    waiting = asyncio.ensure_future(engine.wait_run(run_id))
    await wait_until(lambda: activity.under_way == 1)
    await lab.stop(engine)
    async with asyncio.timeout(5):
        await asyncio.wait([waiting])
    assert "closed" in str(waiting.exception())


async def test_what_ended_before_a_close_is_kept(lab, make_workflow, made, wait_until):
    activity = made(lambda _: asyncio.sleep(0.1, "done"))
    engine = await lab.start({"http": activity}, drain_seconds=5.0)
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.under_way == 1)
    await lab.stop(engine)
    again = made(lambda _: "again")
    engine = await lab.start({"http": again})
    assert (await engine.wait_run(run_id)).output == "done"
    assert again.requests == []


async def test_a_large_outcome_is_kept_by_a_close_too(lab, make_workflow, made, wait_until):
    gate = asyncio.Event()

    async def answer(_):
        await gate.wait()
        return "x" * 2_000_000

    activity = made(answer)
    engine = await lab.start({"http": activity}, drain_seconds=5.0)
    run_id = engine.start_run(make_workflow(CALL), {})
    await wait_until(lambda: activity.under_way == 1)
    gate.set()
    await lab.stop(engine)
    again = made(lambda _: "again")
    engine = await lab.start({"http": again})
    assert len((await engine.wait_run(run_id)).output) == 2_000_000
    assert again.requests == []
