"""Figures of tasks, from the stories of some runs."""

from __future__ import annotations

from kapell.engine.admission import SlotAdmission
from kapell.kernel.task_tally import TaskTally
from kapell.kernel.telling_tasks import TaskTeller
from kapell.sdk import ActivityError
from kapell.testing.engine_kit import EngineKit, Takes

CALL = "call: http, with: { method: get, endpoint: 'https://a.test' }"


async def tally(source, inputs, activities=None, *, workflows=(), admission=None, stops_after=None):
    """Return the figures of runs with these inputs, by the names of the tasks."""
    found = TaskTally()
    async with EngineKit(activities, workflows=workflows, admission=admission) as kit:
        for value in inputs:
            run_id = kit.start(source, value)
            if stops_after is None:
                await kit.finish(run_id)
            else:
                await kit.advance(stops_after)
                await kit.engine.cancel_run(run_id)
                await kit.settle()
            teller = TaskTeller(kit.get_program(run_id))
            teller.tell(kit.read_history(run_id))
            found.add(teller)
    return {figures.name: figures for figures in found.list_figures()}


async def test_lengths_are_added_up_over_runs(workflow):
    tasks = "- a: { if: .s > 2, set: { x: 1 } }\n- loop: { for: { in: '${ [1, 2] }' }, do: [ { w: { wait: PT3S } } ] }"
    found = await tally(workflow(tasks), [{"s": number} for number in range(5)])
    assert (found["a"].count, found["a"].skipped, found["a"].completed) == (2, 3, 2)
    assert (found["w"].count, found["loop"].count) == (10, 5)
    assert (found["w"].total_seconds, found["w"].p50_seconds, found["w"].p95_seconds) == (30, 3, 3)
    assert found["w"].waited_seconds == {"waiting_for_time": 30}
    assert found["w"].place == "/do/1/loop/do/0/w"
    assert found["loop"].waited_seconds == {}
    assert found["a"].p95_seconds == 0
    assert [*found] == ["loop", "w", "a"]


async def test_percentiles_are_of_what_completed(workflow):
    def answer(request):
        number = int(request.arguments["query"]["n"])
        return Takes(number, {}) if number <= 20 else Takes(1000, ActivityError("communication", 503, "Busy"))

    tasks = "- c: { call: http, with: { method: get, endpoint: 'https://a.test', query: { n: '${ .n | tostring }' } } }"
    found = (await tally(workflow(tasks), [{"n": number} for number in range(1, 22)], {"http": answer}))["c"]
    assert (found.count, found.completed, found.failures) == (21, 20, 1)
    assert (found.p50_seconds, found.p95_seconds) == (10, 19)
    assert found.total_seconds == sum(range(21)) + 1000


async def test_retries_and_what_was_waited_for(workflow):
    answers = iter([ActivityError("communication", 503, "Busy")] * 2 + [{}])
    tasks = f"""
        - t:
            try: [ {{ c: {{ {CALL} }} }} ]
            catch: {{ errors: {{}}, retry: {{ delay: PT7S, limit: {{ attempt: {{ count: 3 }} }} }} }}
    """
    found = await tally(workflow(tasks), [{}], {"http": lambda _: Takes(2, next(answers))})
    assert (found["t"].retries, found["t"].waited_seconds) == (2, {"waiting_for_retry": 14})
    assert (found["c"].count, found["c"].failures, found["c"].completed) == (3, 2, 1)


async def test_slots_and_child_runs_are_waited_for(workflow):
    child = "document: { dsl: '1.0.3', namespace: test, name: child, version: '1.0.0' }\ndo: [ { w: { wait: PT5S } } ]"
    tasks = f"""
        - f: {{ fork: {{ branches: [ {{ a: {{ {CALL} }} }}, {{ b: {{ {CALL} }} }} ] }} }}
        - run: {{ run: {{ workflow: {{ namespace: test, name: child, version: '1.0.0' }} }} }}
    """
    admission = SlotAdmission({"calls": 1}, {"http": "calls"})
    found = await tally(workflow(tasks), [{}], {"http": lambda _: Takes(3, {})}, workflows=[child], admission=admission)
    assert found["b"].waited_seconds == {"waiting_for_slot": 3}
    assert found["run"].waited_seconds == {"waiting_for_child": 5}


async def test_a_wait_that_was_broken_off_counts_as_long_as_it_lasted(workflow):
    tasks = "- t: { try: [ { f: { raise: { error: { type: x, status: 500 } } } } ], catch: { retry: { delay: PT1H } } }"
    found = await tally(workflow(tasks), [{}], stops_after=10)
    assert (found["t"].stopped, found["t"].waited_seconds) == (1, {"waiting_for_retry": 10})
