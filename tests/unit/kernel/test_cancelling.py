"""Cancelling: at every point, and nothing goes on afterwards."""

import asyncio

import pytest

from kapell.errors import ConflictError
from kapell.kernel.events import RunCancelled
from kapell.testing.engine_kit import EngineKit, Takes

CALL = "call: http, with: { method: get, endpoint: 'https://a.test' }"
FAIL = "{ f: { raise: { error: { type: 'https://a.test', status: 1 } } } }"
CHILD = "document: { dsl: '1.0.3', namespace: test, name: child, version: '1.0.0' }\ndo: [ { w: { wait: PT1H } } ]"
POINTS = {
    "a wait": "{ wait: PT1H }",
    "an activity": f"{{ {CALL} }}",
    "a loop": f"{{ for: {{ in: '[1, 2]' }}, do: [ {{ a: {{ {CALL} }} }} ] }}",
    "a fork": f"{{ fork: {{ branches: [ {{ a: {{ {CALL} }} }}, {{ b: {{ wait: PT1H }} }} ] }} }}",
    "a try": f"{{ try: [ {{ a: {{ {CALL} }} }} ], catch: {{ retry: {{}} , do: [ {{ h: {{ set: {{ x: 1 }} }} }} ] }} }}",
    "a retry's wait": f"{{ try: [ {FAIL} ], catch: {{ retry: {{ delay: PT1H }} }} }}",
    "a handler": f"{{ try: [ {FAIL} ], catch: {{ do: [ {{ h: {{ {CALL} }} }} ] }} }}",
    "a child run": "{ run: { workflow: { namespace: test, name: child, version: 1.0.0 } } }",
}


@pytest.mark.parametrize("task", POINTS.values(), ids=POINTS.keys())
@pytest.mark.parametrize("suspended", [False, True])
async def test_cancelling_ends_a_run_wherever_it_is(workflow, task, suspended):
    async with EngineKit({"http": lambda _: Takes(None)}, workflows=[CHILD]) as kit:
        run_id = kit.start(workflow(f"- t: {task}\n- never: {{ set: {{ x: 1 }} }}"))
        await kit.settle()
        if suspended:
            await kit.engine.suspend_run(run_id)
        await kit.engine.cancel_run(run_id, "Enough.")
        ended = await kit.finish(run_id)
        assert ended.outcome.status == "cancelled"
        assert isinstance(ended.history[-1], RunCancelled)
        assert ended.history[-2].reason.text == "Enough."
        assert "never" not in ended.tasks
        await kit.settle()
        assert kit.engine.attempts_under_way == 0
        activity = kit.activities["http"]
        assert len(activity.cancelled) == len(activity.requests)
        assert kit.store.list_unfinished() == []
        with pytest.raises(ConflictError):
            await kit.engine.cancel_run(run_id)


async def test_a_run_is_cancelled_only_when_what_it_had_under_way_is_over(workflow):
    over = []
    begun = asyncio.Event()

    async def stubborn(_request):
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            over.append(True)
            raise

    async with EngineKit({"http": stubborn}) as kit:
        run_id = kit.start(workflow(f"- a: {{ {CALL} }}"))
        await begun.wait()
        await kit.engine.cancel_run(run_id)
        outcome = await kit.engine.wait_run(run_id)
        assert over == [True]
        assert outcome.status == "cancelled"


async def test_a_cancellation_that_a_crash_interrupted_is_finished(workflow):
    async with EngineKit({"http": lambda _: Takes(None)}, workflows=[CHILD]) as kit:
        run_id = kit.start(
            workflow(f"- f: {{ fork: {{ branches: [ {{ a: {POINTS['a child run']} }}, {{ b: {{ {CALL} }} }} ] }} }}")
        )
        await kit.settle()
        listened = []
        kit.engine.listen(lambda active, _seq, events: listened.extend((active.run_id, event) for event in events))
        command = kit.engine.cancel_run(run_id)
        await command
        await kit.crash()
        ended = await kit.finish(run_id)
        assert ended.outcome.status == "cancelled"
        assert kit.store.list_unfinished() == []


async def test_cancelling_ends_a_run_before_its_first_step(workflow):
    async with EngineKit() as kit:
        run_id = kit.start(workflow("- a: { set: { x: 1 } }\n- w: { wait: PT1H }"))
        await kit.engine.cancel_run(run_id)
        assert (await kit.finish(run_id)).outcome.status == "cancelled"
